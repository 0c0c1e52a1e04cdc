/** What a sandbox policy lets a command write, as rules on absolute, normalised, link-free paths (agent.md §10). */

export type SandboxMode = 'read-only' | 'workspace-write' | 'danger-full-access';

/** The wire's shape (protocol.md §10.3). */
export type SandboxPolicy =
  | { readonly type: 'dangerFullAccess' }
  | { readonly type: 'readOnly'; readonly networkAccess: boolean }
  | {
      readonly type: 'workspaceWrite';
      readonly writableRoots: readonly string[];
      readonly networkAccess: boolean;
      readonly excludeTmpdirEnvVar: boolean;
      readonly excludeSlashTmp: boolean;
    };

/** Where a command runs: its folder, and `$TMPDIR` of the client's environment (null: not set). */
export interface SandboxPlace {
  readonly cwd: string;
  readonly tmpdir: string | null;
  /** Folders that stay read-only wherever they lie, roots below them excepted: the home with its configuration. */
  readonly guarded?: readonly string[];
}

/** A policy made concrete, the same for every platform. Everything not named is readable and not writable. */
export interface SandboxPlan {
  /** Folders a command may write. */
  readonly binds: readonly string[];
  /** Folders inside `binds` that stay read-only and may not be created when missing. */
  readonly protectedPaths: readonly string[];
  /** Folders that stay read-only wherever they lie. */
  readonly guarded: readonly string[];
  /** Files and folders a command must not even read. */
  readonly hidden: readonly string[];
  readonly network: boolean;
}

/** Names a command may not write at the top of a writable root: hooks and settings that later run unsandboxed. */
const PROTECTED_NAMES = ['.git', '.codex', '.agents', '.aws'] as const;

/** Whether `path` is `folder` or lies below it. */
export function isInside(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function joined(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/** The read-only names of one writable root. */
export function protectedPaths(root: string): readonly string[] {
  return PROTECTED_NAMES.map((name) => joined(root, name));
}

/** The folders a policy opens for writing: cwd first. `dangerFullAccess` answers `/`, `readOnly` nothing. */
export function writableRoots(policy: SandboxPolicy, { cwd, tmpdir }: SandboxPlace): readonly string[] {
  if (policy.type === 'dangerFullAccess') return ['/'];
  if (policy.type === 'readOnly') return [];

  const roots = [cwd, ...policy.writableRoots];
  if (!policy.excludeSlashTmp) roots.push('/tmp');
  if (!policy.excludeTmpdirEnvVar && tmpdir?.startsWith('/')) roots.push(withoutEndSlash(tmpdir));
  return [...new Set(roots)];
}

function withoutEndSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

/** Whether a command under `policy` may create or change the file at `absPath`. */
export function canWrite(policy: SandboxPolicy, place: SandboxPlace, absPath: string): boolean {
  if (policy.type === 'dangerFullAccess') return true;
  const roots = writableRoots(policy, place);
  const locked = [...roots.flatMap(protectedPaths), ...(place.guarded ?? [])];
  if (locked.some((folder) => isInside(absPath, folder))) {
    // A root of its own below a protected name (a workspace in `.codex/worktrees`) was opened on purpose.
    return deepest(roots, absPath).length > deepest(locked, absPath).length;
  }
  return roots.some((root) => isInside(absPath, root));
}

function deepest(folders: readonly string[], path: string): string {
  const around = folders.filter((folder) => isInside(path, folder));
  return around.reduce((best, folder) => (folder.length > best.length ? folder : best), '');
}

/** The plan of a policy; null means that no sandbox is wanted. */
export function sandboxPlan(
  policy: SandboxPolicy,
  place: SandboxPlace & { readonly hidden: readonly string[] },
): SandboxPlan | null {
  if (policy.type === 'dangerFullAccess') return null;
  const binds = writableRoots(policy, place);
  return {
    binds,
    protectedPaths: [...new Set(binds.flatMap(protectedPaths))],
    guarded: place.guarded ?? [],
    hidden: place.hidden,
    network: policy.networkAccess,
  };
}
