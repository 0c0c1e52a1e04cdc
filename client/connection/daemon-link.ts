import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { ParamsIn, ResultOf, Schema } from '../../machines/protocol/define.ts';
import { globalNotifications } from '../../machines/protocol/index.ts';
import { privateNotifications } from '../../machines/protocol/machine-methods.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { threadUnsubscribe } from '../../machines/protocol/methods/thread.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { isFinal } from './connect-error.ts';
import type { Connection, ConnectionEvents } from './connection.ts';
import { ThreadFollower, threadIdOf } from './followed-thread.ts';
import { pause, REQUEST_LIMIT_MS, withLimit } from './limits.ts';
import type { DaemonLink, FollowedThread, FollowOptions, LinkState, UnthreadedNotification } from './link.ts';
import { backOffMs, isRepeatable } from './reconnect.ts';

export interface LinkOptions {
  /** Opens one connection; `mayStart` says whether a missing daemon may be started for it. */
  readonly connect: (events: ConnectionEvents, mayStart: boolean) => Promise<Connection>;
  /** Whether a daemon that died is started again. One that was stopped on purpose is only waited for, until a call needs it. */
  readonly autostart: boolean;
  /** A link that is down for longer is closed; `Infinity` keeps trying. */
  readonly giveUpAfterMs: number;
}

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the first connection and keeps there being one.
 * @throws ConnectError when the first connection cannot be had
 */
export async function openLink(options: LinkOptions): Promise<DaemonLink> {
  const link = new Link(options);
  await link.open();
  return link;
}

class Link implements DaemonLink {
  private connection: Connection | null = null;
  private current: LinkState = { kind: 'reconnecting', sinceMs: Date.now(), attempt: 1 };
  private mayStart: boolean;
  private readonly ending = new AbortController();
  private readonly followers = new Set<ThreadFollower>();
  private readonly waiters = new Set<Waiter>();
  private readonly stateListeners = new Set<(state: LinkState) => void>();
  private readonly globalListeners = new Set<(notification: UnthreadedNotification) => void>();
  private readonly events: ConnectionEvents = {
    notified: (message) => this.route(message),
    closed: (connection, why) => {
      if (connection && connection === this.connection) void this.reconnect(why);
    },
  };

  constructor(private readonly options: LinkOptions) {
    this.mayStart = options.autostart;
  }

  get state(): LinkState {
    return this.current;
  }

  get clientId(): string | null {
    return this.connection?.hello.daemon?.clientId ?? null;
  }

  get folder(): string | null {
    return this.connection?.hello.daemon?.cwd ?? null;
  }

  async open(): Promise<void> {
    this.connected(await this.options.connect(this.events, this.mayStart));
  }

