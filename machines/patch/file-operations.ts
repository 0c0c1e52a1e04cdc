import type { FileChange } from './file-change.ts';

/**
 * One step on disk, the same for a direct writer and for one inside the sandbox. Paths are absolute.
 * - `write` goes through links, replaces what is there and keeps its mode bits; a new file takes the mode of `modeOf`
 *   if given; `mkdirs` creates missing folders first.
 * - `unlink` removes the name itself, also when it is a link.
 */
export type FileOperation =
  | {
      readonly op: 'write';
      readonly path: string;
      readonly content: string;
      readonly mkdirs: boolean;
      readonly modeOf: string | null;
    }
  | { readonly op: 'unlink'; readonly path: string };

/** The steps of these changes, in order; a moved file is written under its new name before the old one goes. */
export function toFileOperations(changes: readonly FileChange[]): FileOperation[] {
  return changes.flatMap(operationsOf);
}

function operationsOf(change: FileChange): FileOperation[] {
  switch (change.kind) {
    case 'add':
      return [{ op: 'write', path: change.path, content: change.content, mkdirs: true, modeOf: null }];
    case 'delete':
      return [{ op: 'unlink', path: change.path }];
    case 'update':
      return change.movePath === null
        ? [{ op: 'write', path: change.path, content: change.newContent, mkdirs: false, modeOf: null }]
        : [
            { op: 'write', path: change.movePath, content: change.newContent, mkdirs: true, modeOf: change.path },
            { op: 'unlink', path: change.path },
          ];
  }
}
