import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type DaemonPaths, daemonPaths } from '../../machines/core/home.ts';
import { makeFolder } from '../files/make-folder.ts';
import { mcpCredentialsPath } from './mcp-credentials.ts';

/** Every path below the home folder. */
export interface HomePaths extends DaemonPaths {
  readonly home: string;
  readonly configFile: string;
  readonly authFile: string;
  readonly mcpCredentialsFile: string;
  /** What happened in sign-ins. */
  readonly loginLogPath: string;
  readonly sessionsDir: string;
  /** Logs of archived threads, flat (agent.md §12). */
  readonly archivedDir: string;
  /** Thread names, newest line wins (agent.md §12). */
  readonly nameIndex: string;
  /** What is known of a thread beside its log: a file of ours. */
  readonly threadFacts: string;
}

/** The home folder of an environment: `CODEX_HOME`, else `~/.codex`. It is made when it is missing, and so is the daemon's own. */
export async function resolveHome(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const wanted = env.CODEX_HOME || join(homedir(), '.codex');
  await makeFolder(wanted, 0o700);
  const home = await realpath(wanted);
  await makeFolder(homePaths(home).daemonDir, 0o700);
  return home;
}

/** @param home the home's real path */
export function homePaths(home: string): HomePaths {
  const homeHash = createHash('sha256').update(home).digest('hex');
  const own = daemonPaths({ home, uid: userInfo().uid, homeHash });
  return {
    ...own,
    home,
    configFile: join(home, 'config.toml'),
    authFile: join(home, 'auth.json'),
    mcpCredentialsFile: mcpCredentialsPath(home),
    loginLogPath: join(home, 'log', 'codex-login.log'),
    sessionsDir: join(home, 'sessions'),
    archivedDir: join(home, 'archived_sessions'),
    threadFacts: join(own.daemonDir, 'threads.jsonl'),
    nameIndex: join(home, 'session_index.jsonl'),
  };
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Folder and name of a new thread's log: `sessions/YYYY/MM/DD/rollout-YYYY-MM-DDTHH-MM-SS-ID.jsonl`, local time (agent.md §12). */
export function rolloutPath(sessionsDir: string, threadId: string, at: Date): string {
  const [year, month, day] = [String(at.getFullYear()), two(at.getMonth() + 1), two(at.getDate())];
  const time = `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`;
  return join(sessionsDir, year, month, day, `rollout-${year}-${month}-${day}T${time}-${threadId}.jsonl`);
}
