import { WIDE_RANGES } from './wide-ranges.ts';

/** How many cells a grapheme cluster takes: 0 (nothing to see), 1 or 2. */
export type CellWidth = 0 | 1 | 2;

export interface Glyph {
  readonly text: string;
  readonly width: CellWidth;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
const EMOJI_CLUSTER = /\p{Emoji}\ufe0f|\u200d\p{Extended_Pictographic}|\p{Emoji_Modifier}|^\p{Regional_Indicator}{2}/u;

/** Whether every character is one cell and one UTF-16 unit, so that slicing is safe. */
export function isPlainAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

function isWide(codePoint: number): boolean {
  if (codePoint < 0x1100) return false;
  let low = 0;
  let high = WIDE_RANGES.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (codePoint < (WIDE_RANGES[2 * middle] ?? 0)) high = middle - 1;
    else if (codePoint > (WIDE_RANGES[2 * middle + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}

function codePointWidth(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
}

/** Cells of one grapheme cluster. Emoji sequences (ZWJ, skin tone, flag, VS16) are two, others the sum of their parts. */
export function clusterWidth(cluster: string): CellWidth {
  if (cluster.length === 1 && cluster >= ' ' && cluster <= '~') return 1;
  if (EMOJI_CLUSTER.test(cluster)) return 2;
  let width = 0;
  for (const character of cluster) width += codePointWidth(character);
  return width >= 2 ? 2 : width === 1 ? 1 : 0;
}

/** Whether terminals disagree about a cluster's width, so that the painter has to place what follows. */
export function isUncertain(cluster: string): boolean {
  return cluster.length > ((cluster.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}

/** Cuts text into grapheme clusters with their widths. */
export function glyphsOf(text: string): Glyph[] {
  if (isPlainAscii(text)) return Array.from(text, (character) => ({ text: character, width: 1 as const }));
  return Array.from(segmenter.segment(text), ({ segment }) => ({ text: segment, width: clusterWidth(segment) }));
}

/** Cells that a text takes in one row. */
export function textWidth(text: string): number {
  if (isPlainAscii(text)) return text.length;
  return glyphsOf(text).reduce((sum, glyph) => sum + glyph.width, 0);
}

/** The text cut to at most `width` cells; the last one is an ellipsis when something was cut. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let kept = '';
  let used = 0;
  for (const glyph of glyphsOf(text)) {
    if (used + glyph.width > width - 1) break;
    kept += glyph.text;
    used += glyph.width;
  }
  return `${kept}…`;
}
