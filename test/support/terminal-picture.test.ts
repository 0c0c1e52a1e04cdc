import headless from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { drawTerminal, paletteColor } from './terminal-picture.ts';

async function draw(output: string, columns = 12, rows = 2): Promise<readonly string[]> {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise<void>((done) => terminal.write(output, done));
  const picture = drawTerminal(terminal, { title: 'a <test>' });
  terminal.dispose();
  return picture.split('\n').filter((line) => /<(text x="[\d.]+" y="\d+" textLength|rect x)/.test(line));
}

describe('a picture of a terminal', () => {
  test.each([
    ['plain text', 'hello', ['<text x="14" y="47" textLength="42">hello</text>']],
    ['blanks in front are room, not text', '   hi', ['<text x="39.2" y="47" textLength="16.8">hi</text>']],
    [
      'colours and looks split a row',
      'a\u001b[1;32mok\u001b[0mb',
      [
        '<text x="14" y="47" textLength="8.4">a</text><text x="22.4" y="47" textLength="16.8" fill="#98c379" font-weight="bold">ok</text><text x="39.2" y="47" textLength="8.4">b</text>',
      ],
    ],
    [
      'a background is drawn below its text',
      '\u001b[48;5;236mx',
      ['<rect x="14" y="34" width="8.4" height="18" fill="#303030"/><text x="14" y="47" textLength="8.4">x</text>'],
    ],
    [
      'marks of the markup are escaped',
      'a<b>&"',
      ['<text x="14" y="47" textLength="50.4">a&lt;b&gt;&amp;&quot;</text>'],
    ],
    [
      'a wide character keeps two cells',
      '日x',
      ['<text x="14" y="47" textLength="16.8">日</text><text x="30.8" y="47" textLength="8.4">x</text>'],
    ],
    ['an empty screen holds no text', '', []],
  ])('%s', async (_name, output, rows) => {
    expect(await draw(output)).toEqual(rows);
  });

  test.each([
    [0, '#2b303b'],
    [15, '#ffffff'],
    [16, '#000000'],
    [196, '#ff0000'],
    [231, '#ffffff'],
    [232, '#080808'],
    [255, '#eeeeee'],
  ])('palette colour %i is %s', (index, color) => {
    expect(paletteColor(index)).toBe(color);
  });
});
