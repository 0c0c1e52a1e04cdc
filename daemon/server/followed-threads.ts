import { RpcError } from '../../machines/core/errors.ts';
import type { Presence } from '../../machines/protocol/types/thread.ts';
import type { Clock } from '../deps.ts';
import type { Thread } from '../threads/thread.ts';
import { Follower, type FrameSink } from './follower.ts';

interface Followed {
  /** Null while the thread sleeps: who follows it must not hold it in memory. */
  readonly live: { readonly thread: Thread; readonly follower: Follower } | null;
  readonly role: Presence['role'];
  readonly sinceMs: number;
}

/** The threads that one client follows, and its place in the stream of each. */
export class FollowedThreads {
  private readonly followed = new Map<string, Followed>();

  /** @param max how many at once */
  constructor(
    private readonly sink: FrameSink,
    private readonly clock: Clock,
    private readonly max: number,
  ) {}

  get ids(): readonly string[] {
    return [...this.followed.keys()];
  }

  has(threadId: string): boolean {
    return this.followed.has(threadId);
  }

  /** As what it follows, and since when; undefined: it does not. */
  stateOf(threadId: string): Pick<Followed, 'role' | 'sinceMs'> | undefined {
    return this.followed.get(threadId);
  }

  /** A thread that it follows and that is in memory. */
  loaded(threadId: string): Thread | undefined {
    return this.followed.get(threadId)?.live?.thread;
  }

  /** Takes up a thread, or takes it up again. Nothing comes before the follower is started. */
  take(thread: Thread, role: Presence['role']): Follower {
    const before = this.followed.get(thread.id);
    before?.live?.follower.stop();
    const sinceMs = before?.sinceMs ?? this.clock.now();
    const follower = new Follower(thread.feed, this.sink, this.clock);
    this.followed.set(thread.id, { live: { thread, follower }, role, sinceMs });
    return follower;
  }

  /** Keeps its place in a thread that is let go of for a while. */
  sleep(threadId: string): void {
    const followed = this.followed.get(threadId);
    followed?.live?.follower.stop();
    if (followed) this.followed.set(threadId, { ...followed, live: null });
  }

  /** Whether it has not been sent everything yet. */
  isLagging(threadId: string): boolean {
    return this.followed.get(threadId)?.live?.follower.isLagging ?? false;
  }

  /** @returns whether it followed the thread */
  leave(threadId: string): boolean {
    this.followed.get(threadId)?.live?.follower.stop();
    return this.followed.delete(threadId);
  }

  /**
   * Called before a thread is made or loaded to be followed.
   * @param threadId null for one that is yet to be made
   * @throws RpcError limitReached
   */
  requireRoomFor(threadId: string | null): void {
    if (this.followed.size < this.max || (threadId !== null && this.followed.has(threadId))) return;
    throw new RpcError(
      'limitReached',
      `one connection follows at most ${this.max} threads (daemon.max_subscriptions): leave one first`,
      { data: { limit: 'daemon.max_subscriptions', max: this.max } },
    );
  }
}
