import { textMessage } from '../../machines/model/response-item.ts';
import { isSpoken } from '../../machines/protocol/spoken-item.ts';
import type { ClientTag, ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Turn } from '../../machines/protocol/types/thread.ts';
import { TURN_ABORTED_MARKER } from '../../machines/thread/recover.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import type { TurnOutput } from '../../machines/thread/turn.ts';
import { noteTurnEnd } from '../threads/read-state.ts';
import type { Thread } from '../threads/thread.ts';
import { endReview } from './end-review.ts';
import { completedItem } from './record-item.ts';

/** Logs how a turn ended, then tells it: status first, then the turn (protocol.md §5). */
export function endTurn(thread: Thread, turnId: string, { status, error }: TurnOutput): void {
  const nowMs = thread.deps.clock.now();
  for (const item of unfinished(thread, turnId)) {
    const { lines, event } = completedItem(thread.id, turnId, item, nowMs);
    thread.journal.record(lines, event);
  }
  if (thread.run?.review) endReview(thread, thread.run, status);
  const started = thread.feed.snapshot.thread.turns.find((turn) => turn.id === turnId);
  const interruptedBy = status === 'interrupted' ? stopperOf(thread, turnId) : null;
  thread.stoppedBy = null;
  const turn: Turn = {
    id: turnId,
    items: started?.items.filter((item) => item.type === 'agentMessage').slice(-1) ?? [],
    itemsView: 'summary',
    status,
    error,
    startedAt: started?.startedAt ?? null,
    completedAt: Math.floor(nowMs / 1000),
    durationMs: thread.run ? nowMs - thread.run.startedAtMs : null,
    ...(interruptedBy ? { interruptedBy } : {}),
  };
  // A turn that was stopped before its prompt was written has nothing to end in the log: its prompt waits in line there.
  if (started) {
    if (status === 'interrupted') thread.history.push(textMessage('user', TURN_ABORTED_MARKER));
    // A log that takes no more lines is the reason why most turns that get here with one failed: then the end is told
    // without being kept, and the next load closes the turn (recover.ts).
    thread.journal.record(endLines(turn, error));
  }
  if (thread.run) thread.goals.settle(thread.run, { status, error }, started?.items ?? []);
  else thread.goals.halt(turnId, { status, error });
  thread.partial.clear();
  thread.run = null;
  const threadId = thread.id;
  if (error) {
    thread.journal.announce({ method: 'thread/status/changed', params: { threadId, status: { type: 'systemError' } } });
    thread.journal.announce({ method: 'error', params: { threadId, turnId, error, willRetry: false } });
    noteTurnEnd(thread, turnId);
  } else {
    // Whoever stopped a turn has seen it (protocol.md §5).
    if (status === 'completed') noteTurnEnd(thread, turnId);
    thread.journal.announce({ method: 'thread/status/changed', params: { threadId, status: { type: 'idle' } } });
  }
  thread.journal.announce({ method: 'turn/completed', params: { threadId, turn } });
  thread.goals.goOn();
}

/** Who interrupted a turn, or answered a question so that it ends; null: the daemon did. */
function stopperOf({ stoppedBy, feed }: Thread, turnId: string): ClientTag | null {
  const cancelled = feed.snapshot.decisions.findLast((known) => known.turnId === turnId && known.decision === 'cancel');
  return stoppedBy ?? cancelled?.by ?? null;
}

/** An answer that was cut: every screen shows its words, so they are kept, for people only. */
function unfinished(thread: Thread, turnId: string): ThreadItem[] {
  const turn = thread.feed.snapshot.thread.turns.find((known) => known.id === turnId);
  return (turn?.items ?? []).filter((item) => isSpoken(item) && item.completedAtMs == null && item.text !== '');
}

function endLines(
  { id, status, completedAt, durationMs, items, startedAt, interruptedBy }: Turn,
  error: TurnOutput['error'],
): LinePayload[] {
  const times = { turn_id: id, started_at: startedAt, completed_at: completedAt, duration_ms: durationMs };
  if (status === 'interrupted') {
    return [
      ...stoppedLines(id, interruptedBy ?? null),
      { type: 'response_item', payload: textMessage('user', TURN_ABORTED_MARKER) },
      { type: 'event_msg', payload: { type: 'turn_aborted', reason: 'interrupted', ...times } },
    ];
  }
  const last = items.at(-1);
  const failed: LinePayload[] = error
    ? [{ type: 'codex_daemon', payload: { kind: 'turnFailed', turnId: id, error } }]
    : [];
  const lastAgentMessage = last?.type === 'agentMessage' ? last.text : null;
  return [
    ...failed,
    { type: 'event_msg', payload: { type: 'task_complete', last_agent_message: lastAgentMessage, ...times } },
  ];
}

const stoppedLines = (turnId: string, by: ClientTag | null): LinePayload[] =>
  by ? [{ type: 'codex_daemon', payload: { kind: 'turnStopped', turnId, by } }] : [];
