import { describe, expect, test } from 'vitest';
import type { Message, Model } from '../../../client/tui/model.ts';
import type { FoundFile } from '../../../machines/protocol/methods/file-search.ts';
import { snapshotWith, turnOf, userMessage } from '../../support/thread-fixtures.ts';
import { frameText, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;

function file(path: string, changes: Partial<FoundFile> = {}): FoundFile {
  return { root: '/repo', path, match_type: 'file', file_name: path, score: 1, indices: null, ...changes };
}

const found = (query: string, ...files: readonly FoundFile[]): Message => ({ type: 'filesFound', query, files });
const some = found('a', file('abc.ts'), file('src/a b.md'), file('src', { match_type: 'directory' }));

const popupOf = (model: Model): string[] =>
  frameText(model)
    .split('\n')
    .filter((line) => line.startsWith('  '));

describe('the popup of files', () => {
  test.each([
    { name: 'enter takes the first', keys: ['enter'], text: 'see abc.ts ' },
    { name: 'tab takes the first', keys: ['tab'], text: 'see abc.ts ' },
    { name: 'down goes on, and a path with a blank is quoted', keys: ['down', 'tab'], text: 'see "src/a b.md" ' },
    { name: 'up goes round to the last, a folder', keys: ['up', 'enter'], text: 'see src/ ' },
    { name: 'once esc closed it, enter sends what is typed', keys: ['escape', 'enter'], text: '', sent: 'see @a' },
    { name: 'once esc closed it, esc again does nothing', keys: ['escape', 'escape'], text: 'see @a' },
  ])('$name', ({ keys, text, sent }) => {
    const { model, effects } = run(modelOf(), ...type('see @a'), some, ...press(NOW, ...keys));

    expect(model.composer.text).toBe(text);
    expect(effects.map((effect) => (effect.type === 'sendPrompt' ? effect.text : effect.type))).toEqual(
      sent === undefined ? [] : [sent],
    );
  });

  test('is open while a turn runs: then too tab takes a file and queues nothing', () => {
    const running = snapshotWith([turnOf([userMessage('go')], { status: 'inProgress' })]);

    const { model, effects } = run(modelOf({ snapshot: running }), ...type('@a'), some, ...press(NOW, 'tab'));

    expect([model.composer.text, effects]).toEqual(['abc.ts ', []]);
  });

  test('says what it does while there is nothing to take', () => {
    const at = run(modelOf(), ...type('@')).model;
    expect(popupOf(at)).toEqual(['  type some letters of a file’s path']);
    const typed = run(at, ...type('zz')).model;
    expect(popupOf(typed)).toEqual(['  looking for files …']);
    const empty = run(typed, found('zz')).model;
    expect(popupOf(empty)).toEqual(['  looking for files …']);
    const complete = run(empty, { type: 'filesComplete' }).model;
    expect(popupOf(complete)).toEqual(['  no file fits']);
    const failed = run(typed, { type: 'fileSearchFailed', query: 'zz', why: 'too many searches' }).model;
    expect(popupOf(failed)).toEqual(['  files cannot be looked for: too many searches']);
  });

  test('with nothing to take lets enter send', () => {
    const { effects } = run(modelOf(), ...type('mail @someone'), found('someone'), ...press(NOW, 'enter'));

    expect(effects).toMatchObject([{ type: 'sendPrompt', text: 'mail @someone' }]);
  });

  test('keeps what it shows while the next letter is looked for, and forgets it for another mention', () => {
    const next = run(modelOf(), ...type('@a'), some, ...type('b')).model;
    expect(popupOf(next)[0]).toBe('  abc.ts');
    const other = run(next, ...press(NOW, 'tab'), ...type('@x')).model;
    expect(popupOf(other)).toEqual(['  looking for files …']);
  });

  test('stays on a row that is there when a later answer is shorter', () => {
    const { model } = run(
      modelOf(),
      ...type('@a'),
      some,
      ...press(NOW, 'up'),
      found('a', file('only.ts')),
      ...press(NOW, 'enter'),
    );

    expect(model.composer.text).toBe('only.ts ');
  });

  test('does not open for who only watches', () => {
    expect(popupOf(run(modelOf({ role: 'observer' }), ...type('@a'), some).model)).toEqual([]);
  });

  test('shows no control character of a file’s name, and of a long path its end', () => {
    const long = file(`${'deep/'.repeat(30)}end.txt`, { indices: [0, 1] });
    const { model } = run(modelOf(), ...type('@a'), found('a', file('x\u001b[31m\ny'), long));

    const [odd = '', cut = ''] = popupOf(model);
    expect(odd).toBe('  x y');
    expect(cut).toMatch(/^ {2}….*deep\/end\.txt$/);
    expect(cut).toHaveLength(80);
  });
});
