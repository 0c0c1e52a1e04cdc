import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SessionMeta } from '../../machines/thread/rollout-line.ts';

const run = promisify(execFile);
/** A repository on a sleeping network disk must not hold up a new thread. */
const GIT_TIMEOUT_MS = 3_000;

/** Commit, branch and origin of a folder; empty outside of a repository or without git (agent.md §12). */
export async function readGitInfo(cwd: string): Promise<NonNullable<SessionMeta['git']>> {
  const ask = async (...args: string[]): Promise<string> => {
    try {
      const { stdout } = await run('git', ['-C', cwd, ...args], { timeout: GIT_TIMEOUT_MS });
      return stdout.trim();
    } catch {
      // No git, no repository, no commit, no remote: there is nothing to note.
      return '';
    }
  };
  const [commit, branch, origin] = await Promise.all([
    ask('rev-parse', 'HEAD'),
    ask('branch', '--show-current'),
    ask('remote', 'get-url', 'origin'),
  ]);
  return {
    ...(/^[0-9a-f]{40}/.test(commit) ? { commit_hash: commit } : {}),
    ...(branch ? { branch } : {}),
    ...(origin ? { repository_url: withoutPassword(origin) } : {}),
  };
}

/** An origin may carry a token: `https://user:token@host/…`. */
const withoutPassword = (url: string): string => url.replace(/(:\/\/)[^/@]*@/, '$1');
