import type { Encoding } from '../../machines/protocol/frames.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import type { Clock } from '../deps.ts';
import { FeedEntry, type ThreadFeed } from '../threads/thread-feed.ts';

/** Where a follower's frames go. */
export interface FrameSink {
  readonly encoding: Encoding;
  /** Whether so much waits for this client already that nothing more is sent until it took some. */
  readonly isClogged: boolean;
  /** Takes one event; the frame is shared by all followers of this encoding. */
  deliver(event: ThreadNotification, frame: Uint8Array | string): void;
  /** Calls back once, when the client has taken what waited. */
  whenDrained(run: () => void): void;
}

/**
 * One client's place in a thread's stream. A slow client only keeps its place: nobody waits for it and nothing is kept
 * for it. What it missed comes as merged deltas while that is at hand, and after that as a snapshot (DESIGN §3).
 *
 * A snapshot may be large and the client so slow that it lags again as soon as it has it. So after one that took N ms
 * to be taken the next comes N ms later at the earliest, unless the thread rests: what a slow client reads is at most to
 * one half snapshots, and the last of them is the thread's last state.
 */
export class Follower {
  private seq = 0;
  private isWaiting = false;
  private isStopped = false;
  /** When the last snapshot was sent, and from when on there may be another. */
  private jumpedAtMs: number | null = null;
  private nextJumpAtMs = 0;
  private pause: unknown = null;
  private unfollow: () => void = () => {};

  constructor(
    private readonly feed: ThreadFeed,
    private readonly sink: FrameSink,
    private readonly clock: Clock,
  ) {}

  /** Follows from the event after `seq` on. */
  start(seq: number): void {
    if (this.isStopped) return;
    this.seq = seq;
    this.unfollow = this.feed.follow(() => this.pump());
    this.pump();
  }

  /** Whether it has not been sent everything yet. */
  get isLagging(): boolean {
    return this.seq < this.feed.seq;
  }

  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.pause);
    this.unfollow();
  }

  private pump(): void {
    if (this.isWaiting) return;
    while (!this.isStopped && this.seq < this.feed.seq) {
      if (this.sink.isClogged) return this.wait();
      const entry = this.feed.hasLost(this.seq) ? this.jump() : this.feed.nextMerged(this.seq);
      if (!entry) return;
      this.seq = entry.seq;
      this.sink.deliver(entry.event, entry.frame(this.sink.encoding));
    }
  }

  private wait(): void {
    this.isWaiting = true;
    this.sink.whenDrained(() => {
      this.isWaiting = false;
      this.measureJump();
      this.pump();
    });
  }

  private measureJump(): void {
    if (this.jumpedAtMs === null) return;
    const nowMs = this.clock.now();
    this.nextJumpAtMs = nowMs + (nowMs - this.jumpedAtMs);
    this.jumpedAtMs = null;
  }

  /** The thread's state as one event; null while it is too soon for that. */
  private jump(): FeedEntry | null {
    const { snapshot, seq } = this.feed;
    const nowMs = this.clock.now();
    if (nowMs < this.nextJumpAtMs && !isAtRest(snapshot)) {
      this.pause ??= this.clock.setTimeout(() => {
        this.pause = null;
        this.pump();
      }, this.nextJumpAtMs - nowMs);
      return null;
    }
    this.jumpedAtMs = nowMs;
    const params = { threadId: snapshot.thread.id, snapshot };
    return new FeedEntry(seq, { method: 'thread/snapshot', params }, nowMs);
  }
}

/** Whether nothing more comes until somebody does something: no turn runs, or it waits for a person. */
function isAtRest({ thread: { status } }: ThreadSnapshot): boolean {
  return status.type !== 'active' || status.activeFlags.length > 0;
}
