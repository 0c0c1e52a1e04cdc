import type { Clock } from '../deps.ts';

interface Timer {
  readonly run: () => void;
  leftMs: number;
  /** Set while the clock goes. */
  ticking: { readonly handle: unknown; readonly sinceMs: number } | null;
}

/** A clock whose timers can be held: what is left of them goes on counting afterwards. It tells the time all along. */
export class StandstillClock implements Clock {
  private readonly timers = new Set<Timer>();
  private stops = 0;

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  setTimeout(run: () => void, ms: number): Timer {
    const timer: Timer = { run, leftMs: ms, ticking: null };
    this.timers.add(timer);
    if (this.stops === 0) this.start(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as Timer;
    this.timers.delete(timer);
    if (timer.ticking) this.clock.clearTimeout(timer.ticking.handle);
  }

  /** Holds all timers until the returned function was called, once for each call of this. */
  stop(): () => void {
    this.stops += 1;
    if (this.stops === 1) for (const timer of this.timers) this.hold(timer);
    return () => {
      this.stops -= 1;
      if (this.stops === 0) for (const timer of this.timers) this.start(timer);
    };
  }

  private start(timer: Timer): void {
    const handle = this.clock.setTimeout(() => {
      this.timers.delete(timer);
      timer.run();
    }, timer.leftMs);
    timer.ticking = { handle, sinceMs: this.clock.now() };
  }

  private hold(timer: Timer): void {
    if (!timer.ticking) return;
    this.clock.clearTimeout(timer.ticking.handle);
    timer.leftMs = Math.max(0, timer.leftMs - (this.clock.now() - timer.ticking.sinceMs));
    timer.ticking = null;
  }
}
