import { structuredPatch } from 'diff';

const CONTEXT_LINES = 3;

// Finding the shortest edit takes time with the square of its length; a longer one is shown as one block instead.
const MAX_EDIT_LINES = 1000;

interface DiffHunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

/**
 * The unified diff of two texts without file headers, such as `@@ -1 +1 @@\n-old\n+new\n`; empty when they are equal.
 * At most about `maxChars` characters: what is left out is counted in a last line that begins with a backslash,
 * which readers of diffs take for a remark.
 */
export function fileDiff(oldText: string, newText: string, maxChars: number): string {
  if (oldText === newText) return '';
  const lines = diffHunks(oldText, newText).flatMap((hunk) => [hunkHeader(hunk), ...hunk.lines]);
  return cutLines(lines, maxChars);
}

function diffHunks(oldText: string, newText: string): readonly DiffHunk[] {
  const oldLines = splitLines(oldText);
  const newLines = splitLines(newText);
  const ends = equalEnds(oldLines, newLines);
  // Only what differs is searched, with enough around it for the context.
  const start = Math.max(0, ends.head - CONTEXT_LINES);
  const tailLeftOut = Math.max(0, ends.tail - CONTEXT_LINES);
  const middle = (lines: readonly string[]): string => lines.slice(start, lines.length - tailLeftOut).join('');
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_EDIT_LINES };
  const patch = structuredPatch('', '', middle(oldLines), middle(newLines), undefined, undefined, options);
  if (patch === undefined) return [blockHunk(oldLines, newLines, ends)];
  return patch.hunks.map((hunk) => ({ ...hunk, oldStart: hunk.oldStart + start, newStart: hunk.newStart + start }));
}

function hunkHeader(hunk: DiffHunk): string {
  return `@@ -${lineRange(hunk.oldStart, hunk.oldLines)} +${lineRange(hunk.newStart, hunk.newLines)} @@`;
}

// One line is named by its number alone; no line by the number of the line before it.
function lineRange(start: number, count: number): string {
  if (count === 1) return `${start}`;
  return `${count === 0 ? start - 1 : start},${count}`;
}

/** How many lines are equal at the beginning (`head`) and, of the others, at the end (`tail`). */
interface EqualEnds {
  readonly head: number;
  readonly tail: number;
}

function equalEnds(oldLines: readonly string[], newLines: readonly string[]): EqualEnds {
  const shorter = Math.min(oldLines.length, newLines.length);
  let head = 0;
  while (head < shorter && oldLines[head] === newLines[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && oldLines.at(-1 - tail) === newLines.at(-1 - tail)) tail += 1;
  return { head, tail };
}

/** Everything between the first and the last difference as one block, with context: true, though not the shortest. */
function blockHunk(oldLines: readonly string[], newLines: readonly string[], { head, tail }: EqualEnds): DiffHunk {
  const start = Math.max(0, head - CONTEXT_LINES);
  const tailShown = Math.min(tail, CONTEXT_LINES);
  const oldEnd = oldLines.length - tail;
  return {
    oldStart: start + 1,
    oldLines: oldEnd + tailShown - start,
    newStart: start + 1,
    newLines: newLines.length - tail + tailShown - start,
    lines: [
      ...marked(' ', oldLines.slice(start, head)),
      ...marked('-', oldLines.slice(head, oldEnd)),
      ...marked('+', newLines.slice(head, newLines.length - tail)),
      ...marked(' ', oldLines.slice(oldEnd, oldEnd + tailShown)),
    ],
  };
}

/** Lines with their newline, so that a last line without one differs from the same line with one. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function marked(mark: string, lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    line.endsWith('\n') ? [mark + line.slice(0, -1)] : [mark + line, '\\ No newline at end of file'],
  );
}

function cutLines(lines: readonly string[], maxChars: number): string {
  let length = 0;
  let count = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > maxChars) break;
    count += 1;
  }
  const kept = lines.slice(0, count).map((line) => `${line}\n`);
  const leftOut = lines.length - count;
  return leftOut === 0 ? kept.join('') : `${kept.join('')}\\ Diff cut here: ${leftOut} more lines\n`;
}
