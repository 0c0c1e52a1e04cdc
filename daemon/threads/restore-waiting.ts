import { RpcError } from '../../machines/core/errors.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import type { Logger } from '../log/logger.ts';
import type { QuestionMarks } from '../store/question-marks.ts';
import type { ThreadRegistry } from './thread-registry.ts';

/** Longest wait of a listing for threads with an open question; a log that takes longer shows up when it is loaded. */
const RESTORE_LIMIT_MS = 10_000;

export interface RestoreDeps {
  readonly registry: ThreadRegistry;
  readonly questionMarks: QuestionMarks;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * At the daemon's start: loads the threads in which a question waits, so that they are listed and can be answered before
 * anybody attaches. A mark that is not true any more is removed.
 */
export async function restoreWaiting({ registry, questionMarks, logger, clock }: RestoreDeps): Promise<void> {
  const restore = async (threadId: string): Promise<void> => {
    try {
      const thread = await registry.load(threadId);
      if (thread.feed.snapshot.approvals.length > 0) return;
      questionMarks.remove(threadId);
      registry.release(threadId);
    } catch (error) {
      if (error instanceof RpcError && error.errorName === 'threadNotFound') questionMarks.remove(threadId);
      // Kept otherwise: a folder or a provider that is missing now may be there again.
      logger.error(`thread ${threadId} with an open question`, error);
    }
  };
  const all = Promise.all(questionMarks.list().map(restore));
  await withDeadline(null, RESTORE_LIMIT_MS, clock, async () => void (await all)).catch((error: unknown) =>
    logger.error('open questions', error),
  );
}
