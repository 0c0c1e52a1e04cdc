import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from './cli-error.ts';

/**
 * Whether a folder lies in a git repository: in it or above it a `.git` folder with a HEAD, or a file that says where
 * that is. Sandboxes leave an empty `.git` where there is none.
 */
export function isInGitRepository(folder: string): boolean {
  const git = join(folder, '.git');
  if (existsSync(join(git, 'HEAD')) || statSync(git, { throwIfNoEntry: false })?.isFile()) return true;
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
