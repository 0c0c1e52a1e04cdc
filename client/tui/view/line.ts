import type { StyleName } from '../theme.ts';
import { glyphsOf, textWidth, truncate } from './width.ts';

/** Text in one style. It holds printable characters only (sanitize.ts). */
export interface Span {
  readonly text: string;
  readonly style: StyleName;
}

/** One row, or before wrapping one paragraph. */
export type Line = readonly Span[];

/** Columns and rows of the terminal, or of a part of it. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const EMPTY_LINE: Line = [];

export function span(text: string, style: StyleName = 'plain'): Span {
  return { text, style };
}

/** A row of one style. */
export function row(text: string, style: StyleName = 'plain'): Line {
  return text === '' ? EMPTY_LINE : [span(text, style)];
}

export function lineText(line: Line): string {
  return line.map(({ text }) => text).join('');
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** The row cut to at most `columns` cells. */
export function fitLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const fitted: Span[] = [];
  let left = columns;
  for (const { text, style } of line) {
    const part = textWidth(text) >= left ? truncateHard(text, left) : text;
    if (part !== '') fitted.push({ text: part, style });
    left -= textWidth(part);
    if (left <= 0 || part.length < text.length) break;
  }
  return fitted;
}

function truncateHard(text: string, columns: number): string {
  return textWidth(text) === columns ? text : truncate(text, columns);
}

/** The row filled with blanks up to `columns`, in the style given. */
export function padLine(line: Line, columns: number, style: StyleName = 'plain'): Line {
  const missing = columns - lineWidth(line);
  return missing > 0 ? [...line, span(' '.repeat(missing), style)] : line;
}

/** Every span of the row in another style. */
export function restyle(line: Line, style: StyleName): Line {
  return line.map(({ text }) => ({ text, style }));
}

/** One-cell and two-cell pieces of a row with their styles, for wrapping and painting. */
export function* styledGlyphs(line: Line): Generator<{ text: string; width: 0 | 1 | 2; style: StyleName }> {
  for (const { text, style } of line) {
    for (const glyph of glyphsOf(text)) yield { text: glyph.text, width: glyph.width, style };
  }
}
