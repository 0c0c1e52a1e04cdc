import { messageOf } from '../../machines/core/errors.ts';
import { isReconnectable, ModelError, retryDelayMs } from '../../machines/model/failure.ts';
import type { StreamFailure } from '../../machines/thread/turn.ts';
import type { ThreadDeps } from '../threads/thread-deps.ts';

/** What a turn has to know of a request that failed. Anything but a `ModelError` is a fault of ours, and is logged. */
export function toStreamFailure(error: unknown, deps: ThreadDeps, threadId: string): StreamFailure {
  if (!(error instanceof ModelError)) {
    deps.onInternalError(error, `model stream of ${threadId}`);
    const told = { message: messageOf(error), codexErrorInfo: 'other' };
    return { error: told, isRetryable: false, isOverflow: false, waitsMs: () => 0 };
  }
  const { failure } = error;
  return {
    error: { message: failure.message, codexErrorInfo: failure.codexErrorInfo },
    isRetryable: isReconnectable(failure),
    isOverflow: failure.kind === 'contextWindowExceeded',
    waitsMs: (attempt) => retryDelayMs(failure, attempt, deps.random()),
  };
}
