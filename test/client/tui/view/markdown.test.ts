import { describe, expect, test } from 'vitest';
import { lineText, lineWidth } from '../../../../client/tui/view/line.ts';
import { type MarkdownLines, renderMarkdown } from '../../../../client/tui/view/markdown.ts';
import fc from '../../../support/fast-check.ts';

const rowsOf = (text: string, columns = 40): string[] => renderMarkdown(text, columns).lines.map(lineText);

describe('markdown', () => {
  test.each([
    {
      name: 'headings and paragraphs',
      text: '# Title\nSome *soft* and **loud** text.',
      rows: ['Title', '', 'Some soft and loud text.'],
    },
    {
      name: 'code as it stands',
      text: 'run:\n```sh\nnpm test\n\n  x\n```',
      rows: ['run:', '', '  npm test', '', '    x'],
    },
    { name: 'an open code block', text: '```js\nlet a', rows: ['  let a'] },
    {
      name: 'lists in lists',
      text: '- one\n  - inner\n- two\n\n1. a\n2. b',
      rows: ['• one', '  • inner', '• two', '', '1. a', '2. b'],
    },
    { name: 'tasks', text: '- [x] done\n- [ ] open', rows: ['☑ done', '☐ open'] },
    { name: 'tasks in an ordered list', text: '1. [x] done\n2. open', rows: ['1. ☑ done', '2. open'] },
    { name: 'quotes', text: '> wise\n> words', rows: ['│ wise', '│ words'] },
    {
      name: 'links with their address',
      text: '[docs](https://x.org/a) https://y.org',
      rows: ['docs (https://x.org/a) https://y.org'],
    },
    {
      name: 'a table that fits',
      text: '| a | bee |\n|--|--|\n| 你好 | 2 |',
      rows: ['a    │ bee', '─────┼────', '你好 │ 2  '],
    },
    {
      name: 'the columns of a table as they are aligned',
      text: '| left | right | middle |\n|:--|--:|:-:|\n| a | 1 | x |',
      rows: ['left │ right │ middle', '─────┼───────┼───────', 'a    │     1 │   x   '],
    },
    {
      name: 'a table that is too wide with its widest column wrapped',
      text: '| a | words |\n|--|--|\n| 1 | some words that do not fit into one row |\n| 2 | b |',
      rows: [
        'a │ words                               ',
        '──┼─────────────────────────────────────',
        '1 │ some words that do not fit into one ',
        '  │ row                                 ',
        '──┼─────────────────────────────────────',
        '2 │ b                                   ',
      ],
    },
    {
      name: 'a table of too many columns row by row',
      text: `|${' head |'.repeat(8)}\n|${'--|'.repeat(8)}\n|${' some words |'.repeat(8)}`,
      rows: expect.arrayContaining(['some words │ some words │ some words │']),
    },
    { name: 'tags as text', text: 'a <b>x</b>\n\n<div>\nx\n</div>', rows: ['a <b>x</b>', '', '<div>', 'x', '</div>'] },
    { name: 'entities and escapes', text: 'a &amp; b \\* {bold}', rows: ['a &amp; b * {bold}'] },
    { name: 'a rule', text: 'a\n\n---\n\nb', rows: ['a', '', '─'.repeat(40), '', 'b'] },
    { name: 'line breaks of a paragraph', text: 'one\ntwo', rows: ['one', 'two'] },
  ])('shows $name', ({ text, rows }) => {
    expect(rowsOf(text)).toEqual(rows);
  });

  test('styles say what text is', () => {
    const { lines } = renderMarkdown('# T\n\n**b** `c` [l](http://x)', 40);
    expect(lines[0]).toEqual([{ text: 'T', style: 'heading' }]);
    expect(lines[2]?.map(({ text, style }) => `${style}:${text}`)).toEqual([
      'bold:b',
      'plain: ',
      'code:c',
      'plain: ',
      'link:l',
      'dim: (http://x)',
    ]);
  });

  const blocks = fc.constantFrom(
    '# Title\n\n',
    'Some words that are long enough to wrap.\n\n',
    '- one\n- two\n',
    '```\ncode\n\nmore\n```\n',
    '> quote\n',
    '| a | b |\n|--|--|\n| 1 | 2 |\n\n',
    '1. x\n\n   y\n',
    'text\n',
    '你好 👍\n',
  );

  test('rows fit into any width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(blocks, fc.string()), { maxLength: 8 }),
        fc.integer({ min: 2, max: 60 }),
        (parts, columns) => {
          const text = parts.join('').replace(/[^\n\x20-\x7e你好👍]/gu, '');
          expect(Math.max(0, ...renderMarkdown(text, columns).lines.map(lineWidth))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test('text that streams in ends as the text that was there at once', () => {
    fc.assert(
      fc.property(
        fc.array(blocks, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 40 }),
        (parts, steps) => {
          const text = parts.join('');
          let streamed: MarkdownLines | null = null;
          let length = 0;
          for (const step of steps) {
            length = Math.min(text.length, length + step);
            streamed = renderMarkdown(text.slice(0, length), 30, streamed);
          }
          expect(renderMarkdown(text, 30, streamed).lines.map(lineText)).toEqual(rowsOf(text, 30));
        },
      ),
      {
        examples: [
          [
            ['1. x\n\n   y\n', '| a | b |\n|--|--|\n| 1 | 2 |\n\n', '1. x\n\n   y\n'],
            [12, 14, 14, 1],
          ],
        ],
      },
    );
  });

  test('closed blocks are not wrapped again', () => {
    const first = renderMarkdown('one\n\ntwo\n\nthr', 40);
    const second = renderMarkdown('one\n\ntwo\n\nthree', 40, first);
    expect(second.closedLines).toBe(first.closedLines);
  });
});
