import type {
  DaemonLink,
  FollowedThread,
  FollowOptions,
  LinkState,
  UnthreadedNotification,
} from '../../client/connection/link.ts';
import type { ErrorName } from '../../machines/core/errors.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** One call that the interface made. */
export interface ScriptedCall {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Answers a call: a result, a failure to throw, or a promise of either. */
export type ScriptedAnswer = (params: Readonly<Record<string, unknown>>) => unknown;

interface Followed {
  snapshot: ThreadSnapshot;
  seq: number;
  options: FollowOptions | null;
}

/** A link to a daemon that does what a test says: threads in memory, events by hand, every call on record. */
export class ScriptedLink implements DaemonLink {
  state: LinkState = { kind: 'connected' };
  folder: string | null = null;
  clientId: string | null = 'client-1';
  readonly calls: ScriptedCall[] = [];
  private readonly threads = new Map<string, Followed>();
  private readonly answers = new Map<string, ScriptedAnswer>();
  private readonly stateListeners = new Set<(state: LinkState) => void>();
  private readonly globalListeners = new Set<(notification: UnthreadedNotification) => void>();
  private readonly callWaiters = new Set<() => void>();

  constructor(...snapshots: readonly ThreadSnapshot[]) {
    for (const snapshot of snapshots) this.addThread(snapshot);
  }

  addThread(snapshot: ThreadSnapshot): void {
    this.threads.set(snapshot.thread.id, { snapshot, seq: 0, options: null });
  }

  /** Answers a method from now on. Without an answer a call gets `{}`. */
  answer(method: string, answer: ScriptedAnswer): void {
    this.answers.set(method, answer);
  }

  /** Rejects a method from now on. */
  refuse(method: string, errorName: ErrorName, message: string): void {
    this.answer(method, () => {
      throw new RpcError(errorName, message);
    });
  }

  /** An event of a thread: folded, then told to the follower. */
  emit(threadId: string, event: ThreadNotification): void {
    const followed = this.followed(threadId);
    followed.snapshot = foldThread(followed.snapshot, event);
    followed.seq += 1;
    const { snapshot, seq } = followed;
    followed.options?.onUpdate({ kind: 'event', event, snapshot, seq });
  }

  /** A new snapshot instead of events, as after a lag. */
  replace(snapshot: ThreadSnapshot): void {
    const followed = this.followed(snapshot.thread.id);
    Object.assign(followed, { snapshot, seq: followed.seq + 1 });
    followed.options?.onUpdate({ kind: 'snapshot', snapshot, seq: followed.seq });
  }

  snapshotOf(threadId: string): ThreadSnapshot {
    return this.followed(threadId).snapshot;
  }

  isFollowed(threadId: string): boolean {
    return this.followed(threadId).options !== null;
  }

  setState(state: LinkState, clientId = this.clientId): void {
    this.state = state;
    this.clientId = clientId;
    for (const listener of this.stateListeners) listener(state);
  }

  announce(notification: UnthreadedNotification): void {
    for (const listener of this.globalListeners) listener(notification);
  }

  /** The next call of a method that was not taken yet; waits for it. */
  async nextCall(method: string): Promise<ScriptedCall> {
    const deadline = Date.now() + WAIT_LIMIT_MS;
    for (;;) {
      const at = this.calls.findIndex((call) => call.method === method);
      if (at >= 0) return this.calls.splice(at, 1)[0] as ScriptedCall;
      await this.waitForCall(method, deadline - Date.now());
    }
  }

  async request(definition: { readonly method: string }, params: unknown): Promise<never> {
    const call = { method: definition.method, params: params as ScriptedCall['params'] };
    this.calls.push(call);
    for (const waiter of this.callWaiters) waiter();
    return (await (this.answers.get(call.method)?.(call.params) ?? {})) as never;
  }

  async follow(threadId: string, options: FollowOptions): Promise<FollowedThread> {
    const followed = this.threads.get(threadId);
    if (!followed) throw new RpcError('threadNotFound', `no thread ${threadId}`);
    followed.options = options;
    options.onUpdate({ kind: 'snapshot', snapshot: followed.snapshot, seq: followed.seq });
    return {
      threadId,
      get current() {
        return followed.snapshot;
      },
      stop: async () => {
        followed.options = null;
      },
    };
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
    this.setState({ kind: 'closed', why: 'closed by the client' });
  }

  private followed(threadId: string): Followed {
    const followed = this.threads.get(threadId);
    if (!followed) throw new Error(`the script has no thread ${threadId}`);
    return followed;
  }

  private waitForCall(method: string, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        clearTimeout(timer);
        this.callWaiters.delete(arrived);
        act();
      };
      const arrived = settle(resolve);
      const timer = setTimeout(
        settle(() => reject(new Error(`no call of ${method} came`))),
        limitMs,
      );
      this.callWaiters.add(arrived);
    });
  }
}
