import { type Encoding, encode } from '../../machines/protocol/frames.ts';
import type { GlobalNotification } from '../../machines/protocol/index.ts';
import type { Followers } from '../threads/followers.ts';
import type { Thread } from '../threads/thread.ts';
import type { FeedEntry } from '../threads/thread-feed.ts';
import type { Connection } from './connection.ts';

/** Events of a thread that every client hears, also those that do not follow it (protocol.md §6). */
const TOLD_TO_ALL: ReadonlySet<string> = new Set([
  'thread/started',
  'thread/status/changed',
  'thread/name/updated',
  'thread/closed',
  'thread/goal/updated',
  'thread/goal/cleared',
]);

/** The attached clients, and who hears what. */
export class Broadcast {
  readonly connections = new Set<Connection>();

  constructor(private readonly now: () => number) {}

  /** The connections that follow a thread, as the registry of threads deals with them. */
  readonly followers: Followers = {
    count: (threadId) => this.followersOf(threadId).length,
    isLagging: (threadId) => this.followersOf(threadId).some((connection) => connection.threads.isLagging(threadId)),
    sleep: (threadId) => {
      for (const connection of this.followersOf(threadId)) connection.threads.sleep(threadId);
    },
    wake: (thread, seq) => {
      for (const connection of this.followersOf(thread.id)) connection.refollow(thread, seq);
    },
    move: (thread) => this.moveFollowers(thread),
    tellPresence: (thread) => this.presence(thread),
  };

  followersOf(threadId: string): Connection[] {
    return [...this.connections].filter((connection) => connection.threads.has(threadId));
  }

  /** Tells every client, encoding once per encoding. */
  toAll(notification: GlobalNotification): void {
    const frames: Partial<Record<Encoding, Uint8Array | string>> = {};
    for (const connection of this.connections) {
      frames[connection.encoding] ??= encode({ ...notification, emittedAtMs: this.now() }, connection.encoding);
      connection.notify(notification, frames[connection.encoding] as Uint8Array | string);
    }
  }

  /** Passes a thread's event on to those who do not follow it, where it concerns them. */
  threadEvent(threadId: string, entry: FeedEntry): void {
    if (!TOLD_TO_ALL.has(entry.event.method)) return;
    for (const connection of this.connections) {
      if (!connection.threads.has(threadId)) connection.notify(entry.event, entry.frame(connection.encoding));
    }
  }

  /** Number 0 is older than all that a thread has, so a snapshot comes first. */
  private moveFollowers(thread: Thread): void {
    for (const connection of this.followersOf(thread.id)) connection.refollow(thread, 0);
    this.presence(thread);
  }

  /** Tells a thread's followers who is attached now. */
  presence(thread: Thread): void {
    const presence = [...this.connections].flatMap((connection) => connection.presenceIn(thread) ?? []);
    thread.journal.announce({ method: 'presence/changed', params: { threadId: thread.id, presence } });
  }
}
