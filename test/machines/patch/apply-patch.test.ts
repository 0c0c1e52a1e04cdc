import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createShownPath,
  type FileChange,
  type FileState,
  planPatch,
  summarizeChanges,
  touchedPaths,
  writtenPaths,
} from '../../../machines/patch/apply-patch.ts';
import { parsePatch } from '../../../machines/patch/parse-patch.ts';
import { PatchError, verificationFailureText } from '../../../machines/patch/patch-error.ts';
import { readPatchFixture, scenarios, type Tree } from './scenarios.ts';

const resolve = (path: string): string => posix.resolve('/cwd', path);

function toFiles(paths: readonly string[], tree: Tree): Map<string, FileState> {
  const stateOf = (path: string): FileState => {
    const entry = tree[posix.relative('/cwd', path)];
    if (entry === undefined) return { kind: 'missing' };
    return entry === null ? { kind: 'folder' } : { kind: 'text', text: entry };
  };
  return new Map(paths.map((path) => [path, stateOf(path)]));
}

function toTree(before: Tree, changes: readonly FileChange[]): Tree {
  const tree = new Map(Object.entries(before));
  for (const change of changes) {
    const name = (path: string): string => posix.relative('/cwd', path);
    if (change.kind === 'add') tree.set(name(change.path), change.content);
    else tree.delete(name(change.path));
    if (change.kind === 'update') tree.set(name(change.movePath ?? change.path), change.newContent);
  }
  return Object.fromEntries(tree);
}

function plan(text: string, tree: Tree): FileChange[] {
  const patch = parsePatch(text);
  return planPatch(patch, toFiles(touchedPaths(patch, resolve), tree), resolve);
}

const wrap = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');

describe('scenarios', () => {
  test.each(scenarios)('$name', ({ name, before, after, summary, error, errorKind = 'mismatch' }) => {
    const text = readPatchFixture(name);
    if (error !== undefined) {
      expect(() => plan(text, before)).toThrow(new PatchError(errorKind, error));
      return;
    }
    const changes = plan(text, before);
    expect(toTree(before, changes)).toEqual(after);
    const shown = summarizeChanges(changes, createShownPath(parsePatch(text), resolve));
    expect(shown).toBe(`Success. Updated the following files:\n${summary}`);
  });
});

