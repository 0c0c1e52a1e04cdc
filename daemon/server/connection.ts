import type { WebSocket } from 'ws';
import { type ActorRefFrom, createActor, type InspectionEvent } from 'xstate';
import { connectionMachine } from '../../machines/connection/connection-machine.ts';
import { decode, type Encoding, encode } from '../../machines/protocol/frames.ts';
import {
  type ClientMethod,
  clientRequests,
  type GlobalNotification,
  ownNotifications,
  type ThreadNotification,
} from '../../machines/protocol/index.ts';
import type { PrivateNotification } from '../../machines/protocol/machine-methods.ts';
import type { WireMessage } from '../../machines/protocol/message.ts';
import type { RateLimits } from '../../machines/protocol/methods/account-limits.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import { type CallContext, Peer } from '../../machines/protocol/peer.ts';
import type { ClientTag } from '../../machines/protocol/types/item.ts';
import type { Presence } from '../../machines/protocol/types/thread.ts';
import type { Clock } from '../deps.ts';
import type { Limits } from '../limits.ts';
import type { Thread } from '../threads/thread.ts';
import { answerFor } from './ask-plain-client.ts';
import { FollowedThreads } from './followed-threads.ts';
import type { FrameSink } from './follower.ts';
import { kindOf, Outbox } from './outbox.ts';
import { PlainDialect } from './plain-dialect.ts';
import type { PlainEvent } from './plain-event.ts';
import { refuseMethod } from './refuse-method.ts';

/** What a client told of itself. */
export interface ClientFacts {
  readonly name: string;
  readonly version: string;
  readonly pid: number | null;
  readonly terminal: string | null;
  readonly environment: ClientEnvironment | null;
  /** Understands our own notifications, so approvals come as events and not as requests. */
  readonly speaksOurs: boolean;
  readonly optOut: ReadonlySet<string>;
}

/** Answers one call of a client (register.ts). */
export type Answer = (
  connection: Connection,
  method: ClientMethod,
  params: unknown,
  context: CallContext,
) => Promise<unknown> | unknown;

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly answer: Answer;
  /** What is known of the plan's limits; null: nothing. */
  readonly rateLimits: () => RateLimits | null;
  readonly inspect: (event: InspectionEvent) => void;
  readonly onInternalError: (error: unknown, method: string) => void;
  readonly onClosed: (connection: Connection) => void;
}

/** One attached client: its Peer, its machine, and what it follows. */
export class Connection implements FrameSink {
  readonly peer: Peer;
  readonly threads: FollowedThreads;
  /** Ids of the threads that it followed when it closed. */
  left: readonly string[] = [];
  facts: ClientFacts | null = null;
  lastActiveAtMs: number;
  private plain: PlainDialect | null = null;
  private readonly outbox: Outbox;
  private readonly actor: ActorRefFrom<typeof connectionMachine>;

  constructor(
    readonly clientId: string,
    readonly encoding: Encoding,
    private readonly socket: WebSocket,
    private readonly deps: ConnectionDeps,
  ) {
    this.lastActiveAtMs = deps.clock.now();
    this.outbox = new Outbox(socket, deps.limits.slowClientBytes);
    this.threads = new FollowedThreads(this, deps.clock, deps.limits.maxSubscriptions);
    this.peer = new Peer({
      transport: { send: (message) => this.send(message), close: () => socket.close() },
      definitionOf: (method) => (isClientMethod(method) ? clientRequests[method] : undefined),
      // The Peer answers declared methods only.
      answer: (method, params, context) => deps.answer(this, method as ClientMethod, params, context),
      notified: () => {},
      refuse: refuseMethod,
      onInternalError: deps.onInternalError,
      maxPendingIncoming: deps.limits.maxRequestsInFlight,
    });
    const machine = connectionMachine.provide({ actions: { hangUp: () => this.hangUp() } });
    this.actor = createActor(machine, { id: clientId, clock: deps.clock, inspect: deps.inspect });
    this.actor.start();
    socket.on('message', (data, isBinary) => this.receive(data as Buffer, isBinary));
    socket.on('close', () => this.close('the client left'));
    // A socket without this listener takes the whole daemon down (libraries.md §4).
    socket.on('error', (error) => this.close(error.message));
  }

  get isInitialized(): boolean {
    return this.actor.getSnapshot().matches('initialized');
  }

  get tag(): ClientTag {
    const { name = 'unknown', pid = null, terminal = null } = this.facts ?? {};
    return { clientId: this.clientId, name, pid, terminal };
  }

  get isClogged(): boolean {
    return this.outbox.isClogged;
  }

  /** Sent and not yet taken by the client. */
  get waitingBytes(): number {
    return this.outbox.waitingBytes;
  }

