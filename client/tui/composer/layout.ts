import { glyphsOf } from '../view/width.ts';
import type { Composer } from './composer.ts';

/** One row of the composer: where its text stands in the whole. */
export interface ComposerRow {
  readonly start: number;
  readonly end: number;
}

export interface CursorPlace {
  readonly row: number;
  /** In cells from the row's start. */
  readonly column: number;
}

/** Cuts the text into rows of at most `columns - 1` cells: the last cell is the cursor's. */
export function composerRows(text: string, columns: number): ComposerRow[] {
  const width = Math.max(2, columns - 1);
  const rows: ComposerRow[] = [];
  let lineStart = 0;
  for (const line of text.split('\n')) {
    rows.push(...wrapRows(line, lineStart, width));
    lineStart += line.length + 1;
  }
  return rows;
}

function wrapRows(line: string, offset: number, width: number): ComposerRow[] {
  const rows: ComposerRow[] = [];
  let start = 0;
  let at = 0;
  let used = 0;
  for (const glyph of glyphsOf(line)) {
    if (used + glyph.width > width) {
      rows.push({ start: offset + start, end: offset + at });
      start = at;
      used = 0;
    }
    at += glyph.text.length;
    used += glyph.width;
  }
  rows.push({ start: offset + start, end: offset + line.length });
  return rows;
}

/** Where the cursor stands. Between two rows of one line it belongs to the later. */
export function cursorPlace(text: string, cursor: number, rows: readonly ComposerRow[]): CursorPlace {
  const found = rows.findLastIndex(({ start, end }) => start <= cursor && cursor <= end);
  const row = Math.max(0, found);
  const start = rows[row]?.start ?? 0;
  const column = glyphsOf(text.slice(start, cursor)).reduce((sum, glyph) => sum + glyph.width, 0);
  return { row, column };
}

/** Moves the cursor a row up (-1) or down (1) and keeps its column; null at the edge. */
export function moveByRow(composer: Composer, step: -1 | 1, columns: number): Composer | null {
  const rows = composerRows(composer.text, columns);
  const place = cursorPlace(composer.text, composer.cursor, rows);
  const target = rows[place.row + step];
  if (target === undefined) return null;
  const goalColumn = composer.goalColumn ?? place.column;
  const isWrapped = rows[place.row + step + 1]?.start === target.end;
  return { ...composer, cursor: atColumn(composer.text, target, goalColumn, isWrapped), goalColumn };
}

/** The position in a row nearest to a column. The end of a wrapped row belongs to the next row, so it stops before it. */
function atColumn(text: string, row: ComposerRow, column: number, isWrapped: boolean): number {
  let at = row.start;
  let used = 0;
  for (const glyph of glyphsOf(text.slice(row.start, row.end))) {
    const next = at + glyph.text.length;
    if (used + glyph.width > column || (isWrapped && next === row.end)) break;
    at = next;
    used += glyph.width;
  }
  return at;
}
