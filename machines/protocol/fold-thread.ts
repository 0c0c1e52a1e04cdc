import type { ThreadNotification } from './index.ts';
import { previewOf } from './prompt-text.ts';
import type { ItemOf, ThreadItem } from './types/item.ts';
import { fromToldSettings, type ThreadSnapshot, type Turn } from './types/thread.ts';

/**
 * (what is known, one event) -> what is known then. Pure, and the same on both ends: the daemon makes snapshots with
 * it, clients follow with it, so a client that attaches late ends in the state of one that never left (DESIGN §3).
 */
export function foldThread(state: ThreadSnapshot, event: ThreadNotification): ThreadSnapshot {
  switch (event.method) {
    case 'thread/snapshot':
      return event.params.snapshot;
    case 'thread/started':
      return { ...state, thread: { ...event.params.thread, turns: state.thread.turns } };
    case 'thread/closed':
      return { ...state, thread: { ...state.thread, status: { type: 'notLoaded' } } };
    case 'thread/status/changed':
      return { ...state, thread: { ...state.thread, status: event.params.status } };
    case 'thread/name/updated':
      return { ...state, thread: { ...state.thread, name: event.params.threadName ?? null } };
    case 'thread/settings/updated':
      return { ...state, settings: fromToldSettings(event.params.threadSettings) };
    case 'thread/gitInfo/updated':
      return { ...state, thread: { ...state.thread, gitInfo: event.params.gitInfo } };
    case 'thread/tokenUsage/updated':
      return { ...state, tokenUsage: event.params.tokenUsage };
    case 'thread/goal/updated':
      return { ...state, goal: event.params.goal };
    case 'thread/goal/cleared':
      return { ...state, goal: null };
    case 'thread/queue/changed':
      return { ...state, queue: event.params.queue, queueHeld: state.queueHeld && event.params.queue.length > 0 };
    case 'presence/changed':
      return { ...state, presence: event.params.presence };
    case 'approval/requested':
      return { ...state, approvals: [...state.approvals, event.params] };
    case 'approval/resolved':
      return {
        ...state,
        approvals: state.approvals.filter((open) => open.approvalId !== event.params.approvalId),
        decisions: [...state.decisions, event.params],
      };
    case 'turn/plan/updated':
      return { ...state, plan: { explanation: event.params.explanation ?? null, steps: event.params.plan } };
    case 'error':
      return { ...state, notice: { message: event.params.error.message, willRetry: event.params.willRetry } };
    case 'turn/started':
      return startTurn(state, event.params.turn);
    case 'turn/completed':
      return endTurn(state, event.params.turn);
    case 'item/started':
      return { ...changeTurn(state, event.params.turnId, (turn) => putItem(turn, event.params.item)), notice: null };
    case 'item/completed':
      return changeTurn(withPreview(state, event.params.item), event.params.turnId, (turn) =>
        putItem(turn, {
          ...event.params.item,
          completedAtMs: event.params.item.completedAtMs ?? event.params.completedAtMs,
        }),
      );
    case 'item/agentMessage/delta':
      return changeItem(state, event.params, 'agentMessage', (item) => ({
        ...item,
        text: item.text + event.params.delta,
      }));
    case 'item/plan/delta':
      return changeItem(state, event.params, 'plan', (item) => ({ ...item, text: item.text + event.params.delta }));
    case 'item/commandExecution/outputDelta':
      return changeItem(state, event.params, 'commandExecution', (item) => ({
        ...item,
        aggregatedOutput: lastOf((item.aggregatedOutput ?? '') + event.params.delta),
      }));
    case 'item/mcpToolCall/progress':
      return changeItem(state, event.params, 'mcpToolCall', (item) => ({ ...item, progress: event.params.message }));
    case 'item/reasoning/summaryPartAdded':
      return changeItem(state, event.params, 'reasoning', (item) => ({
        ...item,
        summary: appendAt(item.summary, event.params.summaryIndex, ''),
      }));
    case 'item/reasoning/summaryTextDelta':
      return changeItem(state, event.params, 'reasoning', (item) => ({
        ...item,
        summary: appendAt(item.summary, event.params.summaryIndex, event.params.delta),
      }));
    case 'item/reasoning/textDelta':
      return changeItem(state, event.params, 'reasoning', (item) => ({
        ...item,
        content: appendAt(item.content, event.params.contentIndex, event.params.delta),
      }));
    case 'item/commandExecution/terminalInteraction':
    case 'turn/diff/updated':
    case 'thread/compacted':
    case 'thread/readState/changed':
    case 'warning':
    case 'mcpServer/startupStatus/updated':
    case 'serverRequest/resolved':
      return state;
    default:
      return event satisfies never;
  }
}

