import { parseResponseItem } from '../model/response-item.ts';
import { NO_USAGE } from '../model/usage.ts';
import { replacedHistory } from './compaction.ts';
import { parseGoal } from './goal.ts';
import { parsePlan } from './logged-plan.ts';
import { toLoggedUsage } from './logged-usage.ts';
import { replayOwn } from './replay-own.ts';
import { fromCoreItem } from './rollout-item.ts';
import type { EventMessage, RolloutLine } from './rollout-line.ts';
import { putItem, type ThreadRecord } from './thread-record.ts';
import type { TurnMark } from './turn-mark.ts';

/** Takes one line into the record. Lines come in file order. */
export function replayLine(record: ThreadRecord, line: RolloutLine): void {
  record.ordinal += 1;
  switch (line.type) {
    case 'session_meta':
      record.meta ??= line.payload;
      return;
    case 'turn_context':
      record.lastContext = line.payload;
      record.chosen = null;
      return;
    case 'response_item':
      replayResponseItem(record, line.payload);
      return;
    case 'event_msg':
      replayEvent(record, line.payload, Date.parse(line.timestamp));
      return;
    case 'compacted':
      record.history = replacedHistory(record.history, line.payload);
      return;
    case 'codex_daemon':
      replayOwn(record, line.payload);
      return;
  }
}

function replayResponseItem(record: ThreadRecord, payload: unknown): void {
  const item = parseResponseItem(payload);
  if (!item) return;
  record.history.push(item);
  if (item.type === 'function_call_output' || item.type === 'custom_tool_call_output') settleCall(record, item.call_id);
  if (item.type === 'function_call' && item.name === 'update_plan')
    record.plan = parsePlan(item.arguments) ?? record.plan;
}

/** A shown item outlives its output (a command in the background); its own end settles it. */
function settleCall(record: ThreadRecord, callId: string): void {
  if (record.intents.get(callId)?.item === null) record.intents.delete(callId);
}

function replayEvent(record: ThreadRecord, event: EventMessage, atMs: number): void {
  switch (event.type) {
    case 'task_started':
      record.plan = null;
      leaveTurn(record);
      record.marks.push(markOf(record));
      record.turns.push({
        id: String(event.turn_id ?? `turn-${record.turns.length + 1}`),
        items: [],
        itemsView: 'full',
        status: 'inProgress',
        error: null,
        startedAt: typeof event.started_at === 'number' ? event.started_at : Math.floor(atMs / 1000),
      });
      return;
    case 'item_completed':
      replayItem(record, event);
      return;
    case 'user_message':
    case 'agent_message':
    case 'agent_reasoning':
      replayOldEvent(record, event, atMs);
      return;
    case 'thread_rolled_back':
      takeBack(record, Number(event.num_turns));
      return;
    case 'thread_goal_updated':
      record.goal = parseGoal(event.goal) ?? record.goal;
      return;
    case 'token_count':
      replayUsage(record, event);
      return;
    case 'task_complete':
      endTurn(record, 'completed', event);
      return;
    case 'turn_aborted':
      endTurn(record, 'interrupted', event);
      return;
  }
}

const markOf = ({ history, context, lastContext, usage }: ThreadRecord): TurnMark => ({
  history,
  length: history.length,
  context,
  lastContext,
  last: usage?.last ?? null,
});

/** The last turns were taken back: they are shown no more, and the model never hears of them. Spent tokens stay spent. */
function takeBack(record: ThreadRecord, count: number): void {
  const kept = Math.max(0, record.turns.length - count);
  const mark = record.marks[kept];
  if (!mark || !(count > 0)) return;
  record.turns = record.turns.slice(0, kept);
  record.marks = record.marks.slice(0, kept);
  record.history = mark.history.slice(0, mark.length);
  record.context = mark.context;
  record.lastContext = mark.lastContext ?? record.lastContext;
  record.plan = null;
  if (record.usage) record.usage = { ...record.usage, last: mark.last ?? NO_USAGE };
}

function replayItem(record: ThreadRecord, event: EventMessage): void {
  const times = {
    ...(typeof event.started_at_ms === 'number' ? { startedAtMs: event.started_at_ms } : {}),
    ...(typeof event.completed_at_ms === 'number' ? { completedAtMs: event.completed_at_ms } : {}),
  };
  const item = fromCoreItem(event.item, times);
  if (!item) return;
  record.intents.delete(item.id);
  record.questions.delete(item.id);
  putItem(record, typeof event.turn_id === 'string' ? event.turn_id : null, item);
}

/** Events of older versions of the reference, which kept no items. */
function replayOldEvent(record: ThreadRecord, event: EventMessage, atMs: number): void {
  const id = `${event.type}-${record.ordinal}`;
  const text = String(event.message ?? event.text ?? '');
  const times = { startedAtMs: atMs, completedAtMs: atMs };
  if (event.type === 'user_message')
    putItem(record, null, { type: 'userMessage', id, content: [{ type: 'text', text }], ...times });
  else if (event.type === 'agent_message') putItem(record, null, { type: 'agentMessage', id, text, ...times });
  else putItem(record, null, { type: 'reasoning', id, summary: [text], content: [], ...times });
}

/** One turn runs at a time: one that another program left open was over when the next began. */
function leaveTurn(record: ThreadRecord): void {
  const last = record.turns.at(-1);
  if (last?.status === 'inProgress') last.status = 'interrupted';
}

function endTurn(record: ThreadRecord, status: 'completed' | 'interrupted', event: EventMessage): void {
  const turn = record.turns.findLast((known) => known.id === event.turn_id) ?? record.turns.at(-1);
  if (!turn) return;
  turn.status = turn.status === 'failed' ? 'failed' : status;
  turn.completedAt = typeof event.completed_at === 'number' ? event.completed_at : null;
  turn.durationMs = typeof event.duration_ms === 'number' ? event.duration_ms : null;
}

function replayUsage(record: ThreadRecord, { info }: EventMessage): void {
  record.usage = toLoggedUsage(info) ?? record.usage;
}
