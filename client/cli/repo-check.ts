import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from './cli-error.ts';

/** Whether a folder lies in a git repository: a `.git` folder or file in it or above it. */
export function isInGitRepository(folder: string): boolean {
  if (existsSync(join(folder, '.git'))) return true;
  const parent = dirname(folder);
  return parent !== folder && isInGitRepository(parent);
}

/**
 * `exec` works where its changes can be undone, or where the user said so (agent.md §11).
 * @param config the merged configuration (config/read)
 */
export function checkFolder(folder: string, config: Readonly<Record<string, unknown>>): void {
  if (isInGitRepository(folder) || isTrusted(realpathSync(folder), config)) return;
  throw new CliError(
    `${folder} is neither in a git repository nor trusted; add --skip-git-repo-check to work there anyway`,
  );
}

/** Trust is given to a folder and holds for all below it. */
function isTrusted(folder: string, { projects }: Readonly<Record<string, unknown>>): boolean {
  const table = (projects ?? {}) as Readonly<Record<string, { readonly trust_level?: unknown } | undefined>>;
  if (table[folder]?.trust_level === 'trusted') return true;
  const parent = dirname(folder);
  return parent !== folder && isTrusted(parent, { projects });
}
