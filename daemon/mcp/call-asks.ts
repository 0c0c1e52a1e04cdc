import type { Clock } from '../deps.ts';
import { StandstillClock } from './standstill-clock.ts';

/** What a server asks a person, as it came: `elicitation/create`. */
export type AskedParams = Readonly<Record<string, unknown>>;

export interface AskedAnswer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Readonly<Record<string, unknown>>;
}

/** Puts what a server asks to people. The signal aborts when nobody waits for the answer any more. */
export type AskPeople = (params: AskedParams, signal: AbortSignal) => Promise<AskedAnswer>;

interface Call {
  readonly ask: AskPeople;
  /** Take back the questions that are open. */
  readonly ends: Set<() => void>;
}

/**
 * The calls of one server in the middle of which it may ask people. It does not say which of them a question is about:
 * that is the one that began last. A question ends with its call at the latest.
 */
export class CallAsks {
  /** Stands still while people are asked: no call runs out of its time meanwhile. */
  readonly clock: StandstillClock;
  /** In the order of their beginnings. */
  private readonly calls = new Set<Call>();

  constructor(clock: Clock) {
    this.clock = new StandstillClock(clock);
  }

  async during<T>(ask: AskPeople, run: () => Promise<T>): Promise<T> {
    const call: Call = { ask, ends: new Set() };
    this.calls.add(call);
    try {
      return await run();
    } finally {
      this.calls.delete(call);
      for (const end of call.ends) end();
    }
  }

  /** @param signal aborts when the server takes its question back, or is gone */
  async put(params: AskedParams, signal: AbortSignal): Promise<AskedAnswer> {
    const call = [...this.calls].at(-1);
    // Out of the blue: there is no thread whose people could be asked.
    if (!call || signal.aborted) return { action: 'cancel' };
    const stop = new AbortController();
    const end = () => stop.abort();
    signal.addEventListener('abort', end, { once: true });
    call.ends.add(end);
    const goOn = this.clock.stop();
    try {
      return await call.ask(params, stop.signal);
    } finally {
      goOn();
      call.ends.delete(end);
      signal.removeEventListener('abort', end);
    }
  }
}
