import { describe, expect, test } from 'vitest';
import { applyUpdate } from '../../../machines/patch/apply-update.ts';
import { parsePatch } from '../../../machines/patch/parse-patch.ts';
import { PatchError } from '../../../machines/patch/patch-error.ts';

/** Applies the lines of an update section to a text. */
function apply(file: string, ...lines: string[]): string {
  const [hunk] = parsePatch(['*** Begin Patch', '*** Update File: f', ...lines, '*** End Patch'].join('\n')).hunks;
  if (hunk?.kind !== 'update') throw new Error('expected an update');
  return applyUpdate('/cwd/f', file, hunk.chunks);
}

describe('where a chunk goes', () => {
  test.each([
    { name: 'the first exact place', file: 'a\nx\na\nx\n', lines: ['-x', '+y'], result: 'a\ny\na\nx\n' },
    { name: 'below its scope', file: 'x\nf()\nx\n', lines: ['@@ f()', '-x', '+y'], result: 'x\nf()\ny\n' },
    {
      name: 'below the chunk before it',
      file: 'x\nx\nx\n',
      lines: ['-x', '+1', '@@', '-x', '+2'],
      result: '1\n2\nx\n',
    },
    { name: 'at the end with the marker', file: 'x\nx\n', lines: ['-x', '+y', '*** End of File'], result: 'x\ny\n' },
    { name: 'without old lines at the end', file: 'a\nb\n', lines: ['+c'], result: 'a\nb\nc\n' },
    { name: 'there even under a scope', file: 'a\nb\n', lines: ['@@ a', '+c'], result: 'a\nb\nc\n' },
    { name: 'there in turn', file: 'a\n', lines: ['@@', '+b', '@@', '+c', '@@', '-a'], result: 'b\nc\n' },
    { name: 'below blank lines at the end', file: 'a\n\n\n', lines: ['+c'], result: 'a\n\n\nc\n' },
    { name: 'into an empty file', file: '', lines: ['+c'], result: 'c\n' },
    { name: 'without an empty last line that is not there', file: 'a\nb', lines: ['-b', '+c', ' '], result: 'a\nc\n' },
    { name: 'and an empty line above added ones is added', file: 'a\n', lines: [' a', '', '+c'], result: 'a\n\nc\n' },
    { name: 'a removed empty line that is not there', file: 'a\n', lines: ['-a', '-', '+c'], result: 'c\n' },
  ])('$name', ({ file, lines, result }) => {
    expect(apply(file, ...lines)).toBe(result);
  });

  test.each([
    { name: 'chunks out of file order', file: 'a\nb\n', lines: ['-b', '@@', '-a'], missing: 'a' },
    { name: 'overlapping chunks', file: 'a\nb\nc\n', lines: [' a', ' b', '@@', ' b', ' c'], missing: 'b\nc' },
    { name: 'old lines above their scope', file: 'x\nf()\n', lines: ['@@ f()', '-x'], missing: 'x' },
    { name: 'a marked end that is not the end', file: 'x\ny\n', lines: ['-x', '*** End of File'], missing: 'x' },
    {
      name: 'an end that another chunk took',
      file: 'a\nb\n',
      lines: [' b', '@@', '-b', '*** End of File'],
      missing: 'b',
    },
    { name: 'more old lines than the file has', file: 'a\n', lines: [' a', ' a'], missing: 'a\na' },
    { name: 'two empty last lines too many', file: 'a\n', lines: ['-a', ' ', ' '], missing: 'a\n\n' },
  ])('fails for $name', ({ file, lines, missing }) => {
    const error = new PatchError('mismatch', `Failed to find expected lines in /cwd/f:\n${missing}`);
    expect(() => apply(file, ...lines)).toThrow(error);
  });

  test('fails for a scope above the cursor', () => {
    const error = new PatchError('mismatch', "Failed to find context 'a' in /cwd/f");
    expect(() => apply('a\nb\nc\n', '-b', '@@ a', '-c')).toThrow(error);
  });
});

