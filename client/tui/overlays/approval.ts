import type { ApprovalDecision, OpenApproval } from '../../../machines/protocol/types/approval.ts';
import type { FileUpdateChange } from '../../../machines/protocol/types/item.ts';
import type { Model } from '../model.ts';
import { bareCommand, shortPath } from '../view/describe.ts';
import { changeTitle, diffRows } from '../view/diff.ts';
import { fitLine, type Line, row, type Size, type Span, span } from '../view/line.ts';
import { sanitize, sanitizeRow } from '../view/sanitize.ts';
import { wrapWithPrefix } from '../view/wrap.ts';
import type { Overlay, OverlayContext, OverlayOutcome } from './overlay.ts';
import { clampTop, scrollArea, scrollStep } from './scroll-area.ts';

interface ApprovalChoice {
  readonly decision: ApprovalDecision;
  readonly keys: readonly string[];
  readonly label: string;
  /** For narrow terminals. */
  readonly shortLabel: string;
}

const CHOICES: readonly ApprovalChoice[] = [
  { decision: 'accept', keys: ['y', 'enter'], label: 'y/enter yes', shortLabel: 'y yes' },
  { decision: 'acceptForSession', keys: ['a'], label: 'a always in this thread', shortLabel: 'a always' },
  { decision: 'decline', keys: ['n', 'd'], label: 'n no, go on', shortLabel: 'n no' },
  { decision: 'cancel', keys: ['escape'], label: 'esc no, stop the turn', shortLabel: 'esc stop' },
];
/** Questions that are answered by yes or no; other kinds have overlays of their own. */
const TITLES: Readonly<Record<string, string>> = {
  command: 'Run this command?',
  fileChange: 'Make this change?',
  mcpToolCall: 'Make this call?',
};
const NARROW_COLUMNS = 50;

interface State {
  readonly approvalId: string;
  readonly top: number;
  /** The decision that is on its way. */
  readonly sent: ApprovalDecision | null;
  /** Why the last answer did not get through. */
  readonly failure: string | null;
}

/** The question that waits first in the thread. It closes when the thread says that it is settled. */
export function createApproval(approvalId: string): Overlay {
  return overlayOf({ approvalId, top: 0, sent: null, failure: null });
}

function overlayOf(state: State): Overlay {
  return {
    id: 'approval',
    subject: state.approvalId,
    failed: (why) => overlayOf({ ...state, sent: null, failure: why }),
    placement: 'panel',
    press: (keyName, context) => press(state, keyName, context),
    view: ({ model }, space) => view(state, model, space),
  };
}

function press(state: State, keyName: string, { model, size }: OverlayContext): OverlayOutcome {
  const approval = openApproval(model, state.approvalId);
  const stay = (changes: Partial<State> = {}) =>
    ({ kind: 'stay', overlay: overlayOf({ ...state, ...changes }) }) as const;
  const step = scrollStep(keyName, 4);
  if (approval !== null && step !== null) {
    const total = bodyRows(approval, model, size.columns).length;
    return stay({ top: clampTop(state.top + step, total, 1) });
  }
  const choice = CHOICES.find(({ keys }) => keys.includes(keyName));
  const mayAnswer = approval !== null && model.role === 'operator' && state.sent === null;
  if (!mayAnswer || !choice || !approval.availableDecisions.includes(choice.decision)) return stay();
  const { approvalId } = approval;
  const effect = { type: 'answerApproval', approvalId, decision: choice.decision } as const;
  return { ...stay({ sent: choice.decision, failure: null }), effects: [effect] };
}

const openApproval = (model: Model, approvalId: string): OpenApproval | null =>
  model.snapshot.approvals.find((open) => open.approvalId === approvalId) ?? null;

function view(state: State, model: Model, { columns, rows }: Size): readonly Line[] {
  const approval = openApproval(model, state.approvalId);
  if (approval === null) return [];
  const count = model.snapshot.approvals.length;
  const more = count > 1 ? ` (1 of ${count})` : '';
  const title = row(`─ ${TITLES[approval.kind] ?? 'Allow this?'}${more}`, 'title');
  const body = bodyRows(approval, model, columns);
  const foot = footRows(state, approval, model, columns);
  const space = Math.max(1, rows - foot.length - 1);
  const isCut = body.length > space;
  const shown = scrollArea(body, state.top, isCut ? Math.max(1, space - 1) : space);
  const hint =
    isCut && space > 1 ? [fitLine([span(`${shown.length} of ${body.length} rows, ↑ ↓ scroll`, 'dim')], columns)] : [];
  return [fitLine(title, columns), ...shown, ...hint, ...foot].slice(0, rows);
}

function bodyRows(approval: OpenApproval, model: Model, columns: number): Line[] {
  const lines = (text: string, style: Span['style']) =>
    sanitize(text)
      .split('\n')
      .map((line) => row(line, style));
  const labelled = (label: string, text: string) =>
    wrapWithPrefix(lines(text, 'plain'), columns, span(`  ${label} `, 'dim'), span('    '));
  const command =
    approval.command === null
      ? []
      : wrapWithPrefix(lines(bareCommand(approval.command), 'code'), columns, commandMark(approval), span('    '));
  return [
    ...command,
    ...(approval.cwd === null ? [] : labelled('in', shortPath(approval.cwd, model.home))),
    ...(approval.reason === null ? [] : labelled('why', approval.reason)),
    ...(approval.mcpTool?.description ? labelled('does', approval.mcpTool.description) : []),
    ...changesOf(approval, model).flatMap((change) => [
      ...wrapWithPrefix(
        [[span(changeTitle(change, model.snapshot.settings.cwd), 'bold')]],
        columns,
        span('  '),
        span('    '),
      ),
      ...diffRows(change, Math.max(1, columns - 2)).map((line): Line => (columns > 8 ? [span('  '), ...line] : line)),
    ]),
  ];
}

/** A shell runs a command; a call is made. */
const commandMark = ({ kind }: OpenApproval): Span => span(kind === 'mcpToolCall' ? '  → ' : '  $ ', 'dim');

/** The changes are in the item, not in the question (protocol.md §5). */
function changesOf({ itemId, turnId }: OpenApproval, { snapshot }: Model): readonly FileUpdateChange[] {
  const turn = snapshot.thread.turns.findLast(({ id }) => id === turnId);
  const item = turn?.items.findLast(({ id }) => id === itemId);
  return item?.type === 'fileChange' ? item.changes : [];
}

function footRows(state: State, approval: OpenApproval, { role }: Model, columns: number): Line[] {
  const failure =
    state.failure === null
      ? []
      : wrapWithPrefix([row(sanitizeRow(state.failure), 'bad')], columns, span('  '), span('  '));
  if (role === 'observer')
    return wrapWithPrefix([row('An operator has to answer.', 'dim')], columns, span('  '), span('  '));
  if (state.sent !== null) return wrapWithPrefix([row('sending the answer…', 'dim')], columns, span('  '), span('  '));
  const labels = CHOICES.filter(({ decision }) => approval.availableDecisions.includes(decision)).map(
    ({ label, shortLabel }) => (columns < NARROW_COLUMNS ? shortLabel : label),
  );
  return [...failure, ...wrapWithPrefix([row(labels.join(' · '), 'accent')], columns, span('  '), span('  '))];
}
