import type { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { messageOf } from '../../machines/core/errors.ts';
import { PROTOCOL, VERSION } from '../../machines/core/version.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import { splitLines } from '../connection/lines.ts';
import type { Place } from '../connection/place.ts';
import { connectErrorOf, createSocket } from '../connection/socket-transport.ts';

/** Above this much that the daemon has not taken, no more is read. */
const CLOGGED_BYTES = 1024 * 1024;
/** How long answers are waited for when the input has ended. */
const ANSWERS_LIMIT_MS = 10_000;
const LOOK_AGAIN_MS = 20;

export interface ProxyOptions {
  readonly place: Exclude<Place, { kind: 'ssh' }>;
  readonly input: Readable;
  readonly output: Writable;
  /** Surroundings of this process, in which the other program's turns run. */
  readonly environment: ClientEnvironment;
  readonly pid: number;
}

/** How a proxy ended: its input did, or the server, for a reason. */
export type ProxyEnd = { readonly kind: 'inputEnded' } | { readonly kind: 'serverGone'; readonly why: string };

type Json = Readonly<Record<string, unknown>>;

/**
 * Passes messages on between two pipes, one JSON value a line, and a server, one JSON value a text frame. Whichever
 * side is slow holds up the other. @throws ConnectError when the server cannot be reached
 */
export async function runStdioProxy(options: ProxyOptions): Promise<ProxyEnd> {
  const socket = createSocket(options.place, 'json');
  await opened(socket, options.place);
  return new StdioProxy(socket, options).run();
}

function opened(socket: WebSocket, place: ProxyOptions['place']): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', (error) => reject(connectErrorOf(error, place)));
  });
}

class StdioProxy {
  /** Requests of the input that have no answer yet. */
  private readonly open = new Set<unknown>();
  private finish: (end: ProxyEnd) => void = () => {};

  constructor(
    private readonly socket: WebSocket,
    private readonly options: ProxyOptions,
  ) {}

  async run(): Promise<ProxyEnd> {
    const { socket } = this;
    const { input, output } = this.options;
    const end = await new Promise<ProxyEnd>((resolve) => {
      this.finish = resolve;
      const take = splitLines((line) => this.takeLine(line));
      input.on('data', (chunk: Buffer | string) => {
        try {
          take(Buffer.from(chunk));
        } catch (error) {
          resolve({ kind: 'serverGone', why: messageOf(error) });
        }
      });
      input.once('end', () => void this.inputEnded());
      input.once('error', () => resolve({ kind: 'inputEnded' }));
      output.once('error', () => resolve({ kind: 'inputEnded' }));
      output.on('drain', () => socket.resume());
      socket.on('message', (data) => this.takeFrame(String(data)));
      socket.on('close', (code, reason) => resolve({ kind: 'serverGone', why: reasonOf(code, String(reason)) }));
    });
    socket.terminate();
    input.destroy();
    return end;
  }

  private takeLine(line: string): void {
    const message = parse(line);
    if (isRequest(message)) this.open.add(message.id);
    const isHello = message?.method === 'initialize';
    this.socket.send(isHello ? JSON.stringify(this.introduce(message)) : line, () => this.readOn());
    if (this.socket.bufferedAmount > CLOGGED_BYTES) this.options.input.pause();
  }

  private readOn(): void {
    if (this.socket.bufferedAmount <= CLOGGED_BYTES) this.options.input.resume();
  }

  private takeFrame(text: string): void {
    if (this.open.size > 0) {
      const message = parse(text);
      if (message && message.method === undefined) this.open.delete(message.id);
    }
    if (!this.options.output.write(`${text}\n`)) this.socket.pause();
  }

  /** The other program's turns run where this process runs, unless it says so itself. */
  private introduce(message: Json): Json {
    const params = recordOf(message.params);
    const capabilities = recordOf(params.capabilities);
    const extensions = recordOf(capabilities.extensions);
    const { environment, pid } = this.options;
    const given = extensions.codexDaemon;
    const codexDaemon =
      typeof given === 'object' && given !== null
        ? { ...given, environment: (given as Json).environment ?? environment }
        : { protocol: { ...PROTOCOL }, build: VERSION, pid, terminal: null, environment, forwards: true };
    return {
      ...message,
      params: { ...params, capabilities: { ...capabilities, extensions: { ...extensions, codexDaemon } } },
    };
  }

  /** What was asked is still answered. */
  private async inputEnded(): Promise<void> {
    const giveUpAtMs = Date.now() + ANSWERS_LIMIT_MS;
    while (this.open.size > 0 && Date.now() < giveUpAtMs)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    this.finish({ kind: 'inputEnded' });
  }
}

function parse(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : null;
  } catch {
    return null; // the server says what it thinks of it
  }
}

const isRequest = (message: Json | null): message is Json =>
  message !== null && message.method !== undefined && message.id !== undefined && message.id !== null;

const recordOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

const reasonOf = (code: number, reason: string): string =>
  reason === '' ? `the connection was closed (${code})` : reason;
