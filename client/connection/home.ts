import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type DaemonPaths, daemonPaths } from '../../machines/core/home.ts';
import { homeUnusable } from './connect-error.ts';

/** The home folder that one daemon owns, and where that daemon is found. */
export interface ClientHome {
  /** Real absolute path; it need not exist yet. */
  readonly home: string;
  readonly uid: number;
  readonly paths: DaemonPaths;
}

/**
 * `$CODEX_HOME`, else `~/.codex`, as a real path: two names of one folder must not become two daemons (DESIGN §7).
 * Creates nothing. @throws ConnectError homeUnusable
 */
export function resolveHome(env: Readonly<Record<string, string | undefined>>): ClientHome {
  const wanted = env.CODEX_HOME || join(env.HOME || homedir(), '.codex');
  const home = realHome(resolve(wanted));
  const uid = process.getuid?.() ?? 0;
  const homeHash = createHash('sha256').update(home).digest('hex');
  return { home, uid, paths: daemonPaths({ home, uid, homeHash }) };
}

function realHome(path: string): string {
  try {
    return realPathOf(path);
  } catch (error) {
    throw homeUnusable(path, error);
  }
}

/** The real path of what exists, and below it the names as given. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return join(realPathOf(parent), basename(path));
  }
}