  introduce(facts: ClientFacts): void {
    this.facts = facts;
    if (!facts.speaksOurs) this.plain = this.createPlainDialect();
    this.actor.send({ type: 'initialize', clientName: facts.name });
  }

  close(reason: string): void {
    this.actor.send({ type: 'close', reason });
  }

  deliver(event: ThreadNotification, frame: Uint8Array | string): void {
    const send = (): void => {
      if (!this.skips(event.method)) this.outbox.send(frame);
    };
    if (this.plain) this.plain.deliver(event, send);
    else send();
  }

  /** Sends what goes to every client, whatever it follows. */
  notify(notification: GlobalNotification | ThreadNotification, frame: Uint8Array | string): void {
    if (!this.isInitialized || this.skips(notification.method)) return;
    this.outbox.tell(kindOf(notification), frame);
  }

  whenDrained(run: () => void): void {
    this.outbox.whenDrained(run);
  }

  /**
   * Takes up a thread; its events come after `begin(seq)`, which is called when the answer was sent.
   * @param opening sent first: what of `seq` the answer leaves out
   */
  follow(
    thread: Thread,
    role: Presence['role'],
    opening: readonly ThreadNotification[] = [],
  ): { begin: (seq: number) => void } {
    this.plain?.takeUp(thread.feed.snapshot);
    return this.take(thread, role, opening);
  }

  /** Goes on with a thread that was loaded again, from the event after `seq`. */
  refollow(thread: Thread, seq: number): void {
    this.take(thread, this.threads.stateOf(thread.id)?.role ?? 'operator', []).begin(seq);
  }

  private take(
    thread: Thread,
    role: Presence['role'],
    opening: readonly ThreadNotification[],
  ): { begin: (seq: number) => void } {
    const follower = this.threads.take(thread, role);
    return {
      begin: (seq) => {
        for (const event of opening) {
          this.plain?.note(event);
          this.tellAlone(event);
        }
        follower.start(seq);
        for (const open of thread.feed.snapshot.approvals) this.plain?.ask(open);
      },
    };
  }

  unfollow(threadId: string): boolean {
    this.plain?.leave(threadId);
    return this.threads.leave(threadId);
  }

  presenceIn({ id, policies }: Thread): Presence | null {
    const following = this.threads.stateOf(id);
    if (!following) return null;
    const own = policies.of(this.tag);
    return {
      ...this.tag,
      role: following.role,
      attachedAtMs: following.sinceMs,
      lastActiveAtMs: this.lastActiveAtMs,
      ...(own.approvalPolicy || own.sandboxPolicy ? { ownPolicy: own } : {}),
    };
  }

  /** Tells this client alone, of something that it started itself. */
  tell(notification: PrivateNotification): void {
    if (this.isInitialized) this.tellAlone(notification);
  }

  private tellAlone(event: PlainEvent | ThreadNotification | PrivateNotification): void {
    if (!this.skips(event.method)) this.send({ ...event, emittedAtMs: this.deps.clock.now() });
  }

  private skips(method: string): boolean {
    if (this.facts?.optOut.has(method)) return true;
    return ownNotifications.has(method) && !this.facts?.speaksOurs;
  }

  private createPlainDialect(): PlainDialect {
    return new PlainDialect({
      peer: this.peer,
      tell: (event) => this.tellAlone(event),
      rateLimits: this.deps.rateLimits,
      mayAnswer: (threadId) => this.threads.stateOf(threadId)?.role === 'operator',
      answer: ({ threadId, approvalId }, answer) => {
        const thread = this.threads.loaded(threadId);
        return !thread || answerFor(thread, approvalId, answer, this.tag, this.facts?.environment ?? null);
      },
    });
  }

  private send(message: WireMessage): void {
    const frame = encode(message, this.encoding);
    if ('method' in message) this.outbox.send(frame);
    else this.outbox.answer(frame);
  }

  private receive(data: Buffer, isBinary: boolean): void {
    if (isBinary !== (this.encoding === 'msgpack')) {
      // The reference stays silent on frames of the other kind (protocol.md §1); ours says why it hangs up.
      this.socket.close(1003, `this connection speaks ${this.encoding}`);
      return;
    }
    let value: unknown;
    try {
      value = decode(isBinary ? data : data.toString('utf8'));
    } catch {
      this.socket.close(1007, 'unreadable frame');
      return;
    }
    this.lastActiveAtMs = this.deps.clock.now();
    if (!this.peer.receive(value)) this.socket.close(1007, 'not a message');
  }

  private hangUp(): void {
    this.left = this.threads.ids;
    for (const threadId of this.left) this.unfollow(threadId);
    this.peer.close();
    this.socket.terminate();
    this.deps.onClosed(this);
  }
}

const isClientMethod = (method: string): method is ClientMethod => Object.hasOwn(clientRequests, method);
