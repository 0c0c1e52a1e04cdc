import type { Clock } from './deps.ts';

/** A limit that ran out. Its text names the limit, so that it may be shown as it is. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`no answer within ${limitMs} ms`);
    this.limitMs = limitMs;
  }
}

/**
 * Runs something for at most `ms` on the given clock. `run` gets a signal that aborts at the limit or with `signal`.
 * Rejects with a `DeadlineError` at the limit and with `signal.reason` when `signal` aborts, at once in both cases,
 * even if `run` pays no heed. (Not `AbortSignal.any` with `AbortSignal.timeout`: Node 20 loses that timer,
 * libraries.md §5.)
 */
export async function withDeadline<T>(
  signal: AbortSignal | null,
  ms: number,
  clock: Clock,
  run: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const stopped = rejectOnAbort(controller.signal);
  const follow = () => controller.abort(signal?.reason);
  const timer = clock.setTimeout(() => controller.abort(new DeadlineError(ms)), ms);
  signal?.addEventListener('abort', follow, { once: true });
  try {
    return await Promise.race([stopped, run(controller.signal)]);
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', follow);
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Waits on the given clock. Rejects with `signal.reason` as soon as `signal` aborts. */
export async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
