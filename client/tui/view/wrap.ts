import { EMPTY_LINE, type Line, lineWidth, type Span, span, styledGlyphs } from './line.ts';
import { isPlainAscii, textWidth } from './width.ts';

type StyledGlyph = { readonly text: string; readonly width: 0 | 1 | 2; readonly style: Span['style'] };

/** A prefix may take this share of the width; a wider one is left out, so that text stays readable at 20 columns. */
const MAX_PREFIX_SHARE = 0.5;

/** Breaks a paragraph at blanks (or between wide characters) into rows that never exceed `columns` cells. */
export function wrapLine(line: Line, columns: number): Line[] {
  const width = Math.max(1, columns);
  const only = line[0];
  if (only === undefined) return [EMPTY_LINE];
  if (line.length === 1 && isPlainAscii(only.text)) return wrapAscii(only, width);
  if (lineWidth(line) <= width) return [line];
  return wrapGlyphs(
    Array.from(styledGlyphs(line), (glyph) => fitGlyph(glyph, width)),
    width,
  );
}

/** Wraps each line of a text in one style. */
export function wrapText(text: string, style: Span['style'], columns: number): Line[] {
  return text.split('\n').flatMap((line) => wrapLine(line === '' ? EMPTY_LINE : [span(line, style)], columns));
}

/** Wraps paragraphs behind a prefix: `first` before the first row, `rest` before all others. */
export function wrapWithPrefix(lines: readonly Line[], columns: number, first: Span, rest: Span): Line[] {
  const prefixWidth = Math.max(textWidth(first.text), textWidth(rest.text));
  if (prefixWidth > columns * MAX_PREFIX_SHARE) return lines.flatMap((line) => wrapLine(line, columns));
  return lines
    .flatMap((line) => wrapLine(line, columns - prefixWidth))
    .map((wrapped, index) => prefixed(index === 0 ? first : rest, wrapped));
}

/** Puts a prefix before a row; an empty row stays empty when the prefix is blank. */
export function prefixed(prefix: Span, line: Line): Line {
  return line.length === 0 && prefix.text.trim() === '' ? EMPTY_LINE : [prefix, ...line];
}

function wrapAscii({ text, style }: Span, width: number): Line[] {
  const rows: Line[] = [];
  let start = 0;
  while (text.length - start > width) {
    const blank = text.lastIndexOf(' ', start + width);
    const hasBreak = blank > start && text.slice(start, blank).trim() !== '';
    const end = hasBreak ? blank : start + width;
    const kept = text.slice(start, end).trimEnd();
    rows.push(kept === '' ? EMPTY_LINE : [span(kept, style)]);
    start = hasBreak ? skipBlanks(text, end) : end;
  }
  if (start < text.length || rows.length === 0) rows.push(start < text.length ? [span(text.slice(start), style)] : []);
  return rows;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at += 1;
  return at;
}

/** A wide glyph cannot stand in one column. */
function fitGlyph(glyph: StyledGlyph, width: number): StyledGlyph {
  return glyph.width > width ? { text: '?', width: 1, style: glyph.style } : glyph;
}

function wrapGlyphs(glyphs: readonly StyledGlyph[], width: number): Line[] {
  const rows: Line[] = [];
  let start = 0;
  let used = 0;
  let breakAt = -1;
  for (let index = 0; index < glyphs.length; index += 1) {
    const glyph = glyphs[index];
    if (glyph === undefined) break;
    if (mayBreakBefore(glyphs, index, start)) breakAt = index;
    if (used + glyph.width > width) {
      const end = breakAt > start ? breakAt : glyph.text === ' ' ? index : Math.max(index, start + 1);
      rows.push(joinGlyphs(glyphs.slice(start, end), true));
      start = skipBlankGlyphs(glyphs, end);
      used = 0;
      breakAt = -1;
      index = start - 1;
      continue;
    }
    used += glyph.width;
  }
  if (start < glyphs.length) rows.push(joinGlyphs(glyphs.slice(start), false));
  return rows.length === 0 ? [EMPTY_LINE] : rows;
}

/** A row may end after a blank that follows something visible, and beside a wide character. */
function mayBreakBefore(glyphs: readonly StyledGlyph[], index: number, start: number): boolean {
  const before = glyphs[index - 1];
  const here = glyphs[index];
  if (index <= start || before === undefined || here === undefined || here.text === ' ') return false;
  if (before.text !== ' ') return before.width === 2 || here.width === 2;
  for (let at = index - 1; at >= start; at -= 1) if (glyphs[at]?.text !== ' ') return true;
  return false;
}

function skipBlankGlyphs(glyphs: readonly StyledGlyph[], from: number): number {
  let at = from;
  while (glyphs[at]?.text === ' ') at += 1;
  return at;
}

function joinGlyphs(glyphs: readonly StyledGlyph[], trimEnd: boolean): Line {
  let end = glyphs.length;
  while (trimEnd && glyphs[end - 1]?.text === ' ') end -= 1;
  const spans: Span[] = [];
  for (const { text, style } of glyphs.slice(0, end)) {
    const last = spans.at(-1);
    if (last?.style === style) spans[spans.length - 1] = { text: last.text + text, style };
    else spans.push({ text, style });
  }
  return spans;
}
