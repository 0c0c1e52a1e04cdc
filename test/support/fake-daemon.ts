import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ClientHome, resolveHome } from '../../client/connection/home.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { MSGPACK_SUBPROTOCOL, PROTOCOL, VERSION } from '../../machines/core/version.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { decode, encode } from '../../machines/protocol/frames.ts';
import { type ClientMethod, clientRequests, type ThreadNotification } from '../../machines/protocol/index.ts';
import { Peer } from '../../machines/protocol/peer.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';

/** One numbered event of a fake thread. */
export interface LoggedEvent {
  readonly method: string;
  readonly params: unknown;
  readonly seq: number;
}

/** A call as the fake daemon got it. */
export interface SeenCall {
  readonly method: ClientMethod;
  readonly params: unknown;
}

type Answer = (params: never, context: { readonly peer: Peer; afterReply(run: () => void): void }) => unknown;

export interface FakeDaemonOptions {
  /** Where it listens; the home's own socket if left out. */
  readonly socketPath?: string;
  readonly answers?: Partial<Record<ClientMethod, Answer>>;
  readonly build?: string;
  readonly protocol?: { readonly min: number; readonly max: number };
  /** False plays the reference's server: no subprotocol, no `daemon` in the handshake. */
  readonly isOurs?: boolean;
  /** Events per thread that an attach can still be answered with; older positions get a snapshot. */
  readonly keptEvents?: number;
}

interface FakeThread {
  snapshot: ThreadSnapshot;
  seq: number;
  events: LoggedEvent[];
}

