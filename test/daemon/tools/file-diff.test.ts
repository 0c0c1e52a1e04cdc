import { applyPatch } from 'diff';
import { describe, expect, test } from 'vitest';
import { fileDiff } from '../../../daemon/tools/file-diff.ts';
import fc from '../../support/fast-check.ts';

const BIG = 10_000_000;
const lines = (from: number, to: number, prefix = ''): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}\n`).join('');

describe('fileDiff', () => {
  test.each([
    { name: 'equal texts', from: 'a\n', to: 'a\n', diff: '' },
    { name: 'one line', from: 'old\n', to: 'new\n', diff: '@@ -1 +1 @@\n-old\n+new\n' },
    { name: 'a new text', from: '', to: 'a\nb\n', diff: '@@ -0,0 +1,2 @@\n+a\n+b\n' },
    { name: 'an emptied text', from: 'a\n', to: '', diff: '@@ -1 +0,0 @@\n-a\n' },
    {
      name: 'a missing last newline',
      from: 'a',
      to: 'a\n',
      diff: '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n',
    },
    { name: 'line ends', from: 'a\r\nb\r\n', to: 'a\nb\r\n', diff: '@@ -1,2 +1,2 @@\n-a\r\n+a\n b\r\n' },
    {
      name: 'three lines of context and two places',
      from: lines(1, 20),
      to: lines(1, 20).replace('5\n', 'five\n').replace('20\n', ''),
      diff: '@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -17,4 +17,3 @@\n 17\n 18\n 19\n-20\n',
    },
  ])('shows $name', ({ from, to, diff }) => {
    expect(fileDiff(from, to, BIG)).toBe(diff);
  });

  test('is cut at whole lines and says how many are missing', () => {
    expect(fileDiff('', lines(1, 10), 25)).toBe('@@ -0,0 +1,10 @@\n+1\n+2\n\\ Diff cut here: 8 more lines\n');
  });

  test('shows a rewritten file as one block, quickly and correctly', () => {
    const before = `head\n${lines(1, 20_000, 'old ')}tail\n`;
    const after = `head\n${lines(1, 20_000, 'new ')}tail`;
    const diff = fileDiff(before, after, BIG);
    expect(diff.startsWith('@@ -1,20002 +1,20002 @@\n head\n-old 1\n-old 2\n')).toBe(true);
    expect(diff.endsWith('+new 20000\n+tail\n\\ No newline at end of file\n')).toBe(true);
    expect(applyPatch(before, diff)).toBe(after);
  });

  test('counts lines from the beginning of a long file', () => {
    const before = lines(1, 200_000);
    const after = before.replace('100000\n', '');
    expect(fileDiff(before, after, BIG)).toBe(
      '@@ -99997,7 +99997,6 @@\n 99997\n 99998\n 99999\n-100000\n 100001\n 100002\n 100003\n',
    );
  });

  test('gives a diff that makes the new text from the old one', () => {
    const text = fc
      .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', ' x')), fc.boolean())
      .map(([parts, isEnded]) => parts.join('\n') + (isEnded ? '\n' : ''));
    fc.assert(
      fc.property(text, text, (from, to) => {
        fc.pre(from !== to);
        expect(applyPatch(from, fileDiff(from, to, BIG))).toBe(to);
      }),
      { numRuns: 1000 },
    );
  });
});
