import type { Clock } from '../../../daemon/deps.ts';

/** Waits below this are over at once; longer ones (limits) never end. */
const EAGER_BELOW_MS = 60_000;

export interface EagerClock extends Clock {
  /** Every short wait that was asked for, in ms. */
  readonly waits: readonly number[];
}

/** A clock on which back-offs take no time, so that only their lengths are looked at. */
export function createEagerClock(): EagerClock {
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    setTimeout(run, ms) {
      if (ms < EAGER_BELOW_MS) {
        waits.push(ms);
        queueMicrotask(run);
      }
      return null;
    },
    clearTimeout: () => undefined,
  };
}
