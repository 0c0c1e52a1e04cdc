import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { openScreen } from '../../../client/tui/screen.ts';
import { lineText, row } from '../../../client/tui/view/line.ts';
import { wrapText } from '../../../client/tui/view/wrap.ts';
import fc from '../../support/fast-check.ts';
import { useClusterWidths } from '../../support/virtual-screen.ts';

const COLUMNS = 24;
const ROWS = 4;

describe('the painter', () => {
  test('leaves on the terminal exactly what the last frame says, whatever was there before', async () => {
    const piece = fc.constantFrom(
      'a',
      'word ',
      '你',
      '好 ',
      '👍',
      '👍🏽',
      '👩‍👩‍👧',
      '🇩🇪',
      '❤\ufe0f',
      'e\u0301',
      ' ',
      '─',
      '└',
      '·',
    );
    const frames = fc.array(fc.array(fc.array(piece, { maxLength: 20 }), { minLength: ROWS, maxLength: ROWS }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(frames, async (all) => {
        const output = Object.assign(new PassThrough(), { isTTY: true, columns: COLUMNS, rows: ROWS });
        const screen = openScreen({ output, terminal: 'xterm-256color', hasColour: true, onResize: () => undefined });
        const pictures = all.map((rows) =>
          rows.map((pieces) => wrapText(pieces.join('').trim(), 'plain', COLUMNS)[0] ?? row('')),
        );
        for (const lines of pictures) screen.draw({ lines, cursor: { row: 0, column: 0 } });
        const painted = await rowsOf(output.read());
        screen.close();
        expect(painted).toEqual(pictures.at(-1)?.map((line) => lineText(line).trimEnd()));
      }),
      { numRuns: 60 },
    );
  });
});

async function rowsOf(bytes: Buffer): Promise<string[]> {
  const terminal = new headless.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  useClusterWidths(terminal);
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  const rows = Array.from(
    { length: ROWS },
    (_, at) => terminal.buffer.active.getLine(at)?.translateToString(true).trimEnd() ?? '',
  );
  terminal.dispose();
  return rows;
}
