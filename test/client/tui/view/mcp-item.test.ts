import { describe, expect, test } from 'vitest';
import { lineText } from '../../../../client/tui/view/line.ts';
import { dynamicCallRows, mcpCallRows } from '../../../../client/tui/view/mcp-item.ts';
import type { ItemOf } from '../../../../machines/protocol/types/item.ts';
import { mcpCall } from '../../../support/thread-fixtures.ts';

const rowsOf = (changes: Partial<ItemOf<'mcpToolCall'>>, detail: 'short' | 'full' = 'short', columns = 60) =>
  mcpCallRows(mcpCall(changes), { columns, detail }).map((line) => lineText(line).trimEnd());

describe('a call of an MCP tool', () => {
  test.each<[string, Partial<ItemOf<'mcpToolCall'>>, string[]]>([
    ['that went well', {}, ['✔ Called files.find {"name":"words.txt"}', '  └ src/words.txt', '    test/words.txt']],
    [
      'that runs, with how far it is',
      { status: 'inProgress', result: null, progress: 'half of it', arguments: {} },
      ['• Calling files.find', '  └ half of it'],
    ],
    [
      'that failed by itself',
      { status: 'failed', durationMs: 61_000, result: { content: [{ type: 'text', text: 'no such file' }] } },
      ['✘ Called files.find {"name":"words.txt"} · failed · 1 m 01 s', '  └ no such file'],
    ],
    [
      'that was not made',
      { status: 'failed', durationMs: null, result: null, error: { message: 'rejected by user' } },
      ['✘ Called files.find {"name":"words.txt"} · failed', '  └ rejected by user'],
    ],
    [
      'with structure, or a picture',
      { result: { content: [], structuredContent: { n: 1 } }, arguments: null },
      ['✔ Called files.find', '  └ {"n":1}'],
    ],
    [
      'with a picture',
      { result: { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }, arguments: null },
      ['✔ Called files.find', '  └ [image: image/png]'],
    ],
  ])('%s', (_name, changes, expected) => {
    expect(rowsOf(changes)).toEqual(expected);
  });

  test('with long arguments and a long answer is cut, and shown whole on demand', () => {
    const long = {
      arguments: { text: 'x'.repeat(300) },
      result: { content: [{ type: 'text', text: Array.from({ length: 20 }, (_, at) => `row ${at}`).join('\n') }] },
    };
    const [short, full] = [rowsOf(long), rowsOf(long, 'full')];
    expect(short.join('\n')).toContain('x…');
    expect(short.join('\n')).toContain('… +15 lines (ctrl+o shows all)');
    expect(full.filter((line) => /row \d+$/.test(line))).toHaveLength(20);
  });

  test('shows no sign that would move the terminal', () => {
    const rows = rowsOf({
      tool: 'a\u001b[2Jb',
      arguments: { t: '\u0007' },
      error: { message: '\u001b]0;x\u0007' },
      result: null,
    });
    expect(rows.join('')).not.toMatch(/\p{Cc}/u);
  });
});

test('a call that a client answers is shown alike', () => {
  const item: ItemOf<'dynamicToolCall'> = {
    type: 'dynamicToolCall',
    id: 'c1',
    namespace: 'my_ns',
    tool: 'look',
    arguments: { x: 1 },
    status: 'completed',
    contentItems: [
      { type: 'inputText', text: 'see' },
      { type: 'inputImage', imageUrl: 'data:,' },
    ],
  };
  const rows = (changes: Partial<typeof item>) =>
    dynamicCallRows({ ...item, ...changes }, { columns: 60, detail: 'short' }).map((line) => lineText(line).trimEnd());
  expect(rows({})).toEqual(['✔ Called my_ns.look {"x":1}', '  └ see', '    [a picture]']);
  expect(rows({ namespace: null, status: 'inProgress', contentItems: null })).toEqual([
    '• Calling client.look {"x":1}',
  ]);
});
