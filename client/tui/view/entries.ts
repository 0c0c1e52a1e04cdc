import type { ApprovalOutcome } from '../../../machines/protocol/types/approval.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import type { ThreadSnapshot, Turn } from '../../../machines/protocol/types/thread.ts';
import type { Model, Note } from '../model.ts';
import { isFromHere } from '../seat.ts';
import { hasNoEnd } from './command-item.ts';
import { clientName, failureWords, outcomeText, shortPath } from './describe.ts';
import { type ItemContext, inputText, itemRows, promptRows } from './items.ts';
import { type Line, row, span } from './line.ts';
import { sanitize, sanitizeRow } from './sanitize.ts';
import { wrapText, wrapWithPrefix } from './wrap.ts';

/** One piece of the transcript. Its key stays the same while it grows. */
export interface Entry {
  readonly key: string;
  /** Rows of at most the context's columns; none for something that shows nothing. */
  readonly rows: () => readonly Line[];
}

export const START_KEY = 'start';

export const itemKey = (turnId: string, itemId: string): string => `${turnId}/${itemId}`;

/** The key that a note takes which comes now: that of the last thing in the transcript. */
export function lastKey({ thread }: ThreadSnapshot): string {
  const turn = thread.turns.at(-1);
  if (!turn) return START_KEY;
  if (turn.status !== 'inProgress') return turn.id;
  const item = turn.items.at(-1);
  return item ? itemKey(turn.id, item.id) : turn.id;
}

/** The transcript's entries from the last to the first, made one at a time: a screen needs only the end of them. */
export function* entriesFromEnd(model: Model, context: ItemContext): Generator<Entry> {
  yield { key: 'tail', rows: () => tailRows(model, context.columns) };
  const decisions = decisionsByItem(model.snapshot.decisions);
  const { turns } = model.snapshot.thread;
  for (let at = turns.length - 1; at >= 0; at -= 1) {
    const turn = turns[at];
    if (turn) yield* turnEntries(turn, decisions, model, context);
  }
  yield {
    key: START_KEY,
    rows: () => [...startRows(model, context.columns), ...noteRows(model.notes.get(START_KEY), context.columns)],
  };
}

function* turnEntries(turn: Turn, decisions: Decisions, model: Model, context: ItemContext): Generator<Entry> {
  yield {
    key: turn.id,
    rows: () => [...turnEndRows(turn, context), ...noteRows(model.notes.get(turn.id), context.columns)],
  };
  const loose = looseOutcomes(turn, model.snapshot.decisions);
  for (let at = turn.items.length - 1; at >= 0; at -= 1) {
    const item = turn.items[at];
    if (!item) continue;
    const key = itemKey(turn.id, item.id);
    const outcomes = [...(decisions.get(key) ?? []), ...(loose.get(at) ?? [])];
    const own = isCutOff(item, turn) ? { ...context, isInterrupted: true } : context;
    yield { key, rows: () => itemEntryRows(item, outcomes, model.notes.get(key), own) };
  }
}

/** Only what would look different: other rows are kept when their turn ends. */
const isCutOff = (item: ThreadItem, { status }: Turn): boolean =>
  status === 'interrupted' && item.type === 'commandExecution' && hasNoEnd(item);

/** Answers to questions that have no item: they stand below what was there when they were given. By the item's place. */
function looseOutcomes({ id, items }: Turn, outcomes: readonly ApprovalOutcome[]): Map<number, ApprovalOutcome[]> {
  const loose = new Map<number, ApprovalOutcome[]>();
  for (const outcome of outcomes) {
    if (outcome.turnId !== id || items.some((item) => item.id === outcome.itemId)) continue;
    const atMs = outcome.resolvedAtMs ?? Number.POSITIVE_INFINITY;
    const at = items.findLastIndex(({ startedAtMs }) => (startedAtMs ?? 0) <= atMs);
    loose.set(at, [...(loose.get(at) ?? []), outcome]);
  }
  return loose;
}

/** Rows by item: an item that did not change keeps its identity, so its rows are made once for each width. */
const kept = new WeakMap<ThreadItem, { readonly context: ItemContext; readonly rows: readonly Line[] }>();

function keptRows(item: ThreadItem, context: ItemContext): readonly Line[] {
  const known = kept.get(item);
  if (known && isSame(known.context, context)) return known.rows;
  const rows = itemRows(item, context);
  kept.set(item, { context, rows });
  return rows;
}

function isSame(one: ItemContext, other: ItemContext): boolean {
  return (
    one.columns === other.columns &&
    one.detail === other.detail &&
    one.seat === other.seat &&
    one.cwd === other.cwd &&
    one.isInterrupted === other.isInterrupted
  );
}

function itemEntryRows(
  item: ThreadItem,
  outcomes: readonly ApprovalOutcome[],
  notes: readonly Note[] | undefined,
  context: ItemContext,
): readonly Line[] {
  const rows = keptRows(item, context);
  if (outcomes.length === 0 && notes === undefined) return rows;
  return [
    ...rows,
    ...outcomes.flatMap((outcome) => outcomeRows(outcome, context)),
    ...noteRows(notes, context.columns),
  ];
}

