import type { Thread } from './thread.ts';

/** The connections that follow a thread. */
export interface Followers {
  count(threadId: string): number;
  /** Whether one of them has not been sent everything yet. */
  isLagging(threadId: string): boolean;
  /** They keep their place; nothing comes until the thread wakes. */
  sleep(threadId: string): void;
  /** They go on from the event after `seq`. */
  wake(thread: Thread, seq: number): void;
  /** They go on with a thread that was read anew, from a snapshot. */
  move(thread: Thread): void;
  tellPresence(thread: Thread): void;
}
