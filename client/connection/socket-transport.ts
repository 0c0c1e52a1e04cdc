import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { messageOf } from '../../machines/core/errors.ts';
import { MSGPACK_SUBPROTOCOL } from '../../machines/core/version.ts';
import { decode, type Encoding, encode } from '../../machines/protocol/frames.ts';
import type { Transport } from '../../machines/protocol/message.ts';
import { ConnectError } from './connect-error.ts';
import { OPEN_LIMIT_MS } from './limits.ts';
import { type Place, placeText, TOKEN_VARIABLE } from './place.ts';
import { openSshTransport } from './ssh-transport.ts';

/** A snapshot of a very long thread is one frame; more than this is a broken peer. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** What an open transport tells its owner. `closed` comes once, after the last `receive`. */
export interface TransportEvents {
  receive(value: unknown): void;
  closed(why: string): void;
}

export interface SocketTransport extends Transport {
  readonly encoding: Encoding;
  /** How long the first answer may take, in ms, where that is not the usual time. */
  readonly handshakeLimitMs?: number;
  /** Why it ended, where that says more than the loss of a connection. */
  readonly failure?: ConnectError | null;
}

export interface TransportOptions {
  readonly encoding?: Encoding;
  readonly limitMs?: number;
  /** Whether ssh may ask a person (for a password). */
  readonly mayAsk?: boolean;
}

/** A place that a WebSocket reaches. */
type DialPlace = Exclude<Place, { kind: 'ssh' }>;

/**
 * Opens a connection: a WebSocket in msgpack, or JSON lines through ssh. A server that does not know our subprotocol
 * (the reference's) is dialled once more and spoken to in JSON text (DESIGN §2).
 * @throws ConnectError `notRunning`, `draining`, `unauthorized` or `failed`
 */
export async function openTransport(
  place: Place,
  events: TransportEvents,
  { encoding = 'msgpack', limitMs = OPEN_LIMIT_MS, mayAsk = true }: TransportOptions = {},
): Promise<SocketTransport> {
  if (place.kind === 'ssh') return openSshTransport(place, events, mayAsk);
  try {
    return await dial(place, events, encoding, limitMs);
  } catch (error) {
    if (!(error instanceof ConnectError) || error.failure !== 'noSubprotocol') throw error;
    return dial(place, events, 'json', limitMs);
  }
}

/** A WebSocket to a place, not open yet. */
export function createSocket(place: DialPlace, encoding: Encoding, limitMs = OPEN_LIMIT_MS): WebSocket {
  const token = place.kind === 'ws' ? place.token : null;
  return new WebSocket(
    place.kind === 'ws' ? place.url : 'ws://localhost/rpc',
    encoding === 'msgpack' ? [MSGPACK_SUBPROTOCOL] : [],
    {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: limitMs,
      followRedirects: false,
      ...(token === null ? {} : { headers: { authorization: `Bearer ${token}` } }),
      // A limit on a socket that is handed in must be set on the socket itself; ws takes it off after the upgrade.
      ...(place.kind === 'unix' ? { createConnection: () => connect({ path: place.path, timeout: limitMs }) } : {}),
    },
  );
}

function dial(
  place: DialPlace,
  events: TransportEvents,
  encoding: Encoding,
  limitMs: number,
): Promise<SocketTransport> {
  const socket = createSocket(place, encoding, limitMs);
  return new Promise((resolve, reject) => {
    let lastError: Error | null = null;
    socket.on('unexpected-response', (request, response) => {
      reject(refusal(response.statusCode ?? 0, place));
      request.destroy();
    });
    socket.on('error', (error) => {
      lastError = error;
      reject(connectErrorOf(error, place));
    });
    // An attempt that never opened is told by the rejection alone.
    socket.on('open', () => {
      socket.on('close', (code) => events.closed(lastError?.message ?? `the connection was closed (${code})`));
      resolve(transportOf(socket, encoding));
    });
    socket.on('message', (frame, isBinary) => takeFrame(socket, events, isBinary ? toBytes(frame) : String(frame)));
  });
}

function transportOf(socket: WebSocket, encoding: Encoding): SocketTransport {
  return {
    encoding,
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(encode(message, encoding));
    },
    close: () => socket.close(),
  };
}

function takeFrame(socket: WebSocket, events: TransportEvents, frame: Uint8Array | string): void {
  let value: unknown;
  try {
    value = decode(frame);
  } catch {
    socket.terminate();
    return;
  }
  events.receive(value);
}

function toBytes(frame: unknown): Uint8Array {
  if (frame instanceof Uint8Array) return frame;
  return frame instanceof ArrayBuffer ? new Uint8Array(frame) : Buffer.concat(frame as Buffer[]);
}

function refusal(status: number, place: DialPlace): ConnectError {
  const where = placeText(place);
  if (status === 503) return new ConnectError('draining', 'the daemon is stopping; try again in a moment');
  if (status === 429) {
    const mend = 'close a terminal, or raise daemon.max_connections in config.toml';
    return new ConnectError('failed', `the daemon has as many connections as it takes: ${mend}`);
  }
  if (status === 401) {
    const mend = `put its token into ${TOKEN_VARIABLE} or give --remote-token-file`;
    return new ConnectError('unauthorized', `${where} does not take this token; ${mend}`);
  }
  if (place.kind === 'ws')
    return new ConnectError('failed', `${where} answered with HTTP ${status}; is it a codex server?`);
  return new ConnectError('failed', `the daemon's socket answered with HTTP ${status}; run \`codex daemon restart\``);
}

/** What went wrong before the WebSocket was open, as an error that says what to do. */
export function connectErrorOf(error: Error, place: DialPlace): ConnectError {
  const code = (error as NodeJS.ErrnoException).code;
  const where = place.kind === 'unix' ? place.path : place.url;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const what =
      place.kind === 'unix' ? 'the daemon is not running; run `codex daemon start`' : `nothing listens at ${where}`;
    return new ConnectError('notRunning', what, { cause: error });
  }
  if (error.message === 'Server sent no subprotocol') return new ConnectError('noSubprotocol', error.message);
  if (error.message === 'Opening handshake has timed out') {
    const mend = '`codex daemon logs` shows what it did last, and its pid';
    return new ConnectError('failed', `the daemon hangs: it does not answer on ${where}; ${mend}`, { cause: error });
  }
  return new ConnectError('failed', `cannot reach the daemon at ${where}: ${messageOf(error)}`, { cause: error });
}