function outcomeRows(outcome: ApprovalOutcome, { columns, seat }: ItemContext): Line[] {
  const isOwn = outcome.by !== null && isFromHere(seat, outcome.by);
  const style = outcome.decision === 'accept' || outcome.decision === 'acceptForSession' ? 'good' : 'bad';
  return wrapWithPrefix([row(outcomeText(outcome, isOwn), style)], columns, span('  '), span('    '));
}

function noteRows(notes: readonly Note[] = [], columns: number): Line[] {
  return notes.flatMap(({ text, style }) => wrapText(sanitize(text), style, columns));
}

type Decisions = ReadonlyMap<string, readonly ApprovalOutcome[]>;
const keptDecisions = new WeakMap<readonly ApprovalOutcome[], Decisions>();

function decisionsByItem(outcomes: readonly ApprovalOutcome[]): Decisions {
  const known = keptDecisions.get(outcomes);
  if (known) return known;
  const byItem = new Map<string, ApprovalOutcome[]>();
  for (const outcome of outcomes) {
    const key = itemKey(outcome.turnId, outcome.itemId);
    byItem.set(key, [...(byItem.get(key) ?? []), outcome]);
  }
  keptDecisions.set(outcomes, byItem);
  return byItem;
}

function turnEndRows(turn: Turn, { columns, seat }: ItemContext): Line[] {
  if (turn.status === 'interrupted') {
    const by = turn.interruptedBy;
    const who = by && !isFromHere(seat, by) ? ` by ${clientName(by)}` : '';
    return wrapText(`■ interrupted${who}`, 'warning', columns);
  }
  if (turn.status !== 'failed') return [];
  const why = sanitize(
    [failureWords(turn.error?.message ?? 'no reason given'), turn.error?.additionalDetails ?? ''].join('\n').trim(),
  );
  return wrapWithPrefix(
    why.split('\n').map((line) => row(line, 'bad')),
    columns,
    span('✘ turn failed: ', 'bad'),
    span('  '),
  );
}

function startRows({ snapshot, home, notices }: Model, columns: number): Line[] {
  const { settings, thread } = snapshot;
  const model = [settings.model, settings.effort ?? ''].join(' ').trim();
  const title = [span('codex', 'title'), span(`  ${sanitizeRow(model)} · ${shortPath(settings.cwd, home)}`, 'dim')];
  const name = thread.name === null ? [] : [row(sanitizeRow(thread.name), 'bold')];
  const id = row(`thread ${thread.id}`, 'dim');
  const lines = [title, ...name, id, ...notices.map((notice) => row(sanitizeRow(notice), 'warning'))];
  return wrapWithPrefix(lines, columns, span(''), span(''));
}

/** What is no item: the plan, a notice of a reconnect, prompts that wait and prompts on their way. */
function tailRows(model: Model, columns: number): Line[] {
  const { plan, notice, thread } = model.snapshot;
  const isShownByTurn = thread.turns.at(-1)?.status === 'failed' && notice?.willRetry === false;
  const parts = [
    plan === null ? [] : planRows(plan, columns),
    notice === null || isShownByTurn
      ? []
      : wrapText(sanitize(failureWords(notice.message)), notice.willRetry ? 'warning' : 'bad', columns),
    ...queuedParts(model, columns),
    ...model.echoes.map(({ text }) => [...promptRows(text, columns, 'dim'), ...wrapText('  sending…', 'dim', columns)]),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [row(''), ...part]));
}

/** The prompts in line with their numbers, and who put them there when it was not this client. */
function queuedParts({ snapshot, seat }: Model, columns: number): Line[][] {
  return snapshot.queue.map((prompt, at) => {
    const { sentBy, waitsFor } = prompt;
    const from = sentBy && !isFromHere(seat, sentBy) ? `, from ${clientName(sentBy)}` : '';
    const held = snapshot.queueHeld && at === 0 ? ': held, since the turn was stopped; /queue starts it' : '';
    const label = sanitizeRow(`queued ${at + 1}${from}${waitsFor === null ? held : `: ${waitsFor}`}`);
    return [...promptRows(inputText(prompt.input), columns, 'dim'), ...wrapText(`  ${label}`, 'dim', columns)];
  });
}

const PLAN_MARKS = { pending: '☐ ', inProgress: '▸ ', completed: '☑ ' };

function planRows({ explanation, steps }: NonNullable<ThreadSnapshot['plan']>, columns: number): Line[] {
  const title = wrapText(
    sanitize(explanation === null || explanation === '' ? 'Plan' : `Plan: ${explanation}`),
    'bold',
    columns,
  );
  const rows = steps.flatMap(({ step, status }) => {
    const style = status === 'completed' ? 'dim' : status === 'inProgress' ? 'accent' : 'plain';
    return wrapWithPrefix(
      [row(sanitizeRow(step), style)],
      columns,
      span(`  ${PLAN_MARKS[status]}`, style),
      span('    '),
    );
  });
  return [...title, ...rows];
}
