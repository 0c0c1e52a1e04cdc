import { trimBlanks, trimEndBlanks } from './blanks.ts';

const DASHES = /[\u2010-\u2015\u2212]/g;
const SINGLE_QUOTES = /[\u2018-\u201b]/g;
const DOUBLE_QUOTES = /[\u201c-\u201f]/g;
const SPACES = /[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g;

/** Typographic characters as their ASCII cousins (agent.md §8). Case, `…` and accents stay. */
function foldTypography(text: string): string {
  return text.replace(DASHES, '-').replace(SINGLE_QUOTES, "'").replace(DOUBLE_QUOTES, '"').replace(SPACES, ' ');
}

// From strict to lenient. Each pass goes over the whole rest of the file before the next one is tried.
const passes: readonly ((text: string) => string)[] = [
  (text) => text,
  trimEndBlanks,
  trimBlanks,
  (text) => foldTypography(trimBlanks(text)),
];

/** Searches one file's lines; what a lenient pass needs is worked out once per file. */
export class LineFinder {
  readonly #lines: readonly string[];
  readonly #passLines = new Map<number, readonly string[]>();

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /**
   * The index of the first place at or after `from` where the wanted lines stand one below the other, or -1.
   * With `atEnd` only the last lines of the file count.
   */
  find(wanted: readonly string[], from: number, atEnd: boolean): number {
    const last = this.#lines.length - wanted.length;
    const start = atEnd ? Math.max(from, last) : from;
    for (const [index, simplify] of passes.entries()) {
      const found = search(this.#linesOf(index, simplify), wanted.map(simplify), start, last);
      if (found !== -1) return found;
    }
    return -1;
  }

  #linesOf(index: number, simplify: (text: string) => string): readonly string[] {
    const known = this.#passLines.get(index) ?? this.#lines.map(simplify);
    this.#passLines.set(index, known);
    return known;
  }
}

function search(lines: readonly string[], wanted: readonly string[], start: number, last: number): number {
  for (let at = start; at <= last; at += 1) {
    if (wanted.every((text, offset) => lines[at + offset] === text)) return at;
  }
  return -1;
}
