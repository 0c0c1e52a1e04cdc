import { ModelError, retryDelayMs, retryLayer } from '../../machines/model/failure.ts';
import { pause } from '../deadline.ts';
import type { Clock } from '../deps.ts';

export interface RequestRetryOptions {
  /** `request_max_retries` of the provider: tries after the first. */
  readonly maxRetries: number;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * The request layer (agent.md §4): tries again, silently, what failed before a stream opened by a 5xx or a broken
 * connection. Any other failure, and the last of these, is thrown as it is: the turn machine decides on a reconnect
 * with `isReconnectable` and `retryDelayMs`.
 */
export async function withRequestRetries<T>(options: RequestRetryOptions, open: () => Promise<T>): Promise<T> {
  const { maxRetries, clock, random, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ModelError) || retryLayer(error.failure) !== 'request' || attempt > maxRetries)
        throw error;
      await pause(retryDelayMs(error.failure, attempt, random()), clock, signal);
    }
  }
}
