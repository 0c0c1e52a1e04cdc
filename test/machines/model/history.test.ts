import { describe, expect, test } from 'vitest';
import { sanitizeHistory } from '../../../machines/model/history.ts';
import { type ResponseItem, textMessage } from '../../../machines/model/response-item.ts';
import fc from '../../support/fast-check.ts';

const call = (id: string): ResponseItem => ({
  type: 'function_call',
  call_id: id,
  name: 'exec_command',
  arguments: '{}',
});
const output = (id: string, text = 'done'): ResponseItem => ({
  type: 'function_call_output',
  call_id: id,
  output: text,
});
const patch = (id: string): ResponseItem => ({ type: 'custom_tool_call', call_id: id, name: 'apply_patch', input: '' });
const patched = (id: string, text = 'done'): ResponseItem => ({
  type: 'custom_tool_call_output',
  call_id: id,
  output: text,
});
const shell = (id: string | null): ResponseItem => ({ type: 'local_shell_call', call_id: id });
const search = (id: string | null): ResponseItem => ({ type: 'tool_search_call', call_id: id });
const searched = (id: string): ResponseItem => ({
  type: 'tool_search_output',
  call_id: id,
  status: 'completed',
  execution: 'client',
  tools: [],
});
const said = textMessage('user', 'go on');

describe('sanitizeHistory', () => {
  test.each<{ name: string; items: ResponseItem[]; expected: ResponseItem[] }>([
    { name: 'leaves an empty history empty', items: [], expected: [] },
    {
      name: 'leaves a fit history alone',
      items: [said, call('a'), call('b'), output('a'), output('b'), patch('c'), patched('c'), said],
      expected: [said, call('a'), call('b'), output('a'), output('b'), patch('c'), patched('c'), said],
    },
    {
      name: 'answers a call that never was',
      items: [said, call('a'), said],
      expected: [said, call('a'), output('a', 'aborted'), said],
    },
    {
      name: 'answers each kind of call in kind',
      items: [patch('a'), said, shell('b'), said, search('c')],
      expected: [
        patch('a'),
        patched('a', 'aborted'),
        said,
        shell('b'),
        output('b', 'aborted'),
        said,
        search('c'),
        searched('c'),
      ],
    },
    {
      name: 'wants no output where the server ran the call',
      items: [shell(null), search(null)],
      expected: [shell(null), search(null)],
    },
    {
      name: 'keeps the outputs of calls side by side in their order, the first missing',
      items: [call('a'), call('b'), output('b'), said],
      expected: [call('a'), call('b'), output('a', 'aborted'), output('b'), said],
    },
    {
      name: 'keeps the outputs of calls side by side in their order, the middle missing',
      items: [call('a'), call('b'), call('c'), output('a'), output('c')],
      expected: [call('a'), call('b'), call('c'), output('a'), output('b', 'aborted'), output('c')],
    },
    {
      name: 'keeps the outputs of calls side by side in their order, the last two missing',
      items: [call('a'), patch('b'), call('c'), output('a'), said],
      expected: [call('a'), patch('b'), call('c'), output('a'), patched('b', 'aborted'), output('c', 'aborted'), said],
    },
    { name: 'drops an output without a call', items: [output('a'), said, patched('b')], expected: [said] },
    {
      name: 'drops an output before its call',
      items: [output('a'), call('a')],
      expected: [call('a'), output('a', 'aborted')],
    },
    {
      name: 'drops a second output',
      items: [call('a'), output('a'), output('a', 'again')],
      expected: [call('a'), output('a')],
    },
    {
      name: 'drops an output of the wrong kind',
      items: [call('a'), patched('a')],
      expected: [call('a'), output('a', 'aborted')],
    },
    {
      name: 'takes a call id that a server uses twice',
      items: [call('a'), output('a', '1'), said, call('a'), output('a', '2')],
      expected: [call('a'), output('a', '1'), said, call('a'), output('a', '2')],
    },
    {
      name: 'takes a call id that a server uses twice side by side',
      items: [call('a'), call('b'), call('a'), output('a', '1')],
      expected: [call('a'), call('b'), call('a'), output('a', '1'), output('b', 'aborted'), output('a', 'aborted')],
    },
    {
      name: 'gives an output to the newer call when an older one of that id was never answered',
      items: [call('a'), said, call('a'), output('a', '2')],
      expected: [call('a'), output('a', 'aborted'), said, call('a'), output('a', '2')],
    },
    {
      name: 'does not put a missing output behind a newer call of that id',
      items: [call('a'), call('b'), said, call('b'), output('a'), output('b')],
      expected: [call('a'), call('b'), output('b', 'aborted'), said, call('b'), output('a'), output('b')],
    },
  ])('$name', ({ items, expected }) => {
    expect(sanitizeHistory(items)).toEqual(expected);
  });

  const id = fc.constantFrom('a', 'b', 'c');
  const anyItem: fc.Arbitrary<ResponseItem> = fc.oneof(
    id.map(call),
    id.map((each) => output(each)),
    id.map(patch),
    id.map((each) => patched(each)),
    fc.option(id, { nil: null }).map(shell),
    fc.constant(said),
  );
  const history = fc.array(anyItem, { maxLength: 25 });

  test('any history ends up with exactly one output after each call', () => {
    fc.assert(
      fc.property(history, (items) => {
        expect(unfit(sanitizeHistory(items))).toEqual([]);
      }),
    );
  });

  test('a history that was made fit stays as it is', () => {
    fc.assert(
      fc.property(history, (items) => {
        const once = sanitizeHistory(items);
        expect(sanitizeHistory(once)).toEqual(once);
      }),
    );
  });

  test('only outputs are added or dropped', () => {
    const others = (items: readonly ResponseItem[]) => items.filter((item) => !item.type.endsWith('_output'));
    fc.assert(
      fc.property(history, (items) => {
        expect(others(sanitizeHistory(items))).toEqual(others(items));
      }),
    );
  });
});

/** Ids that are open twice, closed unopened, or never closed; a call that is made again while open counts as two. */
function unfit(items: readonly ResponseItem[]): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const item of items) {
    if (item.type === 'function_call' || (item.type === 'local_shell_call' && item.call_id))
      open.push(`f${item.call_id}`);
    if (item.type === 'custom_tool_call') open.push(`c${item.call_id}`);
    const closed =
      item.type === 'function_call_output'
        ? `f${item.call_id}`
        : item.type === 'custom_tool_call_output'
          ? `c${item.call_id}`
          : null;
    if (closed === null) continue;
    const at = open.indexOf(closed);
    if (at === -1) wrong.push(closed);
    else open.splice(at, 1);
  }
  return [...wrong, ...open];
}
