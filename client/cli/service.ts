import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveHome } from '../connection/home.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { findDaemon, stopDaemon } from './daemon-control.ts';
import { launchdAgent, type ServiceFacts, systemdUnit } from './service-text.ts';

const MANAGER_LIMIT_MS = 30_000;

/** A service of this user: its file, and what to tell the service manager. */
interface Service {
  readonly path: string;
  readonly text: string;
  readonly start: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
  /** After the file is gone. */
  readonly forget: readonly (readonly string[])[];
}

/** The file that `installService` would write. */
export const serviceText = (context: CliContext): string => serviceOf(context).text;

/**
 * Lets the user's service manager run the daemon from now on and after each login. A daemon that runs and is idle makes
 * room for it. @returns the file that was written
 */
export async function installService(context: CliContext): Promise<string> {
  const service = serviceOf(context);
  const found = await findDaemon(context);
  if (found.kind === 'running' && found.status.threads.running > 0) {
    throw new CliError('the daemon is at work; `codex daemon stop --drain 600` lets it finish, then install');
  }
  await stopDaemon(context, 0);
  mkdirSync(dirname(service.path), { recursive: true });
  writeFileSync(service.path, service.text);
  for (const words of service.start) tell(context, words);
  return service.path;
}

/** Ends the service and forgets it. @returns the file that was removed, or null when there was none */
export function uninstallService(context: CliContext): string | null {
  const { path, stop, forget } = serviceOf(context);
  if (!existsSync(path)) return null;
  for (const words of stop) tell(context, words);
  rmSync(path);
  for (const words of forget) tell(context, words);
  return path;
}

function serviceOf(context: CliContext): Service {
  const { home, uid, paths } = resolveHome(context.env);
  const userHome = context.env.HOME || homedir();
  const isDefault = home === resolveHome({ HOME: userHome }).home;
  const suffix = isDefault ? '' : `-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
  const name = `codex-daemon${suffix}`;
  const { daemonEntry } = context;
  const facts: ServiceFacts = { node: process.execPath, daemonEntry, home, logPath: paths.logPath, name };
  return process.platform === 'darwin' ? agent(facts, userHome, uid) : unit(facts, userHome, context);
}

function unit(facts: ServiceFacts, userHome: string, { env }: CliContext): Service {
  const file = `${facts.name}.service`;
  const systemctl = (...words: readonly string[]) => ['systemctl', '--user', ...words];
  return {
    path: join(env.XDG_CONFIG_HOME || join(userHome, '.config'), 'systemd', 'user', file),
    text: systemdUnit(facts),
    start: [systemctl('daemon-reload'), systemctl('enable', '--now', file)],
    stop: [systemctl('disable', '--now', file)],
    forget: [systemctl('daemon-reload')],
  };
}

function agent(facts: ServiceFacts, userHome: string, uid: number): Service {
  const path = join(userHome, 'Library', 'LaunchAgents', `${facts.name}.plist`);
  return {
    path,
    text: launchdAgent(facts),
    start: [['launchctl', 'bootstrap', `gui/${uid}`, path]],
    stop: [['launchctl', 'bootout', `gui/${uid}/${facts.name}`]],
    forget: [],
  };
}

function tell({ env }: CliContext, [program = '', ...args]: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, {
    env: { ...env },
    encoding: 'utf8',
    timeout: MANAGER_LIMIT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? `it ended with ${status}`;
  throw new CliError(
    `\`${[program, ...args].join(' ')}\` failed: ${why}; \`codex daemon install --print\` prints the file, \`codex daemon start\` does without`,
  );
}
