import type { ParamsIn, ResultOf, Schema } from '../../machines/protocol/define.ts';
import type { GlobalNotification, ThreadNotification } from '../../machines/protocol/index.ts';
import type { PrivateNotification } from '../../machines/protocol/machine-methods.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';

/** An end that can be called. */
export type Caller = Pick<Peer, 'request'>;

/** What belongs to no thread: told to every client, or to this one of what it started itself. */
export type UnthreadedNotification = GlobalNotification | PrivateNotification;

/** How the connection to the daemon is doing. */
export type LinkState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'reconnecting'; readonly sinceMs: number; readonly attempt: number }
  | { readonly kind: 'closed'; readonly why: string };

/** One step of a followed thread: a fresh snapshot (attach, lag), or one event and the state after it. */
export type ThreadUpdate =
  | { readonly kind: 'snapshot'; readonly snapshot: ThreadSnapshot; readonly seq: number }
  | {
      readonly kind: 'event';
      readonly event: ThreadNotification;
      readonly snapshot: ThreadSnapshot;
      readonly seq: number;
    };

export interface FollowOptions {
  readonly role: 'operator' | 'observer';
  readonly onUpdate: (update: ThreadUpdate) => void;
}

/** A followed thread. It outlives reconnects: the link attaches again from the last `seq`. */
export interface FollowedThread {
  readonly threadId: string;
  readonly current: ThreadSnapshot;
  /** Stops following and unsubscribes. */
  stop(): Promise<void>;
}

/** A client's link to the daemon: calls, followed threads, and by itself a new connection when one is lost. */
export interface DaemonLink {
  readonly state: LinkState;
  /** This client's id at the daemon, or null when the server is the reference's. */
  readonly clientId: string | null;
  /** The folder in which this client's turns run when they name none, as the server told; null when it did not. */
  readonly folder: string | null;
  /**
   * Calls the daemon. While reconnecting the call waits for the new connection (up to its limit).
   * @throws RpcError as the method declares, `connectionClosed` when the link is gone
   */
  request<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
  ): Promise<ResultOf<{ result: Result }>>;
  /** Attaches without a gap and folds from there (thread/attach, DESIGN §3). */
  follow(threadId: string, options: FollowOptions): Promise<FollowedThread>;
  /** Notifications that belong to no thread. Returns the way to stop listening. */
  onGlobal(listener: (notification: UnthreadedNotification) => void): () => void;
  onState(listener: (state: LinkState) => void): () => void;
  close(): void;
}
