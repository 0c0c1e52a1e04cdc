import type { Composer } from '../composer/composer.ts';
import { composerRows, cursorPlace } from '../composer/layout.ts';
import { type Line, row, span } from './line.ts';
import { truncate } from './width.ts';

/** A composer's rows, and where the cursor stands among them. */
export interface ComposerView {
  readonly lines: readonly Line[];
  readonly cursor: { readonly row: number; readonly column: number };
}

const PROMPT = '› ';
export const MAX_COMPOSER_ROWS = 8;

/** Columns that the composer's text has beside its prompt sign. */
export function composerColumns(columns: number): number {
  return Math.max(3, columns - PROMPT.length);
}

/** The composer in at most `maxRows` rows, scrolled so that the cursor is seen. */
export function viewComposer(composer: Composer, columns: number, maxRows: number, placeholder: string): ComposerView {
  const { text, cursor } = composer;
  const rows = composerRows(text, composerColumns(columns));
  const place = cursorPlace(text, cursor, rows);
  const shown = Math.max(1, Math.min(rows.length, maxRows));
  const first = Math.max(0, Math.min(rows.length - shown, place.row - shown + 1));
  const lines = rows.slice(first, first + shown).map(({ start, end }, index): Line => {
    const sign = span(first + index === 0 ? PROMPT : '  ', 'accent');
    return start === end ? [sign] : [sign, span(text.slice(start, end))];
  });
  const cursorCell = { row: place.row - first, column: PROMPT.length + place.column };
  if (text !== '') return { lines, cursor: cursorCell };
  return {
    lines: [[span(PROMPT, 'accent'), ...row(truncate(placeholder, columns - PROMPT.length - 1), 'dim')]],
    cursor: cursorCell,
  };
}
