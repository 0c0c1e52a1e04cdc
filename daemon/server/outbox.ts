import type { WebSocket } from 'ws';
import type { GlobalNotification, ThreadNotification } from '../../machines/protocol/index.ts';

type Frame = Uint8Array | string;

/**
 * What waits for one client, and how much of it. A client that is slow is waited for by nobody; what waits for it is
 * bounded: events of threads are not put here while it lags (follower.ts), of news that replaces older news only the
 * newest is kept, and a client that asks and does not read the answers is not asked for more.
 */
export class Outbox {
  private readonly newest = new Map<string, Frame>();
  private answeredBytes = 0;

  /** @param markBytes above this much unsent data the client lags */
  constructor(
    private readonly socket: WebSocket,
    private readonly markBytes: number,
  ) {}

  get isClogged(): boolean {
    return this.socket.bufferedAmount > this.markBytes;
  }

  get waitingBytes(): number {
    return this.socket.bufferedAmount;
  }

  send(frame: Frame): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(frame);
  }

  /** Sends an answer. When many wait already, no more calls are read until the client has taken them. */
  answer(frame: Frame): void {
    const isLagging = this.isClogged;
    this.send(frame);
    if (!isLagging) return;
    const isFirst = this.answeredBytes === 0;
    this.answeredBytes += frame.length;
    if (this.answeredBytes > this.markBytes) this.socket.pause();
    if (isFirst) this.whenDrained(() => this.readOn());
  }

  /** Sends news; for a client that lags only the newest of its kind is kept. */
  tell(kind: string, frame: Frame): void {
    if (!this.isClogged && this.newest.size === 0) {
      this.send(frame);
      return;
    }
    if (this.newest.size === 0) this.whenDrained(() => this.tellKept());
    // Taken out first, so that the order is that of the newest.
    this.newest.delete(kind);
    this.newest.set(kind, frame);
  }

  /** Calls back once what waits now was taken: one callback for all, since one per message is slow to cancel. */
  whenDrained(run: () => void): void {
    this.socket.ping(undefined, undefined, run);
  }

  private readOn(): void {
    this.answeredBytes = 0;
    this.socket.resume();
  }

  private tellKept(): void {
    for (const frame of this.newest.values()) this.send(frame);
    this.newest.clear();
  }
}

/** What news is about: later news of the same replaces it. */
export function kindOf({ method, params }: GlobalNotification | ThreadNotification): string {
  if ('thread' in params) return `${method} ${params.thread.id}`;
  return 'threadId' in params ? `${method} ${params.threadId}` : method;
}
