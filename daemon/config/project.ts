import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../machines/config/config-schema.ts';

export type TrustLevel = 'trusted' | 'untrusted';

export const DEFAULT_ROOT_MARKERS: readonly string[] = ['.git'];

/** The last two are of a path that no file can have. */
const NOTHING_THERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']);

/** Whether an error of node:fs says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOTHING_THERE.has(error.code);
}

/**
 * The nearest folder from `cwd` upwards that holds one of `markers` (a file, a folder or a link); null when none does.
 * A `.git` counts when git would take it for one: sandboxes leave an empty folder of that name where there is none
 * (daemon/sandbox/placeholders.ts), and a folder above must not become the root by it.
 */
export async function findRoot(cwd: string, markers: readonly string[]): Promise<string | null> {
  for (const folder of ancestors(cwd)) {
    for (const marker of markers) {
      if (await (marker === '.git' ? isRepository(folder) : exists(join(folder, marker)))) return folder;
    }
  }
  return null;
}

/** Whether a folder holds a `.git` with a HEAD, or a file that says where that is. */
async function isRepository(folder: string): Promise<boolean> {
  const git = join(folder, '.git');
  const stats = await stat(git).catch(() => null);
  return stats !== null && (stats.isFile() || (await exists(join(git, 'HEAD'))));
}

/** `cwd` and every folder above it, nearest first. */
export function ancestors(cwd: string): readonly string[] {
  const above = dirname(cwd);
  return above === cwd ? [cwd] : [cwd, ...ancestors(above)];
}

/** The folders from `root` down to `cwd`, both included; only `cwd` without a root. */
export function foldersDown(root: string | null, cwd: string): readonly string[] {
  if (root === null) return [cwd];
  const all = ancestors(cwd);
  return all.slice(0, all.indexOf(root) + 1).reverse();
}

/** The folder that trust is given to: the git root of `cwd`, else `cwd` itself, symlink-free. */
export async function trustRoot(cwd: string): Promise<string> {
  const root = (await findRoot(cwd, ['.git'])) ?? cwd;
  return realpathOr(root);
}

/** The level written for `root` in `[projects]`; null when the user was never asked. */
export function trustLevelOf(projects: Config['projects'], root: string): TrustLevel | null {
  return (projects && Object.hasOwn(projects, root) ? projects[root]?.trust_level : null) ?? null;
}

/** The symlink-free path, or the path itself where nothing is. */
export async function realpathOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) return path;
    throw error;
  }
}

/** Whether anything is at `path`, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    // Not there, or in a folder that we may not look into: no marker either way.
    return false;
  }
}