describe('planPatch', () => {
  test('returns whole changes with absolute paths, in the order of the patch', () => {
    const text = wrap(
      '*** Update File: a.txt',
      '*** Move to: sub/b.txt',
      '@@',
      '-old',
      '+new',
      '*** Delete File: /cwd/c.txt',
      '*** Add File: empty.txt',
    );
    expect(plan(text, { 'a.txt': 'old\n', 'c.txt': 'bye\n' })).toEqual([
      { kind: 'update', path: '/cwd/a.txt', movePath: '/cwd/sub/b.txt', oldContent: 'old\n', newContent: 'new\n' },
      { kind: 'delete', path: '/cwd/c.txt', oldContent: 'bye\n' },
      { kind: 'add', path: '/cwd/empty.txt', content: '' },
    ]);
  });

  test.each([
    { name: 'two updates', sections: ['*** Update File: a', '-1', '+2', '*** Update File: ./a', '-2', '+3'] },
    { name: 'add and update', sections: ['*** Add File: a', '+1', '*** Update File: a', '-1', '+2'] },
    { name: 'delete and add', sections: ['*** Delete File: a', '*** Add File: /cwd/a', '+1'] },
    { name: 'a move onto an added file', sections: ['*** Add File: a', '*** Update File: b', '*** Move to: a', ' 1'] },
  ])('rejects $name of one path', ({ sections }) => {
    const error = new PatchError('invalid', 'invalid patch: multiple operations target /cwd/a');
    expect(() => plan(wrap(...sections), { a: '1\n', b: '1\n' })).toThrow(error);
  });

  test('rejects two names of one file, when links make them one', () => {
    const patch = parsePatch(wrap('*** Update File: link', '-1', '+2', '*** Update File: real', '-1', '+3'));
    const files = new Map<string, FileState>([
      ['/cwd/link', { kind: 'text', text: '1\n', place: { entry: '/cwd/link', file: '/cwd/real' } }],
      ['/cwd/real', { kind: 'text', text: '1\n', place: { entry: '/cwd/real', file: '/cwd/real' } }],
    ]);
    expect(() => planPatch(patch, files, resolve)).toThrow('invalid patch: multiple operations target /cwd/real');
  });

  test('a move onto a link to the file itself is an update in place', () => {
    const patch = parsePatch(wrap('*** Update File: real', '*** Move to: link', '-1', '+2'));
    const files = new Map<string, FileState>([
      ['/cwd/real', { kind: 'text', text: '1\n', place: { entry: '/cwd/real', file: '/cwd/real' } }],
      ['/cwd/link', { kind: 'text', text: '1\n', place: { entry: '/cwd/link', file: '/cwd/real' } }],
    ]);
    expect(planPatch(patch, files, resolve)).toEqual([
      { kind: 'update', path: '/cwd/real', movePath: null, oldContent: '1\n', newContent: '2\n' },
    ]);
  });

  test.each([
    {
      name: 'an update of a folder',
      sections: ['*** Update File: d', '-1', '+2'],
      error: 'Failed to read file to update /cwd/d: Is a directory (os error 21)',
    },
    {
      name: 'an added file where a folder is',
      sections: ['*** Add File: d', '+1'],
      error: 'Failed to write file /cwd/d: Is a directory (os error 21)',
    },
    {
      name: 'a move onto a folder',
      sections: ['*** Update File: a', '*** Move to: d', '-1', '+2'],
      error: 'Failed to write file /cwd/d: Is a directory (os error 21)',
    },
    {
      name: 'a scope that is not there',
      sections: ['*** Update File: a', '@@ -1,2 +1,2 @@', '-1', '+2'],
      error: "Failed to find context '-1,2 +1,2 @@' in /cwd/a",
    },
  ])('rejects $name', ({ sections, error }) => {
    expect(() => plan(wrap(...sections), { a: '1\n', d: null })).toThrow(new PatchError('mismatch', error));
  });

  test('tells why a file has no text', () => {
    const patch = parsePatch(wrap('*** Delete File: a'));
    const files = new Map<string, FileState>([['/cwd/a', { kind: 'unreadable', reason: 'not a regular file' }]]);
    expect(() => planPatch(patch, files, resolve)).toThrow('Failed to read /cwd/a: not a regular file');
  });

  test('is a bug of the caller when a state was not read', () => {
    const patch = parsePatch(wrap('*** Delete File: a'));
    expect(() => planPatch(patch, new Map(), resolve)).toThrow('the state of /cwd/a was not read before planning');
  });
});

test('touchedPaths names every file and new name once', () => {
  const patch = parsePatch(
    wrap('*** Update File: a', '*** Move to: b', ' x', '*** Add File: ./a', '*** Delete File: c'),
  );
  expect(touchedPaths(patch, resolve)).toEqual(['/cwd/a', '/cwd/b', '/cwd/c']);
});

test('writtenPaths follows links for writes, but not for deletes', () => {
  const link = (name: string): [string, FileState] => [
    `/cwd/${name}`,
    { kind: 'text', text: '1\n', place: { entry: `/cwd/${name}`, file: `/far/${name}` } },
  ];
  const files = new Map([link('a'), link('b'), link('c'), link('d'), link('e')]);
  const patch = parsePatch(
    wrap(
      '*** Add File: a',
      '*** Delete File: b',
      '*** Update File: c',
      ' 1',
      '*** Update File: d',
      '*** Move to: e',
      ' 1',
    ),
  );
  const changes = planPatch(patch, files, resolve);
  expect(writtenPaths(changes, files)).toEqual(['/far/a', '/cwd/b', '/far/c', '/far/e', '/cwd/d']);
});

test('the summary shows names as the patch gave them', () => {
  const patch = parsePatch(wrap('*** Delete File: ./x/../a', '*** Add File: /cwd/b', '*** Update File: c', ' 1'));
  const tree = { a: '', c: '1\n' };
  const changes = planPatch(patch, toFiles(touchedPaths(patch, resolve), tree), resolve);
  expect(summarizeChanges(changes, createShownPath(patch, resolve))).toBe(
    'Success. Updated the following files:\nA /cwd/b\nM c\nD ./x/../a\n',
  );
});

test.each([
  { kind: 'mismatch', message: 'no', text: 'apply_patch verification failed: no' },
  { kind: 'invalid', message: 'invalid patch: x', text: 'apply_patch verification failed: invalid patch: x' },
  { kind: 'rejected', message: 'patch rejected: empty patch', text: 'patch rejected: empty patch' },
] as const)('the model reads of a patch that is $kind: $text', ({ kind, message, text }) => {
  expect(verificationFailureText(new PatchError(kind, message))).toBe(text);
});
