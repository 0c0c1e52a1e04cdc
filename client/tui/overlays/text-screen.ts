import { fitLine, type Line, row, type Size } from '../view/line.ts';
import { wrapLine } from '../view/wrap.ts';
import { close, type Overlay, type OverlayId, type OverlayOutcome } from './overlay.ts';
import { clampTop, scrollArea, scrollStep, withFoot } from './scroll-area.ts';

/** A text to read: scrolls, and closes with esc, enter or q. */
export function createTextScreen(id: OverlayId, lines: readonly Line[], top = 0): Overlay {
  const wrapped = (columns: number) => lines.flatMap((line) => wrapLine(line, columns));
  return {
    id,
    subject: null,
    placement: 'screen',
    press: (keyName, { size }): OverlayOutcome => {
      if (['escape', 'enter', 'q', 'ctrl+c'].includes(keyName)) return close;
      const space = Math.max(1, size.rows - 2);
      const next = clampTop(top + (scrollStep(keyName, space) ?? 0), wrapped(size.columns).length, space);
      return { kind: 'stay', overlay: createTextScreen(id, lines, next) };
    },
    view: (_, { columns, rows }: Size) => {
      const [text, space] = [wrapped(columns), Math.max(1, rows - 1)];
      const hasMore = clampTop(top, text.length, space) + space < text.length;
      const keys = `↑ ↓ scroll · esc close${hasMore ? ' · ↓ more' : ''}`;
      return withFoot(scrollArea(text, top, space), fitLine(row(keys, 'dim'), columns), rows);
    },
  };
}
