/** What stands at a path, read by the caller. Links are followed. */
export type FileState = (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'folder' }
  /** There is something, but its text cannot be had; the reason ends a sentence. */
  | { readonly kind: 'unreadable'; readonly reason: string }
) & { readonly place?: FilePlace };

/**
 * Where a path really leads: absolute, without links in folder names. `entry` is the name itself, which a delete
 * removes; `file` is what a write changes, at the end of all links. Left out where a path has no links.
 */
export interface FilePlace {
  readonly entry: string;
  readonly file: string;
}

/** One planned change. Paths are absolute; `movePath` is the new name of a moved file. */
export type FileChange =
  | { readonly kind: 'add'; readonly path: string; readonly content: string }
  | { readonly kind: 'delete'; readonly path: string; readonly oldContent: string }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly movePath: string | null;
      readonly oldContent: string;
      readonly newContent: string;
    };

/** Turns a path of the patch into an absolute, normalised one. */
export type ResolvePath = (path: string) => string;
