import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { ParamsIn, RequestDefinition, ResultOf, Schema } from '../../machines/protocol/define.ts';
import { type DaemonStatus, daemonStatus, daemonStop } from '../../machines/protocol/methods/daemon.ts';
import { attachOnly, waitUntilGone } from '../connection/connect.ts';
import { ConnectError } from '../connection/connect-error.ts';
import type { Connection } from '../connection/connection.ts';
import { resolveHome } from '../connection/home.ts';
import { DRAIN_LIMIT_MS, pause, REQUEST_LIMIT_MS, withLimit } from '../connection/limits.ts';
import { daemonEnvironment, spawnDaemon } from '../connection/spawn-daemon.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { CONTROL_CLIENT } from './status-text.ts';

const LOOK_AGAIN_MS = 10;

/** What was found at the socket. */
export type Found = { readonly kind: 'running'; readonly status: DaemonStatus } | NotThere;
export type NotThere = { readonly kind: 'stopping' } | { readonly kind: 'notRunning' };

/** Asks the daemon how it is, whatever its version. Starts nothing. */
export async function findDaemon(context: CliContext): Promise<Found> {
  const found = await askRunning(context, daemonStatus);
  return found.kind === 'running' ? { kind: 'running', status: found.answer } : found;
}

/** Asks a daemon that runs, whatever its version. Starts nothing. */
export async function askRunning<Result extends Schema>(
  context: CliContext,
  definition: Pick<RequestDefinition<Schema, Result>, 'method' | 'params' | 'result'>,
): Promise<{ readonly kind: 'running'; readonly answer: ResultOf<{ result: Result }> } | NotThere> {
  try {
    return { kind: 'running', answer: await ask(context, definition, {}) };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    if (error.failure === 'notRunning') return { kind: 'notRunning' };
    if (error.failure === 'draining') return { kind: 'stopping' };
    throw error;
  }
}

/** @returns whether it was started now, and its process id */
export async function startDaemon(
  context: CliContext,
): Promise<{ readonly wasStarted: boolean; readonly pid: number }> {
  const home = resolveHome(context.env);
  const found = await findDaemon(context);
  if (found.kind === 'running') return { wasStarted: false, pid: found.status.pid };
  if (found.kind === 'stopping') await waitForEnd(context, null, DRAIN_LIMIT_MS);
  const { daemonEntry, env } = context;
  try {
    return { wasStarted: true, pid: await spawnDaemon({ home, daemonEntry, env, startedBy: 'user' }) };
  } catch (error) {
    // Somebody else may have started it at the same moment.
    const now = await findDaemon(context).catch(() => null);
    if (now?.kind === 'running') return { wasStarted: false, pid: now.status.pid };
    throw error;
  }
}

/**
 * Stops the daemon and waits until it is gone.
 * @param drainMs how long running turns may go on before they are interrupted
 * @returns whether there was one
 */
export async function stopDaemon(context: CliContext, drainMs: number): Promise<boolean> {
  const found = await findDaemon(context);
  if (found.kind === 'notRunning') return false;
  if (found.kind === 'running') await ask(context, daemonStop, { drainMs });
  await waitForEnd(context, found.kind === 'running' ? found.status : null, drainMs + DRAIN_LIMIT_MS);
  return true;
}

async function waitForEnd(context: CliContext, status: DaemonStatus | null, limitMs: number): Promise<void> {
  const giveUpAtMs = Date.now() + limitMs;
  if (await waitUntilGone(resolveHome(context.env), limitMs)) {
    // The socket goes first, the process a moment later.
    while (status && isAlive(status.pid) && Date.now() < giveUpAtMs) await pause(LOOK_AGAIN_MS);
    return;
  }
  const who = status ? `the daemon (pid ${status.pid}, ${status.threads.running} turns running)` : 'the daemon';
  const mend = status ? `; \`kill ${status.pid}\` ends it` : '';
  throw new CliError(`${who} did not stop within ${limitMs / 1000} s; see \`codex daemon logs\`${mend}`);
}

/** A process that has ended and is not reaped (some containers never do) counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
  } catch {
    return false;
  }
}

/** Runs the daemon in the foreground. @returns its exit code */
export function runDaemon(context: CliContext): Promise<number> {
  const env = { ...daemonEnvironment(context.env), CODEX_HOME: resolveHome(context.env).home };
  const child = spawn(process.execPath, [context.daemonEntry, '--started-by', 'user'], { stdio: 'inherit', env });
  // A terminal sends SIGINT to both; the others reach only this process.
  const disposals = [
    context.onSignal('SIGINT', () => {}),
    context.onSignal('SIGTERM', () => child.kill('SIGTERM')),
    context.onSignal('SIGHUP', () => child.kill('SIGHUP')),
  ];
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new CliError(`the daemon could not be started: ${error.message}`)));
    child.on('close', (code) => {
      for (const dispose of disposals) dispose();
      resolve(code ?? 1);
    });
  });
}

/** One call over a connection of its own that says nothing of ours, so that a daemon of any version answers. */
async function ask<Params extends Schema, Result extends Schema>(
  context: CliContext,
  definition: Pick<RequestDefinition<Params, Result>, 'method' | 'params' | 'result'>,
  params: ParamsIn<{ params: Params }>,
): Promise<ResultOf<{ result: Result }>> {
  const home = resolveHome(context.env);
  const events = { notified: () => {}, closed: () => {} };
  const { daemonEntry, env } = context;
  const options = { home, daemonEntry, env, name: CONTROL_CLIENT, facts: null, autostart: false };
  const connection: Connection = await attachOnly({ ...options, notice: () => {} }, events);
  try {
    const call = connection.peer.request(definition, params);
    return await withLimit(call, REQUEST_LIMIT_MS, `the daemon did not answer ${definition.method}`);
  } finally {
    connection.close();
  }
}
