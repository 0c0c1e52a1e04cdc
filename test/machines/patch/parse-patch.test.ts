import { describe, expect, test } from 'vitest';
import { parsePatch } from '../../../machines/patch/parse-patch.ts';
import { PatchError } from '../../../machines/patch/patch-error.ts';

const wrap = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
const context = (text: string) => ({ kind: 'context', text });
const remove = (text: string) => ({ kind: 'remove', text });
const add = (text: string) => ({ kind: 'add', text });

const everything = [
  '*** Begin Patch',
  '*** Environment ID: local',
  '*** Add File: new.txt',
  '+hello',
  '*** Delete File: old.txt',
  '*** Update File: a.txt',
  '*** Move to: b.txt',
  '@@ def run():',
  ' same',
  '-was',
  '+is',
  '*** End of File',
  '*** End Patch',
];

const parsedEverything = {
  environmentId: 'local',
  hunks: [
    { kind: 'add', path: 'new.txt', lines: ['hello'] },
    { kind: 'delete', path: 'old.txt' },
    {
      kind: 'update',
      path: 'a.txt',
      moveTo: 'b.txt',
      chunks: [
        {
          scope: 'def run():',
          lines: [context('same'), remove('was'), add('is')],
          oldLines: ['same', 'was'],
          newLines: ['same', 'is'],
          endOfFile: true,
        },
      ],
    },
  ],
};

describe('the whole grammar', () => {
  test.each([
    { name: 'bare', text: everything.join('\n') },
    { name: 'with a final newline and blanks around', text: `\n  \n${everything.join('\n')}\n\n` },
    { name: 'with CRLF', text: everything.join('\r\n') },
    { name: 'in a <<EOF wrapper', text: `<<EOF\n${everything.join('\n')}\nEOF` },
    { name: "in a <<'EOF' wrapper", text: `<<'EOF'\n${everything.join('\n')}\nEOF\n` },
    { name: 'in a <<"EOF" wrapper', text: `<<"EOF"\n\n${everything.join('\r\n')}\n\nEOF` },
  ])('parses a patch $name', ({ text }) => {
    expect(parsePatch(text)).toEqual(parsedEverything);
  });

  test('a patch without sections has no hunks', () => {
    expect(parsePatch(wrap())).toEqual({ environmentId: null, hunks: [] });
  });
});

/** The chunks of one update section, as lines with their mark. */
function chunksOf(...lines: string[]): unknown {
  const [hunk] = parsePatch(wrap('*** Update File: f', ...lines)).hunks;
  const marks = { context: ' ', remove: '-', add: '+' };
  if (hunk?.kind !== 'update') throw new Error('expected an update');
  return hunk.chunks.map((chunk) => [chunk.scope, ...chunk.lines.map((line) => marks[line.kind] + line.text)]);
}

describe('chunks', () => {
  test.each([
    {
      name: 'the first one may have no @@',
      lines: ['-a', '@@', '-b'],
      chunks: [
        [null, '-a'],
        [null, '-b'],
      ],
    },
    { name: 'blanks after @@ mean no scope', lines: ['@@   ', ' a'], chunks: [[null, ' a']] },
    { name: 'an empty line is an empty context line', lines: ['-a', '', '-b'], chunks: [[null, '-a', ' ', '-b']] },
    { name: 'an empty line may come first', lines: ['', '-b'], chunks: [[null, ' ', '-b']] },
    { name: 'an empty line before the first @@ is layout', lines: ['', '@@', '-b'], chunks: [[null, '-b']] },
    { name: 'of empty lines at the end one is kept', lines: ['-a', '', '', ''], chunks: [[null, '-a', ' ']] },
    { name: 'an insertion has no empty lines at its end', lines: ['+a', '', ''], chunks: [[null, '+a']] },
    { name: 'only empty lines are one empty context line', lines: ['@@', '', ''], chunks: [[null, ' ']] },
    {
      name: 'empty lines may follow the end-of-file marker',
      lines: ['-a', '*** End of File', ''],
      chunks: [[null, '-a']],
    },
    {
      name: 'a chunk may follow it',
      lines: ['-a', '*** End of File', '@@ s', '-b'],
      chunks: [
        [null, '-a'],
        ['s', '-b'],
      ],
    },
    {
      name: 'markers behind a mark are text',
      lines: ['+*** End Patch', ' @@'],
      chunks: [[null, '+*** End Patch', ' @@']],
    },
    { name: 'only one CR goes', lines: ['+a\r\r'], chunks: [[null, '+a\r']] },
  ])('$name', ({ lines, chunks }) => {
    expect(chunksOf(...lines)).toEqual(chunks);
  });
});

