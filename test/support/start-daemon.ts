import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { homePaths } from '../../daemon/store/paths.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import { type ConnectOptions, connectClient, type DaemonClient, openRaw, type RawSocket } from './daemon-client.ts';
import { KEY, KEY_NAME, type TempHome } from './temp-home.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** Marks every process of a test's home, down to the last command. */
const MARK = 'CODEX_TEST_ROOT';

/** The built programs (`npm run build`), or those of another folder. */
const programs = process.env.CODEX_TEST_PROGRAMS ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist');
export const daemonEntry = join(programs, 'daemon.cjs');

export interface DaemonOptions {
  readonly startedBy?: 'user' | 'client';
  /** Variables beside those that every daemon needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Largest file that the daemon may write, in KiB: a full disk for its logs. */
  readonly fileLimitKib?: number;
}

/** A real daemon as a process of its own. */
export interface DaemonProcess {
  readonly pid: number;
  readonly socketPath: string;
  /** Attaches a client that works in the home's workspace. */
  connect(options?: ConnectOptions): Promise<DaemonClient>;
  /** Opens the bare socket. */
  raw(encoding?: 'msgpack' | 'json', headers?: Record<string, string>): Promise<RawSocket>;
  /** Ends it as a crash would, and waits until it is gone. */
  kill9(): Promise<void>;
  /** Asks it to stop and answers its exit code. */
  stop(): Promise<number | null>;
  /** The lines of its log. */
  log(): string;
}

const running = new Set<ChildProcess>();
// Also when a test run is broken off: no daemon outlives it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a daemon and waits for its ready line. @throws its own reason when it does not start */
export async function startDaemon(temp: TempHome, options: DaemonOptions = {}): Promise<DaemonProcess> {
  if (!existsSync(daemonEntry)) throw new Error(`${daemonEntry} is missing: run \`npm run build\` first`);
  const { socketPath, logPath } = homePaths(temp.home);
  const words = [process.execPath, daemonEntry, '--started-by', options.startedBy ?? 'user'];
  const limited = ['-c', `ulimit -f ${options.fileLimitKib}; exec "$@"`, 'sh', ...words];
  const [command = '', ...args] = options.fileLimitKib === undefined ? words : ['/bin/bash', ...limited];
  const child = spawn(command, args, {
    cwd: temp.root,
    env: { PATH: process.env.PATH, HOME: temp.root, CODEX_HOME: temp.home, [MARK]: temp.root, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const pid = await readyOf(child);
  const environment = clientEnvironment(temp);
  return {
    pid,
    socketPath,
    connect: (connectOptions) => connectClient(socketPath, environment, connectOptions),
    raw: (encoding = 'msgpack', headers = {}) => openRaw(socketPath, encoding, headers),
    kill9: async () => {
      child.kill('SIGKILL');
      await withLimit(exited, WAIT_LIMIT_MS, 'the killed daemon to be gone');
    },
    stop: async () => {
      child.kill('SIGTERM');
      return withLimit(exited, WAIT_LIMIT_MS, 'the daemon to stop');
    },
    log: () => readFileSync(logPath, 'utf8'),
  };
}

/** What a client of this home tells of its surroundings. */
export function clientEnvironment({ root, workspace }: TempHome): ClientEnvironment {
  const variables = {
    PATH: process.env.PATH ?? '',
    HOME: root,
    SHELL: '/bin/bash',
    TZ: 'UTC',
    [KEY_NAME]: KEY,
    [MARK]: root,
  };
  return { cwd: workspace, variables, umask: 0o022 };
}

function readyOf(child: ChildProcess): Promise<number> {
  let text = '';
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const ready = new Promise<number>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      const line = JSON.parse(text.split('\n')[0] ?? '') as {
        ready: boolean;
        pid: number;
        error?: { message: string };
      };
      if (line.ready) resolve(line.pid);
      else reject(new Error(line.error?.message));
    });
    child.on('close', () => reject(new Error(`the daemon ended before it was ready: ${said}`)));
  });
  return withLimit(ready, WAIT_LIMIT_MS, 'the daemon to be ready');
}

/** Waits for something with a limit of its own. */
export async function withLimit<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again, for what nothing tells of: a process or a file of somebody else. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  limitMs = WAIT_LIMIT_MS,
): Promise<void> {
  const giveUpAtMs = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > giveUpAtMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Every living process that belongs to a home: `pid command`. */
export function processesOf({ root }: TempHome): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARK}=${root}`);
        return isOurs && isAlive(Number(pid)) ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}`] : [];
      } catch {
        return [];
      }
    });
}

/** What a stopped daemon may leave in its folder; everything else was forgotten there. */
const MAY_STAY = new Set([
  'ephemeral',
  'daemon.log',
  'children.jsonl',
  'partial',
  'questions',
  'audit.jsonl',
  'threads.jsonl',
  'drafts',
]);

/** What is left of a home whose daemon has stopped: processes, sockets, locks, half files. Empty when all is well. */
export function leftovers(temp: TempHome): string[] {
  const { daemonDir, ledgerPath, socketPath } = homePaths(temp.home);
  const names = existsSync(daemonDir) ? readdirSync(daemonDir, { recursive: true, encoding: 'utf8' }) : [];
  const children = existsSync(ledgerPath) ? readFileSync(ledgerPath, 'utf8') : '';
  return [
    ...processesOf(temp),
    ...names.filter((name) => !MAY_STAY.has(name) && !name.startsWith('drafts/')),
    ...(existsSync(socketPath) ? [socketPath] : []),
    ...(children === '' ? [] : [`ledger: ${children}`]),
  ];
}
