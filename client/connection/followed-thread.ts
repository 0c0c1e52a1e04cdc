import { RpcError } from '../../machines/core/errors.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { type ThreadNotification, threadNotifications } from '../../machines/protocol/index.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { threadAttach } from '../../machines/protocol/methods/thread.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import type { Caller, FollowOptions } from './link.ts';

/** What is known of a thread: every event up to `seq` is in `snapshot`. */
interface Known {
  readonly snapshot: ThreadSnapshot;
  readonly seq: number;
}

/**
 * Keeps one thread's state in step with the daemon: each event once, in order, over any number of connections.
 * Events that are known already are dropped; a hole makes it attach again.
 */
export class ThreadFollower {
  private known: Known | null = null;
  /** Events that arrived while an attach was under way; null when none is. */
  private held: NotificationMessage[] | null = null;
  private attempt = 0;
  private peer: Caller | null = null;

  constructor(
    readonly threadId: string,
    private readonly options: FollowOptions,
  ) {}

  /** The state, or null before the first attach has been answered. */
  get current(): ThreadSnapshot | null {
    return this.known?.snapshot ?? null;
  }

  /**
   * Attaches over a connection, from the last known event on.
   * @param fromScratch asks for a snapshot even though events are known
   * @throws RpcError `threadNotFound`, `connectionClosed` …
   */
  async attach(peer: Caller, fromScratch = false): Promise<void> {
    this.attempt += 1;
    const attempt = this.attempt;
    this.peer = peer;
    this.held = [];
    const afterSeq = fromScratch ? null : (this.known?.seq ?? null);
    const params = { threadId: this.threadId, role: this.options.role, ...(afterSeq === null ? {} : { afterSeq }) };
    const answer = await peer.request(threadAttach, params);
    if (attempt !== this.attempt) return; // a newer attach, over a newer connection, took over

    if (answer.snapshot) this.replace(answer.snapshot, (answer.events[0]?.seq ?? answer.seq + 1) - 1);
    for (const event of answer.events) if (event.seq > (this.known?.seq ?? 0)) this.take(event);
    if (this.known) this.known = { ...this.known, seq: Math.max(this.known.seq, answer.seq) };
    const held: readonly NotificationMessage[] = this.held;
    this.held = null;
    for (const message of held) this.receive(message);
  }

  /** Takes a notification of this thread, from the connection last attached over. */
  receive(message: NotificationMessage): void {
    if (this.held) {
      this.held.push(message);
      return;
    }
    if (!this.known) return;
    const { seq } = message;
    if (seq === undefined) {
      // A server without our extension numbers nothing; then the order of arrival is all there is.
      this.take({ ...message, seq: this.known.seq });
      return;
    }
    if (seq <= this.known.seq) return;
    const first = message.firstSeq ?? seq;
    const isNext = message.method === 'thread/snapshot' || first === this.known.seq + 1;
    if (isNext) this.take({ ...message, seq });
    else this.catchUp(first <= this.known.seq);
  }

  /** Tells the owner that the thread is gone: a restarted daemon does not know it (an ephemeral one). */
  lose(): void {
    if (this.known) this.take({ method: 'thread/closed', params: { threadId: this.threadId }, seq: this.known.seq });
  }

  /** A hole is filled by attaching again; a merged delta that overlaps what is known cannot be split, so all is asked for. */
  private catchUp(fromScratch: boolean): void {
    const peer = this.peer;
    if (!peer) return;
    this.attach(peer, fromScratch).catch((error: unknown) => {
      // A lost connection attaches again by itself once there is a new one.
      if (error instanceof RpcError && error.errorName === 'connectionClosed') return;
      this.lose();
    });
  }

  private replace(snapshot: ThreadSnapshot, seq: number): void {
    this.known = { snapshot, seq };
    this.options.onUpdate({ kind: 'snapshot', snapshot, seq });
  }

  /** Folds one event. One of a newer daemon, unknown here, still counts as seen. */
  private take({ method, params, seq }: { method: string; params?: unknown; seq: number }): void {
    if (!this.known || !Object.hasOwn(threadNotifications, method)) {
      if (this.known) this.known = { ...this.known, seq };
      return;
    }
    // Clients trust the daemon: what it sends is what it declared.
    const event = { method, params } as ThreadNotification;
    const snapshot = foldThread(this.known.snapshot, event);
    if (event.method === 'thread/snapshot') {
      this.replace(snapshot, seq);
      return;
    }
    this.known = { snapshot, seq };
    this.options.onUpdate({ kind: 'event', event, snapshot, seq });
  }
}

/** The thread that a notification belongs to, or null. */
export function threadIdOf({ method, params }: NotificationMessage): string | null {
  if (typeof params !== 'object' || params === null) return null;
  const { threadId, thread } = params as { threadId?: unknown; thread?: { id?: unknown } };
  const id = method === 'thread/started' ? thread?.id : threadId;
  return typeof id === 'string' ? id : null;
}
