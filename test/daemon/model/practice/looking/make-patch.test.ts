import { expect, test } from 'vitest';
import { addPatch, appendPatch, updatePatch } from '../../../../../daemon/model/practice/looking/make-patch.ts';
import { planPatch } from '../../../../../machines/patch/apply-patch.ts';
import { parsePatch } from '../../../../../machines/patch/parse-patch.ts';
import fc from '../../../../support/fast-check.ts';

/** The text that the daemon's engine makes of the patch. */
function apply(patch: string, before: string): string {
  const place = { path: '/f', isLink: false, linksTo: null } as never;
  const files = new Map([['/f', { kind: 'text' as const, text: before, place }]]);
  const [change] = planPatch(parsePatch(patch), files, (path) => path);
  return change?.kind === 'update' ? change.newContent : change?.kind === 'add' ? change.content : '';
}

const line = fc.constantFrom(
  'a',
  'b',
  '  a',
  'x y',
  '',
  '}',
  '- a',
  '+ b',
  '@@',
  '*** End Patch',
  'longer line of text',
);
const text = fc.array(line, { minLength: 1, maxLength: 30 }).map((lines) => `${lines.join('\n')}\n`);

test('a patch made from two texts turns the one into the other', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after);
      expect(apply(updatePatch([{ path: '/f', before, after }]), before)).toBe(after);
    }),
  );
});

test('so does one that replaces a word everywhere', () => {
  fc.assert(
    fc.property(text, (before) => {
      const after = before.replaceAll('a', 'zz');
      fc.pre(before !== after);
      expect(apply(updatePatch([{ path: '/f', before, after }]), before)).toBe(after);
    }),
  );
});

test('a line that stands there twice is changed in the right place', () => {
  const before = 'if (a) {\n  go();\n}\n'.repeat(20);
  const lines = before.split('\n');
  lines[31] = '  stop();';

  expect(apply(updatePatch([{ path: '/f', before, after: lines.join('\n') }]), before)).toBe(lines.join('\n'));
});

test('far changes get chunks of their own, files without a change no section', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n');
  const after = before.replace('line 2\n', 'two\n').replace('line 17\n', 'seventeen\n');

  expect(
    updatePatch([
      { path: '/f', before, after },
      { path: '/g', before, after: before },
    ]).split('\n'),
  ).toEqual([
    '*** Begin Patch',
    '*** Update File: /f',
    '@@',
    ' line 0',
    ' line 1',
    '-line 2',
    '+two',
    ' line 3',
    ' line 4',
    ' line 5',
    '@@',
    ' line 14',
    ' line 15',
    ' line 16',
    '-line 17',
    '+seventeen',
    ' line 18',
    ' line 19',
    '*** End Patch',
    '',
  ]);
});

test('new files and appended lines', () => {
  expect(apply(addPatch('/f', 'one\n\ntwo\n'), '')).toBe('one\n\ntwo\n');
  expect(apply(addPatch('/f', ''), '')).toBe('');
  expect(apply(appendPatch('/f', 'last'), 'first\n')).toBe('first\nlast\n');
});
