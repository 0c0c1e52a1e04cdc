import { isInside } from '../../machines/policy/sandbox.ts';
import type { ListedFolder, ResolvedPlan } from './resolve-plan.ts';

/** Number of the descriptor that hands bubblewrap its system-call filter. */
export const SECCOMP_FD = 3;

/** What stands at a path inside: the folder itself (to write or only read), an empty one, or a link. */
type Mount =
  | { readonly kind: 'write' | 'read' | 'writeEntry' | 'readEntry' | 'empty'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** At one path the stricter mount comes later, and so on top. */
const RANK: Record<Mount['kind'], number> = { write: 0, writeEntry: 0, read: 1, readEntry: 1, link: 1, empty: 2 };

/**
 * The arguments of bubblewrap up to and without the command: everything read-only, the writable roots on top, the
 * protected and hidden paths on top of those, no other processes, no capabilities, and no network unless wanted.
 */
export function bwrapArgs(plan: ResolvedPlan, cwd: string): readonly string[] {
  const all = mountsOf(plan);
  const mounts = [...all, ...pins(all)].filter(({ path }) => path !== '/').sort(byPlace);
  const wholeDisk = plan.writable.includes('/') && !plan.frozen.some(({ path }) => path === '/');
  return [
    ...(wholeDisk ? ['--bind', '/', '/'] : ['--ro-bind', '/', '/']),
    ...['--dev', '/dev', '--proc', '/proc'],
    ...mounts.flatMap(mountArgs),
    // Only now: mount points had to be made inside the empty folders first.
    ...mounts.flatMap(({ kind, path }) => (kind === 'empty' ? ['--remount-ro', path] : [])),
    '--unshare-all',
    ...(plan.network ? ['--share-net'] : []),
    ...['--die-with-parent', '--cap-drop', 'ALL', '--seccomp', String(SECCOMP_FD), '--chdir', cwd, '--'],
  ];
}

function mountsOf(plan: ResolvedPlan): readonly Mount[] {
  const frozen = new Set(plan.frozen.map(({ path }) => path));
  const writable = plan.writable.filter((path) => !frozen.has(path));
  return [
    ...writable.map((path): Mount => ({ kind: 'write', path })),
    ...plan.readOnly.map((path): Mount => ({ kind: 'read', path })),
    ...plan.placeholders.map((path): Mount => ({ kind: 'empty', path })),
    ...plan.frozen.flatMap((folder) => frozenMounts(folder)),
    ...plan.hiddenFolders.map((path): Mount => ({ kind: 'empty', path })),
    ...plan.masked.flatMap((folder) => maskedMounts(folder, plan)),
  ];
}

/** A read-only folder with its entries writable: none can be added, and links stay what they are. */
function frozenMounts({ path, entries }: ListedFolder): readonly Mount[] {
  const writable = entries.filter(({ link }) => link === null);
  return [{ kind: 'read', path }, ...writable.map((entry): Mount => ({ kind: 'writeEntry', path: entry.path }))];
}

function maskedMounts({ path, entries }: ListedFolder, plan: ResolvedPlan): readonly Mount[] {
  const shown = entries.map((entry): Mount => {
    if (entry.link !== null) return { kind: 'link', path: entry.path, target: entry.link };
    return { kind: isWritable(entry.path, plan) ? 'writeEntry' : 'readEntry', path: entry.path };
  });
  return [{ kind: 'empty', path }, ...shown];
}

function isWritable(path: string, { writable, readOnly, placeholders }: ResolvedPlan): boolean {
  const strict = depthAround(path, [...readOnly, ...placeholders]);
  return depthAround(path, writable) > strict;
}

/** Depth of the deepest folder around a path; -1 when there is none. */
function depthAround(path: string, folders: readonly string[]): number {
  return Math.max(-1, ...folders.filter((folder) => isInside(path, folder)).map(depth));
}

/**
 * A mount point cannot be renamed, but a writable folder above it could, and a new one be put in its place. So every
 * writable folder between a root and a mount becomes a mount point itself.
 */
function pins(mounts: readonly Mount[]): readonly Mount[] {
  const sorted = [...mounts].sort(byPlace);
  const taken = new Set(mounts.map(({ path }) => path));
  const between = new Set(mounts.flatMap(({ path }) => ancestors(path)).filter((path) => !taken.has(path)));
  return [...between]
    .filter((path) => sorted.findLast((mount) => isInside(path, mount.path))?.kind.startsWith('write'))
    .map((path): Mount => ({ kind: 'write', path }));
}

function ancestors(path: string): readonly string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

function depth(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1;
}

function byPlace(a: Mount, b: Mount): number {
  return depth(a.path) - depth(b.path) || RANK[a.kind] - RANK[b.kind];
}

function mountArgs(mount: Mount): readonly string[] {
  switch (mount.kind) {
    case 'write':
      return ['--bind', mount.path, mount.path];
    case 'read':
      return ['--ro-bind', mount.path, mount.path];
    // Entries come from a listing and may be gone by now.
    case 'writeEntry':
      return ['--bind-try', mount.path, mount.path];
    case 'readEntry':
      return ['--ro-bind-try', mount.path, mount.path];
    case 'empty':
      return ['--tmpfs', mount.path];
    case 'link':
      return ['--symlink', mount.target, mount.path];
  }
}
