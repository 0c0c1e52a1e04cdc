import { applyUpdate } from './apply-update.ts';
import type { FileChange, FilePlace, FileState, ResolvePath } from './file-change.ts';
import type { Hunk, Patch } from './patch.ts';
import { invalidPatch, PatchError } from './patch-error.ts';

export { applyUpdate } from './apply-update.ts';
export type { FileChange, FilePlace, FileState, ResolvePath } from './file-change.ts';

type Files = ReadonlyMap<string, FileState>;

/** The absolute paths whose states planPatch needs: every section's file and every new name, each once. */
export function touchedPaths(patch: Patch, resolve: ResolvePath): string[] {
  return [...new Set(patch.hunks.flatMap((hunk) => pathsOf(hunk).map(resolve)))];
}

/**
 * What the patch does to these files, in its order; nothing is written (agent.md §8). `files` holds the state of
 * every touched path. Throws PatchError: `rejected` for an empty patch, `invalid` when two sections write one file,
 * `mismatch` when a section does not fit its file.
 */
export function planPatch(patch: Patch, files: Files, resolve: ResolvePath): FileChange[] {
  if (patch.hunks.length === 0) throw new PatchError('rejected', 'patch rejected: empty patch');
  rejectSharedTargets(patch, files, resolve);
  return patch.hunks.map((hunk) => planHunk(hunk, files, resolve));
}

/** The real paths that writing these changes touches, links followed: what a sandbox or a policy must look at. */
export function writtenPaths(changes: readonly FileChange[], files: Files): string[] {
  const paths = changes.flatMap((change) => {
    const place = placeOf(change.path, files);
    if (change.kind === 'delete') return [place.entry];
    if (change.kind === 'add' || change.movePath === null) return [place.file];
    return [placeOf(change.movePath, files).file, place.entry];
  });
  return [...new Set(paths)];
}

/**
 * The success text: all added files, then modified ones (a moved one under its new name), then deleted ones,
 * one line each (agent.md §8). `shownPath` turns an absolute path into the name to show.
 */
export function summarizeChanges(changes: readonly FileChange[], shownPath: ResolvePath): string {
  const linesOf = (kind: FileChange['kind'], letter: string): string[] =>
    changes.filter((change) => change.kind === kind).map((change) => `${letter} ${shownPath(resultPath(change))}\n`);
  const lines = [...linesOf('add', 'A'), ...linesOf('update', 'M'), ...linesOf('delete', 'D')];
  return `Success. Updated the following files:\n${lines.join('')}`;
}

/** Shows absolute paths by the names that the patch gave them; others as they are. */
export function createShownPath(patch: Patch, resolve: ResolvePath): ResolvePath {
  const names = new Map(patch.hunks.flatMap((hunk) => pathsOf(hunk).map((path) => [resolve(path), path] as const)));
  return (path) => names.get(path) ?? path;
}

function pathsOf(hunk: Hunk): string[] {
  return hunk.kind === 'update' && hunk.moveTo !== null ? [hunk.path, hunk.moveTo] : [hunk.path];
}

function resultPath(change: FileChange): string {
  return change.kind === 'update' ? (change.movePath ?? change.path) : change.path;
}

function planHunk(hunk: Hunk, files: Files, resolve: ResolvePath): FileChange {
  const path = resolve(hunk.path);
  switch (hunk.kind) {
    case 'add':
      requireNoFolder(path, files);
      return { kind: 'add', path, content: hunk.lines.map((line) => `${line}\n`).join('') };
    case 'delete':
      return { kind: 'delete', path, oldContent: textOf(path, files, 'Failed to read') };
    case 'update': {
      const oldContent = textOf(path, files, 'Failed to read file to update');
      const movePath = plannedMove(path, hunk.moveTo === null ? null : resolve(hunk.moveTo), files);
      return { kind: 'update', path, movePath, oldContent, newContent: applyUpdate(path, oldContent, hunk.chunks) };
    }
  }
}

// A move onto itself, also by way of a link, is an update in place: writing and then removing would lose the file.
function plannedMove(path: string, movePath: string | null, files: Files): string | null {
  if (movePath === null || movePath === path) return null;
  requireNoFolder(movePath, files);
  return placeOf(movePath, files).file === placeOf(path, files).entry ? null : movePath;
}

/** No two sections may write one file, whatever names they use for it: the later one was planned on the old text. */
function rejectSharedTargets(patch: Patch, files: Files, resolve: ResolvePath): void {
  const taken = new Set<string>();
  for (const hunk of patch.hunks) {
    const targets = targetsOf(hunk, files, resolve);
    for (const { path, keys } of targets) {
      if (keys.some((key) => taken.has(key))) throw invalidPatch(`multiple operations target ${path}`);
    }
    for (const key of targets.flatMap((target) => target.keys)) taken.add(key);
  }
}

function targetsOf(hunk: Hunk, files: Files, resolve: ResolvePath): { path: string; keys: string[] }[] {
  return pathsOf(hunk).map((name) => {
    const path = resolve(name);
    const place = placeOf(path, files);
    return { path, keys: hunk.kind === 'delete' ? [path, place.entry] : [path, place.entry, place.file] };
  });
}

function requireNoFolder(path: string, files: Files): void {
  if (stateOf(path, files).kind !== 'folder') return;
  throw new PatchError('mismatch', `Failed to write file ${path}: Is a directory (os error 21)`);
}

function textOf(path: string, files: Files, doing: string): string {
  const state = stateOf(path, files);
  if (state.kind === 'text') return state.text;
  throw new PatchError('mismatch', `${doing} ${path}: ${whyNoText(state)}`);
}

function whyNoText(state: Exclude<FileState, { kind: 'text' }>): string {
  switch (state.kind) {
    case 'missing':
      return 'No such file or directory (os error 2)';
    case 'folder':
      return 'Is a directory (os error 21)';
    case 'unreadable':
      return state.reason;
  }
}

function placeOf(path: string, files: Files): FilePlace {
  return stateOf(path, files).place ?? { entry: path, file: path };
}

function stateOf(path: string, files: Files): FileState {
  const state = files.get(path);
  if (state === undefined) throw new Error(`the state of ${path} was not read before planning`);
  return state;
}
