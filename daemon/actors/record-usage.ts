import { usableContextWindow } from '../../machines/model/models.ts';
import { addUsage, NO_USAGE, type Usage } from '../../machines/model/usage.ts';
import { compactLimit } from '../../machines/thread/compaction.ts';
import { fromUsage } from '../../machines/thread/logged-usage.ts';
import type { Thread } from '../threads/thread.ts';
import { toTokenUsage } from '../threads/thread-snapshot.ts';
import type { TurnRun } from '../threads/turn-run.ts';

const windowOf = ({ loaded, model }: TurnRun): number => loaded.config.model_context_window ?? model.contextWindow;

/** Whether so many tokens are as many as a history may have before it is shortened (agent.md §5). */
export function isFull(run: TurnRun, totalTokens: number): boolean {
  return totalTokens >= compactLimit(windowOf(run), run.loaded.config.model_auto_compact_token_limit);
}

/** Adds what a response used to the thread's total, in the log and to the followers. */
export function recordUsage(thread: Thread, run: TurnRun, used: Usage): void {
  thread.goals.count(used);
  announceUsage(thread, run, addUsage(thread.usage?.total ?? NO_USAGE, used), used);
}

/** After a compaction: nothing more was used, and the history is as long as it is now guessed to be. */
export function recordEstimate(thread: Thread, run: TurnRun, totalTokens: number): void {
  announceUsage(thread, run, thread.usage?.total ?? NO_USAGE, { ...NO_USAGE, totalTokens });
}

function announceUsage(thread: Thread, run: TurnRun, total: Usage, last: Usage): void {
  const usage = { total, last, window: usableContextWindow(windowOf(run)) };
  const info = {
    total_token_usage: fromUsage(total),
    last_token_usage: fromUsage(last),
    model_context_window: usage.window,
  };
  const line = { type: 'event_msg', payload: { type: 'token_count', info, rate_limits: null } } as const;
  const params = { threadId: thread.id, turnId: run.turnId, tokenUsage: toTokenUsage(usage) };
  if (thread.journal.record([line], { method: 'thread/tokenUsage/updated', params })) thread.usage = usage;
}