/** A thread is listed under its first prompt. */
function withPreview(state: ThreadSnapshot, item: ThreadItem): ThreadSnapshot {
  if (item.type !== 'userMessage' || state.thread.preview !== '') return state;
  return { ...state, thread: { ...state.thread, preview: previewOf(item.content) } };
}

function startTurn(state: ThreadSnapshot, turn: Turn): ThreadSnapshot {
  // From its start on every item is folded, so that nothing of it is left to be loaded.
  const whole = { ...turn, itemsView: 'full' as const };
  const turns = [...state.thread.turns.filter((known) => known.id !== turn.id), whole];
  return { ...state, thread: { ...state.thread, turns }, queueHeld: false, plan: null, notice: null };
}

/** The end carries no items of its own: the items that were folded stay, half ones of a cut answer go. */
function endTurn(state: ThreadSnapshot, ended: Turn): ThreadSnapshot {
  const { status, error, completedAt, durationMs, interruptedBy } = ended;
  const next = changeTurn(state, ended.id, (turn) => ({
    ...turn,
    items: turn.items.filter(isKept),
    status,
    ...(error === undefined ? {} : { error }),
    ...(completedAt === undefined ? {} : { completedAt }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(interruptedBy ? { interruptedBy } : {}),
  }));
  const queueHeld = status === 'interrupted' && state.queue.length > 0;
  return { ...next, queueHeld, notice: status === 'failed' ? next.notice : null };
}

/** Items that are nothing without their end. */
const CUT: ReadonlySet<ThreadItem['type']> = new Set(['agentMessage', 'plan', 'reasoning', 'contextCompaction']);

/** What a cut answer left half done is not in the log either. A command may go on in the background. */
function isKept(item: ThreadItem): boolean {
  return !CUT.has(item.type) || item.completedAtMs != null;
}

function changeTurn(state: ThreadSnapshot, turnId: string, change: (turn: Turn) => Turn): ThreadSnapshot {
  const index = state.thread.turns.findLastIndex((turn) => turn.id === turnId);
  const turn = state.thread.turns[index];
  if (!turn) return state;
  return { ...state, thread: { ...state.thread, turns: state.thread.turns.with(index, change(turn)) } };
}

function putItem(turn: Turn, item: ThreadItem): Turn {
  const index = turn.items.findLastIndex((known) => known.id === item.id);
  return { ...turn, items: index < 0 ? [...turn.items, item] : turn.items.with(index, item) };
}

function changeItem<Type extends ThreadItem['type']>(
  state: ThreadSnapshot,
  at: { readonly turnId: string; readonly itemId: string },
  type: Type,
  change: (item: ItemOf<Type>) => ThreadItem,
): ThreadSnapshot {
  return changeTurn(state, at.turnId, (turn) => {
    const index = turn.items.findLastIndex((item) => item.id === at.itemId);
    const item = turn.items[index];
    if (item?.type !== type) return turn;
    return { ...turn, items: turn.items.with(index, change(item as ItemOf<Type>)) };
  });
}

/**
 * Output of a running command that is kept for a late client, in characters; its end brings the whole of it
 * (agent.md §7). Always the last so many and no others, so that pieces and their merger fold to the same.
 */
const LIVE_OUTPUT_CHARACTERS = 128 * 1024;

function lastOf(text: string): string {
  if (text.length <= LIVE_OUTPUT_CHARACTERS) return text;
  const last = text.slice(text.length - LIVE_OUTPUT_CHARACTERS);
  return /^[\uDC00-\uDFFF]/.test(last) ? last.slice(1) : last;
}

function appendAt(parts: readonly string[], index: number, text: string): string[] {
  const next = [...parts];
  while (next.length <= index) next.push('');
  next[index] = (next[index] ?? '') + text;
  return next;
}
