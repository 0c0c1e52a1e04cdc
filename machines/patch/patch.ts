/** A parsed patch (agent.md §8). Paths are as written in it, relative or absolute. */
export interface Patch {
  /** The `*** Environment ID:` below the begin marker, if any. */
  readonly environmentId: string | null;
  readonly hunks: readonly Hunk[];
}

/** One file section. `moveTo` is the new name of a moved file. */
export type Hunk =
  | { readonly kind: 'add'; readonly path: string; readonly lines: readonly string[] }
  | { readonly kind: 'delete'; readonly path: string }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly moveTo: string | null;
      readonly chunks: readonly Chunk[];
    };

/** One replacement inside a file. Never without lines. */
export interface Chunk {
  /** The text after `@@`: a line to go below first. */
  readonly scope: string | null;
  /** Every line in order; `oldLines` and `newLines` are the two sides of it. */
  readonly lines: readonly ChunkLine[];
  /** Context and removed lines: what must stand in the file. */
  readonly oldLines: readonly string[];
  /** Context and added lines. */
  readonly newLines: readonly string[];
  /** Ended by `*** End of File`: the old lines are the last of the file. */
  readonly endOfFile: boolean;
}

/** A line of a chunk without its first character. */
export interface ChunkLine {
  readonly kind: 'context' | 'remove' | 'add';
  readonly text: string;
}

/** Builds a chunk from its lines. */
export function createChunk(scope: string | null, lines: readonly ChunkLine[], endOfFile: boolean): Chunk {
  return {
    scope,
    lines,
    oldLines: lines.filter((line) => line.kind !== 'add').map((line) => line.text),
    newLines: lines.filter((line) => line.kind !== 'remove').map((line) => line.text),
    endOfFile,
  };
}
