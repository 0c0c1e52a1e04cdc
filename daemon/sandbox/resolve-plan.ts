import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isInside, protectedPaths, type SandboxPlan } from '../../machines/policy/sandbox.ts';
import { placeholders } from './placeholders.ts';

/** One name inside a folder that is shown entry by entry; `link` holds the target of a symbolic link. */
export interface FolderEntry {
  readonly path: string;
  readonly link: string | null;
}

/** A folder whose entries are mounted one by one, so that no name can be added to it. */
export interface ListedFolder {
  readonly path: string;
  readonly entries: readonly FolderEntry[];
}

/** A writable root where a protected name is a link: nothing can be mounted on a link, so no name may change. */
export interface FrozenRoot extends ListedFolder {
  readonly links: readonly string[];
}

/** A plan as it stands on this machine: every path exists and is free of links. */
export interface ResolvedPlan {
  readonly writable: readonly string[];
  readonly readOnly: readonly string[];
  readonly frozen: readonly FrozenRoot[];
  readonly hiddenFolders: readonly string[];
  /** Also names where a hidden file may appear later. */
  readonly hiddenFiles: readonly string[];
  /**
   * Folders that hold a hidden file. A mount on the file itself would fall off when somebody replaces the file by
   * rename (seen), so the folder is replaced by one that holds the other entries only.
   */
  readonly masked: readonly ListedFolder[];
  readonly network: boolean;
  /** Folders made for this command where a protected one is missing; shown empty, to be released after it. */
  readonly placeholders: readonly string[];
}

/** Looks at the files a plan names, and makes placeholders for missing protected folders. */
export async function resolvePlan(plan: SandboxPlan): Promise<ResolvedPlan> {
  const writable = await existing(plan.binds);
  const hidden = await resolveHidden(plan.hidden, writable);
  const made: string[] = [];
  try {
    const guards = await Promise.all(writable.map((root) => resolveGuards(root, made)));
    const guarded = await existing(plan.guarded);
    const readOnly = [...new Set([...guarded, ...guards.flatMap((guard) => guard.readOnly)])];
    const frozen = guards.flatMap((guard) => guard.frozen);
    return { writable, readOnly, frozen, ...hidden, network: plan.network, placeholders: made };
  } catch (error) {
    for (const path of made) placeholders.release(path);
    throw error;
  }
}

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => orNull(realpath(path))));
  return [...new Set(found.filter((path) => path !== null))];
}

/** Null for what is not there or may not be looked at. */
async function orNull<T>(look: Promise<T>): Promise<T | null> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

interface Guards {
  readonly readOnly: readonly string[];
  readonly frozen: readonly FrozenRoot[];
}

async function resolveGuards(root: string, made: string[]): Promise<Guards> {
  const readOnly: string[] = [];
  const links: string[] = [];
  for (const path of protectedPaths(root)) {
    if (placeholders.acquire(path)) {
      made.push(path);
      continue;
    }
    const stats = await orNull(lstat(path));
    if (stats?.isSymbolicLink()) {
      links.push(path);
      readOnly.push(...(await existing([path])));
    } else if (stats) {
      readOnly.push(path, ...(await gitFolders(path, stats)));
    }
  }
  if (links.length === 0) return { readOnly, frozen: [] };
  return { readOnly, frozen: [{ ...(await listed(root, new Set(protectedPaths(root)))), links }] };
}

/** The folders that a `.git` file of a worktree or submodule points to. */
async function gitFolders(path: string, stats: Stats): Promise<readonly string[]> {
  if (!stats.isFile() || basename(path) !== '.git') return [];
  const target = /^gitdir: (.+)$/m.exec((await orNull(readFile(path, 'utf8'))) ?? '')?.[1];
  if (target === undefined) return [];
  const folder = resolve(dirname(path), target);
  const shared = await orNull(readFile(join(folder, 'commondir'), 'utf8'));
  return existing(shared === null ? [folder] : [folder, resolve(folder, shared.trim())]);
}

async function listed(folder: string, without: ReadonlySet<string>): Promise<ListedFolder> {
  const names = (await readdir(folder)).filter((name) => !without.has(join(folder, name)));
  const entries = names.map(async (name): Promise<FolderEntry> => {
    const path = join(folder, name);
    return { path, link: await orNull(readlink(path)) };
  });
  return { path: folder, entries: await Promise.all(entries) };
}

type Hidden = Pick<ResolvedPlan, 'hiddenFolders' | 'hiddenFiles' | 'masked'>;

async function resolveHidden(paths: readonly string[], roots: readonly string[]): Promise<Hidden> {
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const path of paths) {
    const real = await orNull(realpath(path));
    const stats = real === null ? null : await orNull(lstat(real));
    if (real !== null && stats?.isDirectory()) folders.add(real);
    else for (const file of await fileNames(path, real, roots)) files.add(file);
  }
  // A mask inside a hidden folder would show its other entries again.
  const isShown = (parent: string) => parent !== '/' && ![...folders].some((folder) => isInside(parent, folder));
  const parents = [...new Set([...files].map((file) => dirname(file)))].filter(isShown);
  return {
    hiddenFolders: [...folders],
    hiddenFiles: [...files],
    masked: await Promise.all(parents.map((parent) => withoutSecrets(parent, [...files, ...folders]))),
  };
}

/** Where a hidden file stands, and where its name stands when that is a link; missing ones may appear later. */
async function fileNames(path: string, real: string | null, roots: readonly string[]): Promise<readonly string[]> {
  const parent = await orNull(realpath(dirname(path)));
  if (parent === null) return real === null ? [] : [real];
  if (real !== null) return [real, join(parent, basename(path))];
  // A folder that must stay writable is not frozen for a file that does not exist.
  return roots.some((root) => isInside(root, parent)) ? [] : [join(parent, basename(path))];
}

/** Also leaves out names that contain a hidden name: the half-written or saved copies beside it. */
async function withoutSecrets(folder: string, secrets: readonly string[]): Promise<ListedFolder> {
  const names = secrets.filter((path) => dirname(path) === folder).map((path) => basename(path));
  const { entries } = await listed(folder, new Set());
  return { path: folder, entries: entries.filter(({ path }) => !names.some((name) => basename(path).includes(name))) };
}
