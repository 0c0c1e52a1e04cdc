import { type FileLine, joinFile, lineEndStyle, splitFile } from './file-lines.ts';
import { LineFinder } from './find-lines.ts';
import { type Chunk, type ChunkLine, createChunk } from './patch.ts';
import { PatchError } from './patch-error.ts';

/** A chunk and the index of the file's line where its old lines begin. */
interface PlacedChunk {
  readonly at: number;
  readonly chunk: Chunk;
}

/**
 * The text of a file after its chunks (agent.md §8). Lines outside the chunks and context lines keep the file's own
 * text and line ends; added lines take the file's style; the result ends with a newline unless it is empty.
 * `path` is only for messages. Throws PatchError, kind `mismatch`.
 */
export function applyUpdate(path: string, fileText: string, chunks: readonly Chunk[]): string {
  const lines = splitFile(fileText);
  const style = lineEndStyle(lines);
  const placed = placeChunks(path, lines, chunks);
  const result: FileLine[] = [];
  let next = 0;
  for (const { at, chunk } of placed) {
    next = copyLines(lines, next, at, result);
    for (const line of chunk.lines) {
      const own = lines[next];
      if (line.kind === 'add') result.push({ text: line.text, end: style });
      else if (line.kind === 'context' && own !== undefined) result.push(own);
      if (line.kind !== 'add') next += 1;
    }
  }
  copyLines(lines, next, lines.length, result);
  return joinFile(result, style);
}

// One by one: a large file has more lines than a call of push may have arguments.
function copyLines(lines: readonly FileLine[], from: number, to: number, result: FileLine[]): number {
  for (const line of lines.slice(from, to)) result.push(line);
  return to;
}

/** Finds every chunk's place, searching forward only, and returns them in file order. */
function placeChunks(path: string, lines: readonly FileLine[], chunks: readonly Chunk[]): readonly PlacedChunk[] {
  const finder = new LineFinder(lines.map((line) => line.text));
  const placed: PlacedChunk[] = [];
  let cursor = 0;
  for (const chunk of chunks) {
    cursor = cursorBelowScope(path, finder, chunk, cursor);
    const place = placeChunk(finder, chunk, cursor, lines.length);
    if (place === null) {
      throw new PatchError('mismatch', `Failed to find expected lines in ${path}:\n${chunk.oldLines.join('\n')}`);
    }
    placed.push(place);
    // A pure insertion stands at the end of the file and does not move the cursor.
    if (place.chunk.oldLines.length > 0) cursor = place.at + place.chunk.oldLines.length;
  }
  return placed.sort((one, other) => one.at - other.at);
}

function cursorBelowScope(path: string, finder: LineFinder, chunk: Chunk, cursor: number): number {
  if (chunk.scope === null) return cursor;
  const at = finder.find([chunk.scope], cursor, false);
  if (at === -1) throw new PatchError('mismatch', `Failed to find context '${chunk.scope}' in ${path}`);
  return at + 1;
}

function placeChunk(finder: LineFinder, chunk: Chunk, cursor: number, lineCount: number): PlacedChunk | null {
  if (chunk.oldLines.length === 0) return { at: lineCount, chunk };
  const at = finder.find(chunk.oldLines, cursor, chunk.endOfFile);
  if (at !== -1) return { at, chunk };
  if (chunk.oldLines.at(-1) !== '') return null;

  // An empty last line is often only the model's idea of the file's final newline: once more without it.
  const shorter = withoutLastOldLine(chunk);
  if (shorter.oldLines.length === 0) return { at: lineCount, chunk: shorter };
  const shorterAt = finder.find(shorter.oldLines, cursor, chunk.endOfFile);
  return shorterAt === -1 ? null : { at: shorterAt, chunk: shorter };
}

// A context line above added lines is not lost: what the file lacks of it is added with them.
function withoutLastOldLine(chunk: Chunk): Chunk {
  const index = chunk.lines.findLastIndex((line) => line.kind !== 'add');
  const line = chunk.lines[index];
  const isAbove = line?.kind === 'context' && index < chunk.lines.length - 1;
  const replacement: readonly ChunkLine[] = isAbove ? [{ kind: 'add', text: line.text }] : [];
  const lines = [...chunk.lines.slice(0, index), ...replacement, ...chunk.lines.slice(index + 1)];
  return createChunk(chunk.scope, lines, chunk.endOfFile);
}
