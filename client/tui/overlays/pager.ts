import type { ScrollAnchor } from '../model.ts';
import { fitLine, row, type Size } from '../view/line.ts';
import { scrolled, transcriptWindow } from '../view/transcript.ts';
import { close, type Overlay, type OverlayContext, type OverlayOutcome } from './overlay.ts';
import { scrollStep, withFoot } from './scroll-area.ts';

/** The whole transcript with every output and diff in full. It follows the thread while it shows the end. */
export function createPager(scroll: ScrollAnchor | null = null): Overlay {
  return {
    id: 'pager',
    subject: null,
    placement: 'screen',
    press: (keyName, context) => press(scroll, keyName, context),
    view: ({ model }, { columns, rows }: Size) => {
      const { lines, hasMore } = transcriptWindow(
        model,
        { scroll, detail: 'full' },
        { columns, rows: Math.max(1, rows - 1) },
      );
      const keys = `${hasMore ? '↓ more · ' : ''}↑ ↓ pgup pgdn home end · esc close`;
      return withFoot(lines, fitLine(row(keys, 'dim'), columns), rows);
    },
  };
}

function press(scroll: ScrollAnchor | null, keyName: string, { model, size }: OverlayContext): OverlayOutcome {
  if (['escape', 'q', 'ctrl+t', 'ctrl+c'].includes(keyName)) return close;
  const space = { columns: size.columns, rows: Math.max(1, size.rows - 2) };
  const step = scrollStep(keyName, space.rows);
  if (step === null) return { kind: 'stay', overlay: createPager(scroll) };
  return { kind: 'stay', overlay: createPager(scrolled(model, { scroll, detail: 'full' }, space, -step)) };
}
