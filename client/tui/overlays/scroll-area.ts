import { EMPTY_LINE, type Line } from '../view/line.ts';

/** The first row to show of a text that is longer than its place, kept inside of it. */
export function clampTop(top: number, total: number, rows: number): number {
  return Math.max(0, Math.min(top, total - rows));
}

/** How far a key scrolls in `rows` rows, or null for another key. */
export function scrollStep(keyName: string, rows: number): number | null {
  const page = Math.max(1, rows - 1);
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    pageup: -page,
    pagedown: page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  return steps[keyName] ?? null;
}

export function scrollArea(lines: readonly Line[], top: number, rows: number): readonly Line[] {
  const from = clampTop(top, lines.length, rows);
  return lines.slice(from, from + rows);
}

/** A text with a last row that stands at the bottom of `rows` rows. */
export function withFoot(lines: readonly Line[], foot: Line, rows: number): readonly Line[] {
  const shown = lines.slice(0, Math.max(0, rows - 1));
  return [...shown, ...Array.from({ length: Math.max(0, rows - 1 - shown.length) }, () => EMPTY_LINE), foot];
}
