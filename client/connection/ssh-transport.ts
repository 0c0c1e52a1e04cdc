import { type ChildProcess, spawn } from 'node:child_process';
import { decode, encode } from '../../machines/protocol/frames.ts';
import { ConnectError } from './connect-error.ts';
import { splitLines } from './lines.ts';
import { type Place, placeText, TOKEN_VARIABLE } from './place.ts';
import type { SocketTransport, TransportEvents } from './socket-transport.ts';

/** How long ssh may take to notice that its input has ended. */
const END_LIMIT_MS = 2_000;
/** ssh may ask for a password or a new host's key first. */
const HANDSHAKE_LIMIT_MS = 120_000;
const KEPT_CHARACTERS = 2_000;
/** What ssh and a shell end with: no connection, no such program. */
const SSH_FAILED = 255;
const NO_PROGRAM = 127;

type SshPlace = Extract<Place, { kind: 'ssh' }>;

/**
 * Runs OpenSSH with `codex app-server` at the far end, and speaks JSON lines with it. The process is this connection's:
 * it ends with it. @throws ConnectError when there is no ssh
 */
export async function openSshTransport(
  place: SshPlace,
  events: TransportEvents,
  mayAsk: boolean,
): Promise<SocketTransport> {
  const child = spawn('ssh', sshArguments(place, mayAsk), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, [TOKEN_VARIABLE]: undefined },
  });
  await spawned(child);
  return new SshTransport(child, place, events);
}

/** @param mayAsk whether ssh may ask in the terminal; a reconnect may not */
export function sshArguments({ destination, port, path }: SshPlace, mayAsk: boolean): string[] {
  const far = path === null ? [] : ['--remote', quoted(`unix://${path}`)];
  return [
    '-T',
    ...(mayAsk ? [] : ['-o', 'BatchMode=yes']),
    ...(port === null ? [] : ['-p', String(port)]),
    destination,
    ['codex', 'app-server', '--listen', 'stdio://', ...far].join(' '),
  ];
}

/** One word for the shell at the far end. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      const why =
        (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? 'there is no `ssh` on PATH; install OpenSSH'
          : error.message;
      reject(new ConnectError('failed', `cannot run ssh: ${why}`, { cause: error }));
    });
  });
}

class SshTransport implements SocketTransport {
  readonly encoding = 'json';
  readonly handshakeLimitMs = HANDSHAKE_LIMIT_MS;
  failure: ConnectError | null = null;
  private said = '';
  private isClosing = false;

  constructor(
    private readonly child: ChildProcess,
    private readonly place: SshPlace,
    private readonly events: TransportEvents,
  ) {
    const take = splitLines((line) => this.takeLine(line));
    child.stdout?.on('data', (chunk: Buffer) => this.guard(() => take(chunk)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-KEPT_CHARACTERS);
    });
    // A far end that is gone is told by the end of the process.
    child.stdin?.on('error', () => {});
    child.on('error', (error) => {
      this.said += error.message;
    });
    child.once('close', (code, signal) => this.ended(code, signal));
  }

  send(message: Parameters<SocketTransport['send']>[0]): void {
    if (this.child.stdin?.writable) this.child.stdin.write(`${encode(message, 'json')}\n`);
  }

  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), END_LIMIT_MS);
    this.child.once('close', () => clearTimeout(timer));
  }

  /** What a login prints before the server speaks is no message. */
  private takeLine(line: string): void {
    let value: unknown;
    try {
      value = decode(line);
    } catch {
      return;
    }
    this.events.receive(value);
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch {
      this.child.kill('SIGKILL');
    }
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    const why = this.reason(code, signal);
    this.failure = new ConnectError('failed', why);
    this.events.closed(why);
  }

  private reason(code: number | null, signal: NodeJS.Signals | null): string {
    const { destination } = this.place;
    const line = this.said.trim().split('\n').at(-1)?.trim() ?? '';
    if (code === NO_PROGRAM) return `there is no \`codex\` on the PATH of ${destination}; install it there`;
    if (code === SSH_FAILED) return `ssh cannot reach ${destination}${line === '' ? '' : `: ${line}`}`;
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    return `${placeText(this.place)} ended ${how}${line === '' ? '' : `: ${line}`}`;
  }
}
