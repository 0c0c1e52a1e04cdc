import type { RpcError } from '../../machines/core/errors.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { type LinePayload, SEQ_BLOCK } from '../../machines/thread/rollout-line.ts';
import type { Rollout } from '../store/rollout.ts';
import { type FeedEntry, ThreadFeed } from './thread-feed.ts';

/** A thread's log and its stream of events, in the one order that is allowed: first the log, then the clients. */
export class ThreadJournal {
  readonly feed: ThreadFeed;
  private hasFailed = false;

  /**
   * @param seqReserved highest number that an earlier life may have given
   * @param lastSeq the last number that was or may have been given: in a new life the highest reserved one
   * @param onFailure told once, when the log takes no more lines
   */
  constructor(
    private readonly log: Rollout,
    snapshot: ThreadSnapshot,
    private seqReserved: number,
    now: () => number,
    private readonly onFailure: (error: RpcError) => void,
    published: (entry: FeedEntry) => void,
    lastSeq: number,
  ) {
    this.feed = new ThreadFeed(snapshot, lastSeq, now, (seq) => this.reserve(seq), published);
  }

  /** Writes lines, then announces. False when they cannot be written; then nothing was announced. */
  record(lines: readonly LinePayload[], ...events: readonly ThreadNotification[]): boolean {
    if (!this.write(lines)) return false;
    for (const event of events) this.feed.publish(event);
    return true;
  }

  /** Announces what is not in the log: deltas, status, presence, notices. */
  announce(event: ThreadNotification): void {
    // A number that is not reserved could be given again after a restart: rather say no more.
    if (this.hasFailed && this.feed.seq >= this.seqReserved) return;
    this.feed.publish(event);
  }

  get rollout(): Rollout {
    return this.log;
  }

  private write(lines: readonly LinePayload[]): boolean {
    try {
      this.log.append(lines);
      return true;
    } catch (error) {
      // `append` throws nothing else, and the same error for every line after the first that failed.
      if (!this.hasFailed) this.onFailure(error as RpcError);
      this.hasFailed = true;
      return false;
    }
  }

  /** Numbers are reserved half a block ahead, so that a log which just broke can still be told about. */
  private reserve(seq: number): void {
    if (seq + SEQ_BLOCK / 2 <= this.seqReserved) return;
    const upTo = seq + SEQ_BLOCK;
    if (this.write([{ type: 'codex_daemon', payload: { kind: 'seq', upTo } }])) this.seqReserved = upTo;
  }
}