  async request<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
  ): Promise<ResultOf<{ result: Result }>> {
    return this.retrying(isRepeatable(definition.method, params), (connection) =>
      withLimit(
        connection.peer.request(definition, params),
        REQUEST_LIMIT_MS,
        `the daemon did not answer ${definition.method}`,
      ),
    );
  }

  async follow(threadId: string, options: FollowOptions): Promise<FollowedThread> {
    const follower = new ThreadFollower(threadId, options);
    this.followers.add(follower);
    try {
      await this.retrying(true, ({ peer }) => (follower.current ? Promise.resolve() : follower.attach(peer)));
    } catch (error) {
      this.followers.delete(follower);
      throw error;
    }
    return followedThread(follower, () => this.unfollow(follower));
  }

  onGlobal(listener: (notification: UnthreadedNotification) => void): () => void {
    this.globalListeners.add(listener);
    return () => this.globalListeners.delete(listener);
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  close(): void {
    this.end('this client closed its link');
  }

  /** Runs a call, and once more per new connection when it may be repeated. */
  private async retrying<T>(mayRepeat: boolean, call: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.whenConnected();
      try {
        return await call(connection);
      } catch (error) {
        const wasCut = error instanceof RpcError && error.errorName === 'connectionClosed';
        if (!wasCut || !mayRepeat || this.current.kind === 'closed') throw error;
      }
    }
  }

  private async unfollow(follower: ThreadFollower): Promise<void> {
    this.followers.delete(follower);
    const isLast = ![...this.followers].some(({ threadId }) => threadId === follower.threadId);
    if (isLast && this.connection) await this.request(threadUnsubscribe, { threadId: follower.threadId });
  }

  private whenConnected(): Promise<Connection> {
    if (this.connection) return Promise.resolve(this.connection);
    if (this.current.kind === 'closed') return Promise.reject(new RpcError('connectionClosed', this.current.why));
    this.mayStart = this.options.autostart; // somebody needs the daemon now
    let waiter: Waiter | undefined;
    const next = new Promise<Connection>((resolve, reject) => {
      waiter = { resolve, reject };
      this.waiters.add(waiter);
    });
    return withLimit(next, REQUEST_LIMIT_MS, 'the daemon did not come back').finally(() => {
      if (waiter) this.waiters.delete(waiter);
    });
  }

  private async reconnect(why: string): Promise<void> {
    this.connection = null;
    const sinceMs = Date.now();
    for (let attempt = 1; !this.ending.signal.aborted; attempt++) {
      this.become({ kind: 'reconnecting', sinceMs, attempt });
      await pause(backOffMs(attempt, Math.random()), this.ending.signal);
      if (this.ending.signal.aborted) return;
      try {
        const connection = await this.options.connect(this.events, this.mayStart);
        await this.attachAgain(connection);
        if (!connection.isClosed) {
          this.connected(connection);
          return;
        }
      } catch (error) {
        if (isFinal(error)) this.end(messageOf(error));
        if (Date.now() - sinceMs > this.options.giveUpAfterMs) this.end(`${why}; ${messageOf(error)}`);
      }
    }
  }

  private async attachAgain({ peer }: Connection): Promise<void> {
    for (const follower of this.followers) {
      if (!follower.current) continue; // its first attach repeats itself
      try {
        await follower.attach(peer);
      } catch (error) {
        if (!(error instanceof RpcError) || error.errorName === 'connectionClosed') throw error;
        follower.lose();
      }
    }
  }

  private connected(connection: Connection): void {
    if (this.ending.signal.aborted) {
      connection.close();
      return;
    }
    // It may have gone before it became this link's own; nobody would tell any more.
    if (connection.isClosed) {
      void this.reconnect('the connection was lost');
      return;
    }
    this.connection = connection;
    this.mayStart = this.options.autostart;
    this.become({ kind: 'connected' });
    for (const { resolve } of [...this.waiters]) resolve(connection);
    this.waiters.clear();
  }

  private end(why: string): void {
    if (this.current.kind === 'closed') return;
    this.ending.abort();
    const { connection } = this;
    this.connection = null;
    connection?.close();
    this.become({ kind: 'closed', why });
    for (const { reject } of [...this.waiters]) reject(new RpcError('connectionClosed', why));
    this.waiters.clear();
  }

  private become(state: LinkState): void {
    this.current = state;
    for (const listener of [...this.stateListeners]) listener(state);
  }

  private route(message: NotificationMessage): void {
    if (isUnthreaded(message.method)) {
      if (message.method === 'daemon/stopping') this.mayStart = false;
      // Clients trust the daemon: what it sends is what it declared.
      const notification = message as UnthreadedNotification;
      for (const listener of [...this.globalListeners]) listener(notification);
      return;
    }
    const threadId = threadIdOf(message);
    for (const follower of this.followers) if (follower.threadId === threadId) follower.receive(message);
  }
}

const isUnthreaded = (method: string): boolean =>
  Object.hasOwn(globalNotifications, method) || Object.hasOwn(privateNotifications, method);

function followedThread(follower: ThreadFollower, stop: () => Promise<void>): FollowedThread {
  const first = follower.current;
  if (!first) throw new Error('a thread is followed only after its first attach');
  return {
    threadId: follower.threadId,
    get current(): ThreadSnapshot {
      return follower.current ?? first;
    },
    stop,
  };
}
