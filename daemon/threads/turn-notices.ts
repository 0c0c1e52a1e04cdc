import { activeFlagsOf } from '../../machines/protocol/question-kinds.ts';
import type { OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { TurnError } from '../../machines/protocol/types/thread.ts';
import type { Thread } from './thread.ts';

/** "Reconnecting... n/m": shown, and replaced by what comes next (agent.md §4). */
export function announceRetry(
  thread: Thread,
  { attempt, max, error }: { attempt: number; max: number; error: TurnError },
): void {
  const turnId = thread.currentTurn?.id;
  if (turnId === undefined) return;
  const notice = { ...error, message: `Reconnecting... ${attempt}/${max}`, additionalDetails: error.message };
  thread.journal.announce({ method: 'error', params: { threadId: thread.id, turnId, error: notice, willRetry: true } });
}

/** What the turn waits for people for (protocol.md §5). @param asking questions that are about to be told */
export function announceWaiting(thread: Thread, asking: readonly Pick<OpenApproval, 'kind'>[] = []): void {
  const activeFlags = activeFlagsOf([...thread.feed.snapshot.approvals, ...asking]);
  const status = { type: 'active' as const, activeFlags };
  if (JSON.stringify(thread.feed.snapshot.thread.status) === JSON.stringify(status)) return;
  thread.journal.announce({ method: 'thread/status/changed', params: { threadId: thread.id, status } });
}
