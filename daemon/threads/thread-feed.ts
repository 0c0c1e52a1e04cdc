import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { type Encoding, encode } from '../../machines/protocol/frames.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { mergeDeltas } from '../../machines/protocol/merge-deltas.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';

/** One numbered event of a thread. It is encoded once per encoding, and those bytes go to every follower. */
export class FeedEntry {
  private readonly frames: { msgpack?: Uint8Array; json?: string } = {};

  constructor(
    readonly seq: number,
    readonly event: ThreadNotification,
    readonly emittedAtMs: number,
    /** First number of those that it stands for; its own, unless deltas were merged. */
    readonly firstSeq = seq,
  ) {}

  frame(encoding: Encoding): Uint8Array | string {
    const { seq, firstSeq, emittedAtMs } = this;
    const position = firstSeq === seq ? { seq } : { seq, firstSeq };
    this.frames[encoding] ??= encode({ ...this.event, ...position, emittedAtMs }, encoding) as never;
    return this.frames[encoding] as Uint8Array | string;
  }

  /** Lets go of large frames once those who keep up were told: the others are few, and would pin them for long. */
  forgetLargeFrames(): void {
    if ((this.frames.msgpack?.length ?? 0) > LARGE_FRAME_BYTES) delete this.frames.msgpack;
    if ((this.frames.json?.length ?? 0) > LARGE_FRAME_BYTES) delete this.frames.json;
  }
}

/** How much stays at hand for followers that lag or come back; what is older is answered with a snapshot. */
const RING_ENTRIES = 4_096;
const RING_BYTES = 4 * 1024 * 1024;
const LARGE_FRAME_BYTES = 64 * 1024;
/** What an event other than a delta counts as; most are smaller. */
const EVENT_BYTES = 1_024;

/** A thread's stream of numbered events, and the state they fold to. */
export class ThreadFeed {
  private readonly ring: FeedEntry[] = [];
  private ringBytes = 0;
  private readonly followers = new Set<() => void>();

  /**
   * @param reserve makes sure that a number may be given, before it is (DESIGN §3)
   * @param lastSeq the last number that was or may have been given
   * @param published told of every event after the followers were
   */
  constructor(
    private state: ThreadSnapshot,
    private lastSeq: number,
    private readonly now: () => number,
    private readonly reserve: (seq: number) => void,
    private readonly published: (entry: FeedEntry) => void,
  ) {}

  get snapshot(): ThreadSnapshot {
    return this.state;
  }

  get seq(): number {
    return this.lastSeq;
  }

  /** Numbers, folds and hands on one event. What is durable about it must be in the log already. */
  publish(event: ThreadNotification): void {
    this.reserve(this.lastSeq + 1);
    this.lastSeq += 1;
    this.state = foldThread(this.state, event);
    const entry = new FeedEntry(this.lastSeq, event, this.now());
    this.remember(entry);
    for (const wake of this.followers) wake();
    this.published(entry);
    entry.forgetLargeFrames();
  }

  /** The events after a number, oldest first; null when they are no longer (or were never) at hand. */
  after(seq: number): readonly FeedEntry[] | null {
    if (seq === this.lastSeq) return [];
    const first = this.ring[0];
    if (!first || seq < first.seq - 1 || seq > this.lastSeq) return null;
    return this.ring.slice(seq - first.seq + 1);
  }

  /** The event after a number, or undefined. */
  next(seq: number): FeedEntry | undefined {
    const first = this.ring[0];
    return first ? this.ring[seq + 1 - first.seq] : undefined;
  }

  /** The event after a number; when more wait, with the deltas of the same item behind it merged into one. */
  nextMerged(seq: number): FeedEntry | undefined {
    const first = this.next(seq);
    if (!first || first.seq === this.lastSeq) return first;
    const merged = mergeDeltas(this.eventsAfter(seq));
    const last = merged && merged.count > 1 ? this.next(seq + merged.count - 1) : undefined;
    return merged && last ? new FeedEntry(last.seq, merged.event, last.emittedAtMs, first.seq) : first;
  }

  /** Whether the event after a number is gone from memory, so that only a snapshot helps. */
  hasLost(seq: number): boolean {
    const first = this.ring[0];
    return seq < this.lastSeq && (!first || seq + 1 < first.seq);
  }

  private *eventsAfter(seq: number): Iterable<ThreadNotification> {
    for (let at = seq; ; at += 1) {
      const entry = this.next(at);
      if (!entry) return;
      yield entry.event;
    }
  }

  private remember(entry: FeedEntry): void {
    this.ring.push(entry);
    this.ringBytes += sizeOf(entry);
    if (this.ring.length <= RING_ENTRIES && this.ringBytes <= RING_BYTES) return;
    // A quarter at once, so that the array is not moved for every event.
    const dropped = this.ring.splice(0, Math.ceil(this.ring.length / 4));
    this.ringBytes -= dropped.reduce((sum, old) => sum + sizeOf(old), 0);
  }

  /** @param wake called after every event */
  follow(wake: () => void): () => void {
    this.followers.add(wake);
    return () => this.followers.delete(wake);
  }
}

function sizeOf({ event: { params } }: FeedEntry): number {
  return 'delta' in params ? EVENT_BYTES + params.delta.length : EVENT_BYTES;
}
