import { SimulatedClock } from 'xstate';
import { Follower, type FrameSink } from '../../daemon/server/follower.ts';
import type { ThreadFeed } from '../../daemon/threads/thread-feed.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { decode, type Encoding } from '../../machines/protocol/frames.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';

/** A client of a thread's feed that can stop reading, go away and come back; it believes only what it reads. */
export class FeedClient implements FrameSink {
  isClogged = false;
  state: ThreadSnapshot | null = null;
  seq: number | null = null;
  /** Every frame that came, as it came. */
  readonly frames: (Uint8Array | string)[] = [];
  /** What came that should not have: a number twice, or a gap without a snapshot. */
  readonly faults: string[] = [];
  readonly jumps: number[] = [];
  /** How many events came as parts of merged ones. */
  merged = 0;
  private follower: Follower | null = null;
  private drained: (() => void) | null = null;

  constructor(
    private readonly feed: ThreadFeed,
    readonly encoding: Encoding,
    private readonly clock = new SimulatedClock(),
  ) {}

  get isAttached(): boolean {
    return this.follower !== null;
  }

  /** As the daemon answers `thread/attach`: the missing events, or one snapshot. */
  attach(): void {
    if (this.follower) return;
    const missing = this.seq === null ? null : this.feed.after(this.seq);
    if (missing) for (const entry of missing) this.read(entry.frame(this.encoding));
    else {
      this.state = structuredClone(this.feed.snapshot);
      this.seq = this.feed.seq;
    }
    this.follower = new Follower(this.feed, this, this.clock);
    this.follower.start(this.feed.seq);
  }

  leave(): void {
    this.follower?.stop();
    this.follower = null;
    this.drain();
  }

  drain(): void {
    this.isClogged = false;
    const run = this.drained;
    this.drained = null;
    run?.();
  }

  deliver(_event: ThreadNotification, frame: Uint8Array | string): void {
    if (this.isClogged) this.faults.push('an event came though nothing could be taken');
    this.frames.push(frame);
    this.read(frame);
  }

  whenDrained(run: () => void): void {
    if (this.drained) this.faults.push('waits twice');
    this.drained = run;
  }

  private read(frame: Uint8Array | string): void {
    const event = decode(frame) as ThreadNotification & { readonly seq: number; readonly firstSeq?: number };
    const last = this.seq ?? Number.NaN;
    const isJump = event.method === 'thread/snapshot' && event.seq > last;
    if (isJump && event.seq !== last + 1) this.jumps.push(event.seq);
    if (!isJump && (event.firstSeq ?? event.seq) !== last + 1)
      this.faults.push(`${event.method} ${event.seq} came after ${last}`);
    if (event.firstSeq !== undefined) this.merged += event.seq - event.firstSeq + 1;
    if (this.state) this.state = foldThread(this.state, event);
    this.seq = event.seq;
  }
}
