import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { MSGPACK_SUBPROTOCOL, PROTOCOL, VERSION } from '../../machines/core/version.ts';
import type { ParamsIn, ResultOf, Schema } from '../../machines/protocol/define.ts';
import { decode, type Encoding, encode } from '../../machines/protocol/frames.ts';
import { daemonRequests } from '../../machines/protocol/index.ts';
import type { NotificationMessage, WireMessage } from '../../machines/protocol/message.ts';
import { type ClientEnvironment, initialize } from '../../machines/protocol/methods/initialize.ts';
import { Peer } from '../../machines/protocol/peer.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';
import { WireRecorder } from './wire-record.ts';

/** A WebSocket to a daemon with nothing on top of it. */
export interface RawSocket {
  readonly socket: WebSocket;
  /** Every value that came, decoded. */
  readonly received: readonly unknown[];
  /** The close code, once it was closed. */
  readonly closed: Promise<number>;
}

/** Opens the bare socket at a path or a `ws://` address. @throws with the HTTP status when the daemon refuses */
export async function openRaw(
  place: string,
  encoding: Encoding,
  headers: Record<string, string> = {},
): Promise<RawSocket> {
  const isTcp = /^wss?:/.test(place);
  const socket = new WebSocket(
    isTcp ? place : 'ws://localhost/rpc',
    encoding === 'msgpack' ? [MSGPACK_SUBPROTOCOL] : [],
    {
      perMessageDeflate: false,
      maxPayload: 256 * 1024 * 1024,
      headers,
      ...(isTcp ? {} : { createConnection: () => connect(place) }),
    },
  );
  const received: unknown[] = [];
  socket.on('message', (data, isBinary) => received.push(decode(isBinary ? (data as Buffer) : String(data))));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return { socket, received, closed };
}

export interface ConnectOptions {
  readonly encoding?: Encoding;
  readonly name?: string;
  /** False plays a client of the reference: no extension of ours, so no environment either. */
  readonly isOurs?: boolean;
  readonly environment?: Partial<ClientEnvironment>;
  readonly terminal?: string;
  readonly protocol?: { readonly min: number; readonly max: number };
  /** Of the upgrade, such as a token. */
  readonly headers?: Record<string, string>;
  readonly optOut?: readonly string[];
  /** Answers what the daemon asks a client of the reference; left out, the questions stay open. */
  readonly onAsk?: (method: string, params: unknown) => unknown;
}

/** One attached client: a Peer over the real socket, and everything it was told. */
export class DaemonClient {
  readonly notifications: NotificationMessage[] = [];
  /** Requests of the daemon, as they came. */
  readonly asked: { readonly id: unknown; readonly method: string; readonly params: unknown }[] = [];
  readonly listeners = new Set<(notification: NotificationMessage) => void>();
  clientId = '';
  private readonly waiting = new Set<() => void>();
  private readonly peer: Peer;
  /** The close code, once it was closed. */
  readonly closed: Promise<number>;

  constructor(
    readonly raw: RawSocket,
    encoding: Encoding,
    onAsk: (method: string, params: unknown) => unknown,
  ) {
    this.closed = raw.closed;
    const recorder = new WireRecorder();
    const send = (message: WireMessage): void => {
      recorder.sent(message);
      raw.socket.send(encode(message, encoding));
    };
    this.peer = new Peer({
      transport: { send, close: () => raw.socket.close() },
      definitionOf: (method) => Object.entries(daemonRequests).find(([name]) => name === method)?.[1],
      answer: onAsk,
      notified: (message) => {
        this.notifications.push(message);
        for (const listener of this.listeners) listener(message);
      },
    });
    raw.socket.on('message', () => {
      const value = raw.received.at(-1);
      recorder.received(value);
      if (isAsking(value)) this.asked.push(value);
      this.peer.receive(value);
      for (const look of [...this.waiting]) look();
    });
    void raw.closed.then(() => this.peer.close());
  }

  request<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
  ): Promise<ResultOf<{ result: Result }>> {
    return this.peer.request(definition, params);
  }

  /** Looks now and after everything that arrives. @throws with the last notifications when the limit is over */
  waitFor<T>(what: string, find: () => T | undefined | null | false): Promise<T> {
    const found = find();
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.waiting.delete(look);
      };
      const look = () => {
        const value = find();
        if (!value) return;
        end();
        resolve(value);
      };
      const timer = setTimeout(() => {
        end();
        const last = this.notifications.slice(-12).map(({ method }) => method);
        reject(new Error(`waited in vain for ${what}; the last that came: ${last.join(', ')}`));
      }, WAIT_LIMIT_MS);
      this.waiting.add(look);
    });
  }

  /** The first notification of a method, from now or before. */
  notification(method: string): Promise<NotificationMessage> {
    return this.waitFor(method, () => this.notifications.find((message) => message.method === method));
  }

  async close(): Promise<void> {
    this.raw.socket.close();
    await this.closed;
  }

  /** Ends the connection as a crash of the client would. */
  async cut(): Promise<void> {
    this.raw.socket.terminate();
    await this.closed;
  }
}

function isAsking(value: unknown): value is { id: unknown; method: string; params: unknown } {
  return typeof value === 'object' && value !== null && 'id' in value && 'method' in value;
}

const NEVER = new Promise<never>(() => {});

/** Connects and says hello. @throws RpcError as `initialize` does */
export async function connectClient(
  place: string,
  environment: ClientEnvironment,
  options: ConnectOptions = {},
): Promise<DaemonClient> {
  const encoding = options.encoding ?? 'msgpack';
  const client = new DaemonClient(
    await openRaw(place, encoding, options.headers),
    encoding,
    options.onAsk ?? (() => NEVER),
  );
  const codexDaemon = {
    protocol: options.protocol ?? PROTOCOL,
    build: VERSION,
    pid: process.pid,
    terminal: options.terminal ?? null,
    environment: { ...environment, ...options.environment },
  };
  const { daemon } = await client.request(initialize, {
    clientInfo: { name: options.name ?? 'test-client', version: VERSION },
    capabilities: {
      experimentalApi: true,
      optOutNotificationMethods: options.optOut ? [...options.optOut] : null,
      ...(options.isOurs === false ? {} : { extensions: { codexDaemon } }),
    },
  });
  client.clientId = daemon?.clientId ?? '';
  return client;
}
