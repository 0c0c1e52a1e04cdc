import { trimEndBlanks } from './blanks.ts';
import type { LineReader } from './line-reader.ts';
import { isChunkStart, isSectionStart, markers } from './markers.ts';
import { type Chunk, type ChunkLine, createChunk } from './patch.ts';
import { invalidHunk, type PatchError } from './patch-error.ts';

interface OpenChunk {
  readonly scope: string | null;
  readonly lines: ChunkLine[];
  endOfFile: boolean;
}

const lineKinds: Readonly<Record<string, ChunkLine['kind']>> = { ' ': 'context', '-': 'remove', '+': 'add' };

/**
 * Reads the chunks of an update section up to the next section or the end marker (agent.md §8).
 * `headerLine` is the line number of the section's header. Throws PatchError, kind `invalid`.
 */
export function parseChunks(reader: LineReader, path: string, headerLine: number): readonly Chunk[] {
  const chunks: OpenChunk[] = [];
  skipEmptyLinesBeforeMarker(reader);
  for (let line = reader.current; line !== null && !isSectionStart(trimEndBlanks(line)); line = reader.current) {
    parseLine(reader, chunks, line);
    reader.skip();
  }
  const last = chunks.at(-1);
  if (last === undefined) throw invalidHunk(headerLine, `Update file hunk for path '${path}' is empty`);
  closeSection(reader, last);
  return chunks.map((chunk) => createChunk(chunk.scope, chunk.lines, chunk.endOfFile));
}

// Before the first `@@` an empty line is only layout; inside a chunk it is an empty context line.
function skipEmptyLinesBeforeMarker(reader: LineReader): void {
  const next = trimEndBlanks(reader.peekPastEmpty() ?? markers.end);
  if (isChunkStart(next) || isSectionStart(next)) reader.skipWhile((line) => line === '');
}

function parseLine(reader: LineReader, chunks: OpenChunk[], line: string): void {
  const marker = trimEndBlanks(line);
  const chunk = chunks.at(-1);
  if (isChunkStart(marker)) {
    if (chunk?.lines.length === 0) throw unexpectedLine(reader, line);
    const scope = marker === markers.chunk ? null : marker.slice(markers.scope.length);
    chunks.push({ scope, lines: [], endOfFile: false });
  } else if (marker === markers.endOfFile) {
    if (chunk === undefined || chunk.lines.length === 0) throw noLines(reader);
    chunk.endOfFile = true;
  } else if (chunk?.endOfFile) {
    if (marker !== '') throw expectedChunkStart(reader, line);
  } else {
    addLine(reader, chunks, line);
  }
}

function addLine(reader: LineReader, chunks: OpenChunk[], line: string): void {
  const chunk = chunks.at(-1);
  const kind = line === '' ? 'context' : lineKinds[line.charAt(0)];
  if (kind === undefined) {
    throw chunk !== undefined && chunk.lines.length > 0
      ? expectedChunkStart(reader, line)
      : unexpectedLine(reader, line);
  }
  const chunkLine = { kind, text: line.slice(1) };
  if (chunk === undefined) chunks.push({ scope: null, lines: [chunkLine], endOfFile: false });
  else chunk.lines.push(chunkLine);
}

/**
 * Empty lines before the next section may be context or only layout. One is kept as context, because applying can
 * do without it; none is kept where it would be the only context of an insertion.
 */
function closeSection(reader: LineReader, last: OpenChunk): void {
  if (last.lines.length === 0) throw reader.current === null ? noLines(reader) : unexpectedLine(reader, reader.current);
  if (last.endOfFile) return;
  const emptyCount = Math.min(reader.countEmptyBefore(), last.lines.length);
  const body = last.lines.slice(0, last.lines.length - emptyCount);
  const isInsertion = body.length > 0 && body.every((line) => line.kind === 'add');
  const kept = isInsertion ? 0 : Math.min(emptyCount, 1);
  last.lines.splice(body.length + kept);
}

function unexpectedLine(reader: LineReader, line: string): PatchError {
  return invalidHunk(
    reader.lineNumber,
    `Unexpected line found in update hunk: '${line}'. Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)`,
  );
}

function expectedChunkStart(reader: LineReader, line: string): PatchError {
  return invalidHunk(reader.lineNumber, `Expected update hunk to start with a @@ context marker, got: '${line}'`);
}

function noLines(reader: LineReader): PatchError {
  return invalidHunk(reader.lineNumber, 'Update hunk does not contain any lines');
}