/** A home of its own in the temporary folder. */
export function makeClientHome(): { home: ClientHome; env: Record<string, string>; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'codex-client-'));
  const env = { CODEX_HOME: folder, HOME: folder, PATH: process.env.PATH ?? '' };
  return { home: resolveHome(env), env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A small daemon for tests of the client: real socket, real frames, real Peer, threads that are only logs. */
export class FakeDaemon {
  readonly calls: SeenCall[] = [];
  readonly threads = new Map<string, FakeThread>();
  readonly followers = new Map<Peer, Set<string>>();
  private readonly sockets = new Map<Peer, WebSocket>();
  private server: Server | null = null;
  private clients = 0;

  constructor(
    private readonly home: ClientHome,
    private readonly options: FakeDaemonOptions = {},
  ) {}

  get socketPath(): string {
    return this.options.socketPath ?? this.home.paths.socketPath;
  }

  async start(): Promise<this> {
    mkdirSync(dirname(this.socketPath), { recursive: true, mode: 0o700 });
    const server = createServer();
    const isOurs = this.options.isOurs ?? true;
    const sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: (offered) => (isOurs && offered.has(MSGPACK_SUBPROTOCOL) ? MSGPACK_SUBPROTOCOL : false),
    });
    server.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (client) => this.serve(client));
    });
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    this.server = server;
    return this;
  }

  /** Ends at once, as after kill -9, but without leaving the socket file. Threads are kept for the next start. */
  async stop(): Promise<void> {
    this.cut();
    const { server } = this;
    this.server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.sockets.values()) socket.terminate();
  }

  addThread(snapshot: ThreadSnapshot, seq = 0): void {
    this.threads.set(snapshot.thread.id, { snapshot, seq, events: [] });
  }

  /** Logs an event and tells the followers. */
  emit(threadId: string, event: ThreadNotification): number {
    const seq = this.log(threadId, event);
    this.tell(threadId, { ...event, seq });
    return seq;
  }

  /** Logs several deltas of one item and tells them as one, as the daemon does for a client that lags. */
  emitMerged(threadId: string, deltas: readonly Extract<ThreadNotification, { params: { delta: string } }>[]): void {
    const seqs = deltas.map((delta) => this.log(threadId, delta));
    const last = deltas.at(-1);
    const [firstSeq, seq] = [seqs[0], seqs.at(-1)];
    if (!last || firstSeq === undefined || seq === undefined) return;
    const delta = deltas.map(({ params }) => params.delta).join('');
    this.tell(threadId, { method: last.method, params: { ...last.params, delta }, seq, firstSeq });
  }

  /** Tells a merged delta from `firstSeq` to the newest event without logging it: it overlaps what a follower knows. */
  emitMergedOver(threadId: string, firstSeq: number, event: ThreadNotification): void {
    this.tell(threadId, { ...event, seq: this.threadOf(threadId).seq, firstSeq });
  }

  /** Logs an event but tells a snapshot instead of it. */
  emitAsSnapshot(threadId: string, event: ThreadNotification): void {
    const seq = this.log(threadId, event);
    const { snapshot } = this.threadOf(threadId);
    this.tell(threadId, { method: 'thread/snapshot', params: { threadId, snapshot }, seq });
  }

  /** Logs an event and tells nobody: a hole. */
  emitUnheard(threadId: string, event: ThreadNotification): void {
    this.log(threadId, event);
  }

  notifyAll(method: string, params: unknown): void {
    for (const socket of this.sockets.values()) this.send(socket, { method, params });
  }

  private log(threadId: string, event: ThreadNotification): number {
    const thread = this.threadOf(threadId);
    thread.seq += 1;
    thread.snapshot = foldThread(thread.snapshot, event);
    thread.events = [...thread.events, { ...event, seq: thread.seq }].slice(-(this.options.keptEvents ?? 1_000));
    return thread.seq;
  }

  private tell(threadId: string, message: { method: string; params: unknown; seq: number; firstSeq?: number }): void {
    for (const [peer, threadIds] of this.followers) {
      const socket = this.sockets.get(peer);
      if (socket && threadIds.has(threadId)) this.send(socket, message);
    }
  }

  private send(socket: WebSocket, message: { method: string; params: unknown; seq?: number }): void {
    socket.send(encode(message, socket.protocol ? 'msgpack' : 'json'));
  }

  private threadOf(threadId: string): FakeThread {
    const thread = this.threads.get(threadId);
    if (!thread) throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
    return thread;
  }

  private serve(socket: WebSocket): void {
    const peer: Peer = new Peer({
      transport: {
        send: (message) => socket.send(encode(message, socket.protocol ? 'msgpack' : 'json')),
        close: () => socket.close(),
      },
      definitionOf: (method) => (clientRequests as Record<string, (typeof clientRequests)[ClientMethod]>)[method],
      answer: (method, params, { afterReply }) => this.answer(peer, method as ClientMethod, params, afterReply),
      notified: () => {},
    });
    this.sockets.set(peer, socket);
    this.followers.set(peer, new Set());
    socket.on('error', () => {});
    socket.on('message', (frame, isBinary) => peer.receive(decode(isBinary ? (frame as Buffer) : String(frame))));
    socket.on('close', () => {
      peer.close();
      this.sockets.delete(peer);
      this.followers.delete(peer);
    });
  }

  private answer(peer: Peer, method: ClientMethod, params: unknown, afterReply: (run: () => void) => void): unknown {
    this.calls.push({ method, params });
    const scripted = this.options.answers?.[method];
    if (scripted) return scripted(params as never, { peer, afterReply });
    if (method === 'initialize') return this.greet();
    if (method === 'thread/attach') return this.attach(peer, params as { threadId: string; afterSeq?: number | null });
    if (method === 'thread/unsubscribe') return this.unsubscribe(peer, params as { threadId: string });
    throw new RpcError('methodNotFound', `the fake daemon does not answer ${method}`);
  }

  private greet() {
    this.clients += 1;
    const answer = { userAgent: 'fake/1.0', codexHome: this.home.home, platformFamily: 'unix', platformOs: 'linux' };
    if (this.options.isOurs === false) return answer;
    return {
      ...answer,
      daemon: {
        build: this.options.build ?? VERSION,
        pid: process.pid,
        instanceId: 'fake',
        clientId: `client-${this.clients}`,
        protocol: this.options.protocol ?? { ...PROTOCOL },
      },
    };
  }

  private attach(peer: Peer, { threadId, afterSeq }: { threadId: string; afterSeq?: number | null }) {
    const { seq, snapshot, events } = this.threadOf(threadId);
    this.followers.get(peer)?.add(threadId);
    const missing = events.filter((event) => event.seq > (afterSeq ?? seq));
    const isKnown = typeof afterSeq === 'number' && afterSeq + missing.length === seq;
    return isKnown ? { seq, snapshot: null, events: missing } : { seq, snapshot, events: [] };
  }

  private unsubscribe(peer: Peer, { threadId }: { threadId: string }) {
    const had = this.followers.get(peer)?.delete(threadId) ?? false;
    return { status: had ? 'unsubscribed' : 'notSubscribed' };
  }
}
