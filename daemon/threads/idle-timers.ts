import type { Clock } from '../deps.ts';

/** How much longer each idle thread stays in memory: one timer a thread at most. */
export class IdleTimers {
  private readonly handles = new Map<string, unknown>();

  constructor(private readonly clock: Clock) {}

  isRunning(threadId: string): boolean {
    return this.handles.has(threadId);
  }

  start(threadId: string, afterMs: number, run: () => void): void {
    const handle = this.clock.setTimeout(() => {
      this.handles.delete(threadId);
      run();
    }, afterMs);
    this.handles.set(threadId, handle);
  }

  stop(threadId: string): void {
    this.clock.clearTimeout(this.handles.get(threadId));
    this.handles.delete(threadId);
  }
}
