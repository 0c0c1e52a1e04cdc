import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConnectError, homeUnusable } from './connect-error.ts';
import type { ClientHome } from './home.ts';
import { READY_LIMIT_MS } from './limits.ts';

export interface SpawnOptions {
  readonly home: ClientHome;
  /** The daemon's bundle, started as a file with this Node. */
  readonly daemonEntry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One that a client started goes by itself when nobody needs it (DESIGN §7). */
  readonly startedBy: 'user' | 'client';
}

/**
 * Starts the daemon in a session of its own and waits until it answers.
 * @returns its process id
 * @throws ConnectError `startFailed` with the daemon's own reason in one line, `homeUnusable`
 */
export async function spawnDaemon({ home, daemonEntry, env, startedBy }: SpawnOptions): Promise<number> {
  if (!existsSync(daemonEntry)) throw failed(`${daemonEntry} is missing; run \`npm run build\` or install again`);
  const { logPath } = home.paths;
  const log = openLog(home);
  const logStart = statSync(logPath).size;
  try {
    const child = spawn(process.execPath, [daemonEntry, '--started-by', startedBy], {
      detached: true,
      cwd: '/',
      env: { ...daemonEnvironment(env), CODEX_HOME: home.home },
      stdio: ['ignore', 'pipe', log],
    });
    return await readyOf(child, () => lastLineSince(logPath, logStart));
  } finally {
    closeSync(log);
  }
}

/** Where a daemon says what its own log cannot. @throws ConnectError homeUnusable */
function openLog({ home, paths }: ClientHome): number {
  try {
    makeFolder(paths.daemonDir);
    return openSync(paths.logPath, 'a', 0o600);
  } catch (error) {
    throw homeUnusable(home, error);
  }
}

/** Not by Node's own `recursive`: that tries for ever where a folder is there and yet takes none, as in /proc. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another client may have made it meanwhile.
    if (!isFolder(path)) throw error;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Names of variables that may hold a secret; what else a shell calls them, people name keys and tokens so. */
const SECRET_NAMES = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|_PROXY$/i;

/**
 * What of a shell's environment a daemon is started with. Keys and proxies stay out: each client tells its own when it
 * attaches, and a daemon's environment can be read by every program of the user for as long as the daemon lives.
 */
export function daemonEnvironment(env: SpawnOptions['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET_NAMES.test(name)));
}

/** Waits for the one line on the daemon's stdout; from then on the process is on its own. */
function readyOf(child: ChildProcess, lastLogLine: () => string | null): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    let isSettled = false;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      finish(failed(`it was not ready within ${READY_LIMIT_MS / 1000} s; see \`codex daemon logs\``));
    }, READY_LIMIT_MS);

    function finish(outcome: number | ConnectError): void {
      isSettled = true;
      clearTimeout(timer);
      child.stdout?.destroy();
      child.unref();
      if (typeof outcome === 'number') resolve(outcome);
      else reject(outcome);
    }

    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const line = text.split('\n')[0];
      if (text.includes('\n') && line !== undefined) finish(parseReady(line));
    });
    child.on('error', (error) => finish(failed(error.message)));
    child.on('close', (code, signal) => {
      if (isSettled) return;
      const how = signal ? `by ${signal}` : `with code ${code}`;
      finish(failed(`it ended ${how} before it was ready: ${lastLogLine() ?? 'see `codex daemon logs`'}`));
    });
  });
}

/** `{"ready":true,"pid":…}` or `{"ready":false,"error":{"message":…}}`. */
function parseReady(line: string): number | ConnectError {
  try {
    const said = JSON.parse(line) as { ready?: unknown; pid?: unknown; error?: { message?: unknown } } | null;
    if (said?.ready === true && typeof said.pid === 'number') return said.pid;
    if (typeof said?.error?.message === 'string') return failed(said.error.message.replace(/\s+/g, ' '));
  } catch {
    // falls through: whatever was printed there is the best hint
  }
  return failed(`it said \`${line.slice(0, 200)}\` instead of being ready`);
}

function lastLineSince(path: string, start: number): string | null {
  const fresh = readFileSync(path).subarray(start).toString('utf8').trim().split('\n');
  const telling = fresh.findLast((line) => /error/i.test(line)) ?? fresh.at(-1);
  return telling ? telling.trim().slice(0, 300) : null;
}

function failed(why: string): ConnectError {
  return new ConnectError('startFailed', `the daemon could not be started: ${why}`);
}
