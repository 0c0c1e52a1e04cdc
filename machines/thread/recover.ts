import { textMessage } from '../model/response-item.ts';
import type { SpokenItem } from '../protocol/spoken-item.ts';
import type { ApprovalOutcome, OpenApproval } from '../protocol/types/approval.ts';
import type { ThreadItem } from '../protocol/types/item.ts';
import { callsWithoutOutput, hasBegun, openQuestions } from './reopen.ts';
import { toCoreItem } from './rollout-item.ts';
import type { LinePayload } from './rollout-line.ts';
import type { ThreadRecord } from './thread-record.ts';

/** The words of an answer that was still coming. */
export interface PartialItem {
  readonly turnId: string;
  readonly itemId: string;
  /** Left out: an answer. */
  readonly type?: SpokenItem['type'];
  readonly text: string;
}

/** What the model reads after a turn that a person stopped (agent.md §1, step 6). */
export const TURN_ABORTED_MARKER =
  '<turn_aborted>\nThe user stopped the previous turn on purpose. Commands that were running were ended and may have done only a part of their work; look before relying on it.\n</turn_aborted>';

/** The same after the daemon itself was ended in mid-turn. */
export const TURN_LOST_MARKER =
  '<turn_aborted>\nThe program was ended in the middle of the previous turn. Commands that were running are gone and may have done only a part of their work; look before relying on it.\n</turn_aborted>';

/** What the model reads in a fork of a thread that was in the middle of a turn. */
export const TURN_LEFT_MARKER =
  '<turn_aborted>\nThis conversation goes on from a copy that was made in the middle of the previous turn; the original may have gone on with that turn. Look before relying on its work.\n</turn_aborted>';

/** What the model reads as the output of a call that was under way when the program ended. */
export const LOST_OUTPUT =
  'The program was ended while this call was running: what it did is unknown. Look before running it again.';

/** What is said to the model where the log breaks off. */
export interface BreakWords {
  readonly marker: string;
  readonly output: string;
}
export const AFTER_CRASH: BreakWords = { marker: TURN_LOST_MARKER, output: LOST_OUTPUT };
export const AFTER_FORK: BreakWords = {
  marker: TURN_LEFT_MARKER,
  output: 'This conversation was copied while this call was running: what it did is unknown here. Look first.',
};

/**
 * The lines that close what a crash left open: questions of calls that ran, an end for every shown item, and for a running
 * turn an output for every open call, the marker and the end of the turn. A turn that waits for a person is not ended:
 * only its calls that had begun are closed (reopen.ts). Appended when the thread is loaded; afterwards the history is
 * valid again.
 */
export function recoveryLines(
  record: ThreadRecord,
  nowMs: number,
  partial: readonly PartialItem[] = [],
  words: BreakWords = AFTER_CRASH,
): LinePayload[] {
  return [...lostAsides(record, nowMs), ...endingLines(record, nowMs, partial, words)];
}

const lostAsides = ({ asides }: ThreadRecord, nowMs: number): LinePayload[] =>
  [...asides.values()].map((approval) => ({
    type: 'codex_daemon',
    payload: { kind: 'decision', outcome: takenBack(approval, nowMs) },
  }));

/** How a question ends whose call ended without an answer. */
export function takenBack(
  { approvalId, threadId, turnId, itemId, startedAtMs }: OpenApproval,
  nowMs: number,
): ApprovalOutcome {
  const waitedMs = nowMs - startedAtMs;
  return { approvalId, threadId, turnId, itemId, decision: 'cancel', by: null, waitedMs, resolvedAtMs: nowMs };
}

function endingLines(
  record: ThreadRecord,
  nowMs: number,
  partial: readonly PartialItem[],
  words: BreakWords,
): LinePayload[] {
  const lostItems = shownAndLost(record).flatMap(({ item, turnId }) => lostItem(item, turnId, nowMs));
  const turn = record.turns.at(-1);
  if (turn?.status !== 'inProgress') return lostItems;
  const said = partial.flatMap((item) => cutAnswer(item, turn.id, nowMs));
  if (openQuestions(record).length > 0) {
    return [...lostOutputs(record, (callId) => isLost(record, callId), words.output), ...lostItems, ...said];
  }
  return [
    ...lostOutputs(record, () => true, words.output),
    ...lostItems,
    ...said,
    { type: 'response_item', payload: textMessage('user', words.marker) },
    {
      type: 'event_msg',
      payload: {
        type: 'turn_aborted',
        turn_id: turn.id,
        reason: 'interrupted',
        completed_at: Math.floor(nowMs / 1000),
      },
    },
  ];
}

/** Of a turn that goes on: calls that had begun and were asked about no more. */
const isLost = (record: ThreadRecord, callId: string): boolean =>
  !record.questions.has(callId) && hasBegun(record, callId);

/** Items that were shown as running, but for those of a turn that goes on. */
function shownAndLost(record: ThreadRecord): { item: ThreadItem; turnId: string }[] {
  const waiting = new Set(openQuestions(record));
  const asked = [...record.questions.values()].filter((question) => !waiting.has(question));
  return [
    ...record.intents.values(),
    ...asked.map(({ item, approval }) => ({ item, turnId: approval.turnId })),
  ].flatMap(({ item, turnId }) => (item ? [{ item, turnId }] : []));
}

function lostOutputs(record: ThreadRecord, isToBeClosed: (callId: string) => boolean, output: string): LinePayload[] {
  return callsWithoutOutput(record)
    .filter((item) => isToBeClosed(item.call_id))
    .map(({ type, call_id }) => ({
      type: 'response_item',
      payload: {
        type: type === 'function_call' ? 'function_call_output' : 'custom_tool_call_output',
        call_id,
        output,
      },
    }));
}

const ACTING: ReadonlySet<ThreadItem['type']> = new Set(['commandExecution', 'fileChange', 'dynamicToolCall']);

function lostItem(item: ThreadItem, turnId: string, nowMs: number): LinePayload[] {
  if (item.type === 'mcpToolCall')
    return completedLine({ ...item, status: 'failed', error: { message: LOST_OUTPUT } }, turnId, nowMs);
  const isActing = ACTING.has(item.type);
  return completedLine(isActing ? ({ ...item, status: 'failed' } as ThreadItem) : item, turnId, nowMs);
}

/** Kept for people only: the model never finished it, so its history does not have it. */
function cutAnswer(
  { turnId, itemId, type = 'agentMessage', text }: PartialItem,
  openTurnId: string,
  nowMs: number,
): LinePayload[] {
  if (turnId !== openTurnId) return [];
  return completedLine({ type, id: itemId, text }, turnId, nowMs);
}

function completedLine(item: ThreadItem, turnId: string, nowMs: number): LinePayload[] {
  const core = toCoreItem(item);
  if (!core) return [];
  const times = { started_at_ms: item.startedAtMs ?? nowMs, completed_at_ms: nowMs };
  return [{ type: 'event_msg', payload: { type: 'item_completed', turn_id: turnId, item: core, ...times } }];
}
