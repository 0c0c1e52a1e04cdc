/** One line of a file: its text and what ends it; only the last line of a file can have no end. */
export interface FileLine {
  readonly text: string;
  readonly end: LineEnd;
}

/** How a line ends. */
export type LineEnd = '\n' | '\r\n' | '';

/** Splits a file into lines; nothing is lost. An empty file has no lines. */
export function splitFile(text: string): readonly FileLine[] {
  const parts = text.split('\n');
  const rest = parts.pop() ?? '';
  const lines: FileLine[] = parts.map((part) =>
    part.endsWith('\r') ? { text: part.slice(0, -1), end: '\r\n' } : { text: part, end: '\n' },
  );
  return rest === '' ? lines : [...lines, { text: rest, end: '' }];
}

/** Puts lines together again; every line is ended, the last one too (agent.md §8), in the given style if it had no end. */
export function joinFile(lines: readonly FileLine[], style: LineEnd): string {
  return lines.map((line) => line.text + (line.end === '' ? style : line.end)).join('');
}

/** The line end that new lines of this file take: the more frequent one, LF when in doubt. */
export function lineEndStyle(lines: readonly FileLine[]): LineEnd {
  const crlfCount = lines.filter((line) => line.end === '\r\n').length;
  const lfCount = lines.filter((line) => line.end === '\n').length;
  return crlfCount > lfCount ? '\r\n' : '\n';
}