describe('matching passes', () => {
  test.each([
    { name: 'blanks at line ends', file: 'a  \nb\t\n', lines: [' a', '-b', '+c'], result: 'a  \nc\n' },
    { name: 'blanks at both ends', file: '    a\n\tb\n', lines: ['  a', '-b', '+c'], result: '    a\nc\n' },
    { name: 'dashes', file: 'a \u2013 b\u2212c\nd\n', lines: [' a - b-c', '-d'], result: 'a \u2013 b\u2212c\n' },
    {
      name: 'quotes',
      file: '\u201cit\u2019s\u201d\nd\n',
      lines: [' "it\'s"', '-d'],
      result: '\u201cit\u2019s\u201d\n',
    },
    { name: 'spaces', file: 'a\u00a0b\u3000c\nd\n', lines: [' a b c', '-d'], result: 'a\u00a0b\u3000c\n' },
    { name: 'typography in the patch', file: 'a - b\nd\n', lines: [' a \u2014 b', '-d'], result: 'a - b\n' },
    { name: 'a scope', file: '  \u201cf\u201d\nd\n', lines: ['@@ "f"', '-d'], result: '  \u201cf\u201d\n' },
    { name: 'a stricter match further down first', file: 'a \nb\na\nb\n', lines: [' a', '-b'], result: 'a \nb\na\n' },
  ])('see past $name and keep the file\u2019s own text', ({ file, lines, result }) => {
    expect(apply(file, ...lines)).toBe(result);
  });

  test.each([
    { name: 'case', file: 'A\n', line: 'a' },
    { name: 'inner blanks', file: 'a  b\n', line: 'a b' },
    { name: 'an ellipsis', file: 'a\u2026\n', line: 'a...' },
    { name: 'composed accents', file: 'e\u0301\n', line: '\u00e9' },
    { name: 'a byte order mark', file: '\ufeffa\n', line: 'a' },
  ])('do not fold $name', ({ file, line }) => {
    expect(() => apply(file, `-${line}`)).toThrow(PatchError);
  });
});

describe('line ends', () => {
  test.each([
    {
      name: 'a CRLF file stays one',
      file: 'a\r\nb\r\nc\r\n',
      lines: [' a', '-b', '+x', '+y'],
      result: 'a\r\nx\r\ny\r\nc\r\n',
    },
    { name: 'a missing last one comes in its style', file: 'a\r\nb', lines: ['-a', '+x'], result: 'x\r\nb\r\n' },
    { name: 'mixed ones stay as they are', file: 'a\r\nb\nc\n', lines: [' a', '-b', '+x'], result: 'a\r\nx\nc\n' },
    {
      name: 'the more frequent one is taken',
      file: 'a\nb\r\nc\r\n',
      lines: [' a', '+x'],
      result: 'a\nx\r\nb\r\nc\r\n',
    },
    { name: 'a last line without one gets it before more', file: 'a', lines: [' a', '+b'], result: 'a\nb\n' },
    { name: 'blank lines at the end stay', file: 'a\n\n\n', lines: ['-a', '+b'], result: 'b\n\n\n' },
    { name: 'an emptied file is empty', file: 'a\nb', lines: ['-a', '-b'], result: '' },
    { name: 'a lone CR is text', file: 'a\rb\nc\r', lines: [' a\rb', '-c\r\r', '+d'], result: 'a\rb\nd\n' },
    { name: 'a byte order mark stays on line 1', file: '\ufeffa\nb\n', lines: [' \ufeffa', '-b'], result: '\ufeffa\n' },
  ])('$name', ({ file, lines, result }) => {
    expect(apply(file, ...lines)).toBe(result);
  });
});

test('a file of a million lines is no trouble', () => {
  const many = 'line\n'.repeat(1_000_000);
  expect(apply(`${many}end\n`, '-end', '+END') === `${many}END\n`).toBe(true);
});
