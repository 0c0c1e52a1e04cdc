import { trimBlanks, trimEndBlanks } from './blanks.ts';
import { unwrapHeredoc } from './heredoc.ts';
import { LineReader } from './line-reader.ts';
import { markers } from './markers.ts';
import { parseChunks } from './parse-chunks.ts';
import type { Hunk, Patch } from './patch.ts';
import { invalidHunk, invalidPatch } from './patch-error.ts';

export type { Chunk, ChunkLine, Hunk, Patch } from './patch.ts';

const VALID_HEADERS = `'${markers.add}{path}', '${markers.delete}{path}', '${markers.update}{path}'`;

/**
 * Reads a patch in the form of agent.md §8, bare or wrapped in a heredoc, with LF or CRLF line ends.
 * A patch without sections parses; planning rejects it. Throws only PatchError, kind `invalid`.
 */
export function parsePatch(text: string): Patch {
  if (text.includes('\0')) throw invalidPatch('the patch contains a NUL character');

  const reader = new LineReader(linesBetweenMarkers(text));
  const environmentId = parseEnvironmentId(reader);
  const hunks: Hunk[] = [];
  for (skipBlankLines(reader); reader.current !== null; skipBlankLines(reader)) {
    hunks.push(parseSection(reader, reader.current));
  }
  return { environmentId, hunks };
}

function linesBetweenMarkers(text: string): readonly string[] {
  const lines = unwrapHeredoc(splitPatch(text)) ?? splitPatch(text);
  if (trimBlanks(lines[0] ?? '') !== markers.begin) {
    throw invalidPatch(`The first line of the patch must be '${markers.begin}'`);
  }
  if (lines.length < 2 || trimBlanks(lines.at(-1) ?? '') !== markers.end) throw missingEnd();
  return lines.slice(1, -1);
}

function splitPatch(text: string): readonly string[] {
  return trimBlanks(text)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

function missingEnd(): Error {
  return invalidPatch(`The last line of the patch must be '${markers.end}'`);
}

function skipBlankLines(reader: LineReader): void {
  reader.skipWhile((line) => trimBlanks(line) === '');
}

function parseEnvironmentId(reader: LineReader): string | null {
  const line = trimBlanks(reader.current ?? '');
  if (!line.startsWith(markers.environment)) return null;
  const environmentId = trimBlanks(line.slice(markers.environment.length));
  if (environmentId === '') throw invalidPatch('apply_patch environment_id cannot be empty');
  reader.skip();
  return environmentId;
}

function parseSection(reader: LineReader, line: string): Hunk {
  const header = trimBlanks(line);
  const lineNumber = reader.lineNumber;
  if (header === markers.end) throw missingEnd();

  const marker = [markers.add, markers.delete, markers.update].find((start) => header.startsWith(start));
  if (marker === undefined) {
    throw invalidHunk(lineNumber, `'${header}' is not a valid hunk header. Valid hunk headers: ${VALID_HEADERS}`);
  }
  const path = checkedPath(header.slice(marker.length), lineNumber);
  reader.skip();
  if (marker === markers.add) return { kind: 'add', path, lines: parseAddedLines(reader) };
  if (marker === markers.delete) return { kind: 'delete', path };
  return { kind: 'update', path, moveTo: parseMoveTo(reader), chunks: parseChunks(reader, path, lineNumber) };
}

function parseAddedLines(reader: LineReader): readonly string[] {
  const lines: string[] = [];
  reader.skipWhile((line) => {
    if (!line.startsWith('+')) return false;
    lines.push(line.slice(1));
    return true;
  });
  return lines;
}

function parseMoveTo(reader: LineReader): string | null {
  const line = trimEndBlanks(reader.current ?? '');
  if (!line.startsWith(markers.move)) return null;
  const path = checkedPath(trimBlanks(line.slice(markers.move.length)), reader.lineNumber);
  reader.skip();
  return path;
}

// A control character in a name is never meant, and could hide in an approval what is going to be written.
function checkedPath(path: string, lineNumber: number): string {
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      throw invalidHunk(lineNumber, 'the file name contains a control character');
    }
  }
  return path;
}