describe('malformed patches', () => {
  const headers = "Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'";
  const marks = "Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)";

  test.each([
    { text: '', error: "invalid patch: The first line of the patch must be '*** Begin Patch'" },
    { text: 'hello', error: "invalid patch: The first line of the patch must be '*** Begin Patch'" },
    { text: '<<EOF\nx\ny\nEOF', error: "invalid patch: The first line of the patch must be '*** Begin Patch'" },
    { text: '*** Begin Patch', error: "invalid patch: The last line of the patch must be '*** End Patch'" },
    {
      text: '*** Begin Patch\n*** Add File: a\n+b',
      error: "invalid patch: The last line of the patch must be '*** End Patch'",
    },
    {
      text: wrap('*** Add File: a', '*** End Patch', '*** Add File: b'),
      error: "invalid patch: The last line of the patch must be '*** End Patch'",
    },
    { text: wrap('*** Environment ID: '), error: 'invalid patch: apply_patch environment_id cannot be empty' },
    { text: wrap('*** Add File: a', '+x\0y'), error: 'invalid patch: the patch contains a NUL character' },
    {
      text: wrap('*** Add File: a\u001b[2K'),
      error: 'invalid hunk at line 2, the file name contains a control character',
    },
    {
      text: wrap('*** Update File: a', '*** Move to: b\tc', ' x'),
      error: 'invalid hunk at line 3, the file name contains a control character',
    },
    {
      text: wrap('*** Add File:'),
      error: `invalid hunk at line 2, '*** Add File:' is not a valid hunk header. ${headers}`,
    },
    {
      text: wrap('*** Add File: a', '+x', '', 'y'),
      error: `invalid hunk at line 5, 'y' is not a valid hunk header. ${headers}`,
    },
    {
      text: wrap('*** Delete File: a', '-x'),
      error: `invalid hunk at line 3, '-x' is not a valid hunk header. ${headers}`,
    },
    {
      text: wrap('*** Add File: a', '*** Move to: b'),
      error: `invalid hunk at line 3, '*** Move to: b' is not a valid hunk header. ${headers}`,
    },
    {
      text: wrap('*** Update File: p', '*** Update File: q', ' x'),
      error: "invalid hunk at line 2, Update file hunk for path 'p' is empty",
    },
    {
      text: wrap('*** Update File: p', '*** Move to: q'),
      error: "invalid hunk at line 2, Update file hunk for path 'p' is empty",
    },
    { text: wrap('*** Update File: p', '@@'), error: 'invalid hunk at line 4, Update hunk does not contain any lines' },
    {
      text: wrap('*** Update File: p', '@@', '*** End of File'),
      error: 'invalid hunk at line 4, Update hunk does not contain any lines',
    },
    {
      text: wrap('*** Update File: p', '*** End of File'),
      error: 'invalid hunk at line 3, Update hunk does not contain any lines',
    },
    {
      text: wrap('*** Update File: p', '@@', '*** Delete File: q'),
      error: `invalid hunk at line 4, Unexpected line found in update hunk: '*** Delete File: q'. ${marks}`,
    },
    {
      text: wrap('*** Update File: p', '@@ class A', '@@ def b', '-x'),
      error: `invalid hunk at line 4, Unexpected line found in update hunk: '@@ def b'. ${marks}`,
    },
    {
      text: wrap('*** Update File: p', 'x'),
      error: `invalid hunk at line 3, Unexpected line found in update hunk: 'x'. ${marks}`,
    },
    {
      text: wrap('*** Update File: p', '@@', '+x', 'y'),
      error: "invalid hunk at line 5, Expected update hunk to start with a @@ context marker, got: 'y'",
    },
    {
      text: wrap('*** Update File: p', '@@', '+x', '*** End of File', '+y'),
      error: "invalid hunk at line 6, Expected update hunk to start with a @@ context marker, got: '+y'",
    },
  ])('$error', ({ text, error }) => {
    expect(() => parsePatch(text)).toThrow(new PatchError('invalid', error));
  });
});
