import { describe, expect, test } from 'vitest';
import { fitLine, type Line, lineText, lineWidth, span } from '../../../../client/tui/view/line.ts';
import { sanitize, sanitizeRow } from '../../../../client/tui/view/sanitize.ts';
import { clusterWidth, glyphsOf, textWidth, truncate } from '../../../../client/tui/view/width.ts';
import { wrapLine, wrapText, wrapWithPrefix } from '../../../../client/tui/view/wrap.ts';
import fc from '../../../support/fast-check.ts';

describe('width', () => {
  test.each([
    { text: 'a', width: 1 },
    { text: 'ä', width: 1 },
    { text: 'e\u0301', width: 1 },
    { text: '你', width: 2 },
    { text: 'ｆ', width: 2 },
    { text: '한', width: 2 },
    { text: '👍', width: 2 },
    { text: '👍🏽', width: 2 },
    { text: '👩‍👩‍👧', width: 2 },
    { text: '🇩🇪', width: 2 },
    { text: '❤', width: 1 },
    { text: '❤\ufe0f', width: 2 },
    { text: '1\ufe0f\u20e3', width: 2 },
    { text: '☝🏽', width: 2 },
    { text: '✔', width: 1 },
    { text: '\u200b', width: 0 },
    { text: '\u0301', width: 0 },
    { text: '\ufe0f', width: 0 },
  ])('$text takes $width', ({ text, width }) => {
    expect(clusterWidth(text)).toBe(width);
  });

  test('truncating keeps within the width and marks the cut', () => {
    expect(truncate('你好世界', 5)).toBe('你好…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abc', 0)).toBe('');
  });
});

describe('sanitize', () => {
  test.each([
    { name: 'colours and cursor moves', text: 'a\u001b[31mb\u001b[0m\u001b[2Jc', clean: 'abc' },
    { name: 'titles and links', text: '\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b', clean: 'ab' },
    { name: 'an unfinished sequence', text: 'a\u001b[3', clean: 'a' },
    { name: 'C0 and C1', text: 'a\u0007\u0000\u009b31mb\u0085', clean: 'ab' },
    { name: 'direction overrides', text: 'rm \u202efr-\u202c x', clean: 'rm fr- x' },
    { name: 'tabs as blanks up to the next stop', text: 'a\tb\n\tc', clean: 'a   b\n    c' },
    { name: 'carriage returns as a line begun anew', text: '10%\r50%\r100%\r\nok', clean: '100%\nok' },
    { name: 'lone surrogates', text: 'a\ud83db', clean: 'a\ufffdb' },
    { name: 'nothing of plain text', text: 'ä 你 👩‍👩‍👧\nx', clean: 'ä 你 👩‍👩‍👧\nx' },
  ])('takes out $name', ({ text, clean }) => {
    expect(sanitize(text)).toBe(clean);
  });

  test('a row has no line ends', () => {
    expect(sanitizeRow('a\r\nb\n\nc')).toBe('a b c');
  });

  test('nothing but line feeds is left of control characters', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom('\u001b', '[', ']', '\r', '\u009d', '\u0007', '3', 'm'),
            fc.string({ unit: 'binary', maxLength: 1 }),
          ),
        }),
        (text) => {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
          expect(sanitize(text)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        },
      ),
    );
  });
});

describe('wrap', () => {
  test.each([
    { name: 'breaks at blanks', text: 'one two three', columns: 8, rows: ['one two', 'three'] },
    { name: 'breaks a long word', text: 'abcdefgh', columns: 3, rows: ['abc', 'def', 'gh'] },
    { name: 'keeps indentation', text: '    four', columns: 20, rows: ['    four'] },
    { name: 'breaks between wide characters', text: 'ab你好世界', columns: 5, rows: ['ab你', '好世', '界'] },
    { name: 'keeps a family whole', text: '👩‍👩‍👧👩‍👩‍👧', columns: 3, rows: ['👩‍👩‍👧', '👩‍👩‍👧'] },
    { name: 'keeps empty lines', text: 'a\n\nb', columns: 3, rows: ['a', '', 'b'] },
    { name: 'fits exactly', text: 'abc def', columns: 7, rows: ['abc def'] },
  ])('$name', ({ text, columns, rows }) => {
    expect(wrapText(text, 'plain', columns).map(lineText)).toEqual(rows);
  });

  test('a prefix stands before the first row, another before the rest', () => {
    const rows = wrapWithPrefix([[span('one two three')]], 10, span('- '), span('  '));
    expect(rows.map(lineText)).toEqual(['- one two', '  three']);
  });

  const unit = fc.oneof(
    fc.constantFrom(' ', 'a', 'word', '你', '👍', '👩‍👩‍👧', 'e\u0301', '❤\ufe0f', '🇩🇪'),
    fc.string({ unit: 'grapheme', maxLength: 1 }),
  );
  const texts = fc.string({ unit, maxLength: 60 }).map((text) => sanitizeRow(text));
  const lines: fc.Arbitrary<Line> = fc.array(
    fc.record({ text: texts, style: fc.constantFrom('plain' as const, 'bold' as const, 'code' as const) }),
    { maxLength: 4 },
  );

  test('rows never exceed the width, and nothing but blanks is lost', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 2, max: 30 }), (line, columns) => {
        const rows = wrapLine(line, columns);
        expect(Math.max(...rows.map(lineWidth))).toBeLessThanOrEqual(columns);
        expect(rows.map(lineText).join('').replaceAll(' ', '')).toBe(lineText(line).replaceAll(' ', ''));
      }),
      { numRuns: 500 },
    );
  });

  test('fitting, truncating and prefixing never exceed the width', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 30 }), (line, columns) => {
        expect(lineWidth(fitLine(line, columns))).toBeLessThanOrEqual(columns);
        expect(textWidth(truncate(lineText(line), columns))).toBeLessThanOrEqual(columns);
        for (const row of wrapWithPrefix([line], columns, span('  • '), span('    ')))
          expect(lineWidth(row)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test('glyphs are the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const joined = glyphsOf(text).map((glyph) => glyph.text);
        expect(joined.join('')).toBe(text);
      }),
    );
  });
});
