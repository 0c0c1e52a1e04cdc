import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { performOperations, readPatchTargets, verifyPatch, writeChanges } from '../../../daemon/tools/patch-files.ts';
import { summarizeChanges } from '../../../machines/patch/apply-patch.ts';
import type { FileOperation } from '../../../machines/patch/file-operations.ts';
import { parsePatch } from '../../../machines/patch/parse-patch.ts';
import { PatchError } from '../../../machines/patch/patch-error.ts';
import { readPatchFixture, scenarios, type Tree } from '../../machines/patch/scenarios.ts';

const { signal } = new AbortController();
let cwd = '';

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'patch-files-')));
});

afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const at = (name: string): string => join(cwd, name);
const wrap = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');

async function makeTree(tree: Tree): Promise<void> {
  for (const [name, text] of Object.entries(tree)) {
    await mkdir(text === null ? at(name) : dirname(at(name)), { recursive: true });
    if (text !== null) await writeFile(at(name), text);
  }
}

/** Every file below the folder; folders only when they are empty. */
async function readTree(): Promise<Tree> {
  const tree: Record<string, string | null> = {};
  for (const entry of await readdir(cwd, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) tree[relative(cwd, path)] = await readFile(path, 'utf8');
    else if ((await readdir(path)).length === 0) tree[relative(cwd, path)] = null;
  }
  return tree;
}

/** Checks and writes a patch; returns the text for the model. */
async function apply(text: string): Promise<string> {
  const verified = await verifyPatch(text, cwd, signal);
  await writeChanges(verified.changes, signal);
  return summarizeChanges(verified.changes, verified.shownPath);
}

describe('scenarios on disk', () => {
  test.each(scenarios)('$name', async ({ name, before, after, summary, error, errorKind = 'mismatch' }) => {
    await makeTree(before);
    const outcome = apply(readPatchFixture(name));
    if (error === undefined) {
      expect(await outcome).toBe(`Success. Updated the following files:\n${summary}`);
      // A move leaves its emptied folder behind, as the reference does.
      expect(await readTree()).toEqual(after);
    } else {
      await expect(outcome).rejects.toThrow(new PatchError(errorKind, error.replace('/cwd', cwd)));
      expect(await readTree()).toEqual(before);
    }
  });

  test('a failure while writing leaves what was written before it', async () => {
    await makeTree({ 'plain.txt': 'a file\n' });
    const error = `Failed to write file ${at('plain.txt/inside.txt')}: Not a directory (os error 20)`;
    await expect(apply(readPatchFixture('failure-after-partial-success'))).rejects.toThrow(
      new PatchError('write', error),
    );
    expect(await readTree()).toEqual({ 'made.txt': 'written\n', 'plain.txt': 'a file\n' });
  });
});

describe('links', () => {
  const update = wrap('*** Update File: link', '-old', '+new');

  test('an edit goes through a link, and through a chain of them', async () => {
    await makeTree({ 'far/real': 'old\n' });
    await symlink('far/real', at('middle'));
    await symlink('middle', at('link'));
    await apply(update);
    expect([await readlink(at('link')), await readlink(at('middle'))]).toEqual(['middle', 'far/real']);
    expect(await readFile(at('far/real'), 'utf8')).toBe('new\n');
    expect(await readdir(at('far'))).toEqual(['real']);
  });

  test('a delete removes the link and keeps its target', async () => {
    await makeTree({ real: 'old\n' });
    await symlink('real', at('link'));
    await apply(wrap('*** Delete File: link'));
    expect(await readTree()).toEqual({ real: 'old\n' });
  });

  test('an added file appears where a dangling link points', async () => {
    await symlink('far/real', at('link'));
    await apply(wrap('*** Add File: link', '+new'));
    expect(await readlink(at('link'))).toBe('far/real');
    expect(await readFile(at('far/real'), 'utf8')).toBe('new\n');
  });

  test('moving a file onto a link to itself keeps the file', async () => {
    await makeTree({ real: 'old\n' });
    await symlink('real', at('link'));
    await apply(wrap('*** Update File: real', '*** Move to: link', '-old', '+new'));
    expect(await readTree()).toEqual({ real: 'new\n', link: 'new\n' });
  });

  test('one file under two names is rejected', async () => {
    await makeTree({ 'dir/real': 'old\n' });
    await symlink('dir', at('alias'));
    const text = wrap('*** Update File: dir/real', '-old', '+1', '*** Update File: alias/real', '-old', '+2');
    const error = `invalid patch: multiple operations target ${at('alias/real')}`;
    await expect(verifyPatch(text, cwd, signal)).rejects.toThrow(new PatchError('invalid', error));
  });

  test('the written paths are the real ones', async () => {
    await makeTree({ 'inside/a': 'old\n', 'outside/b': 'old\n' });
    await symlink('../outside/b', at('inside/link'));
    await symlink('../outside', at('inside/folder'));
    const text = wrap(
      '*** Update File: link',
      '-old',
      '+new',
      '*** Add File: folder/new/c',
      '+x',
      '*** Delete File: a',
    );
    const verified = await verifyPatch(text, at('inside'), signal);
    expect(verified.writtenPaths).toEqual([at('outside/b'), at('outside/new/c'), at('inside/a')]);
  });

  test('a loop of links fails with the system\u2019s reason', async () => {
    await symlink('link', at('link'));
    const error = `Failed to read file to update ${at('link')}: Too many levels of symbolic links (os error 40)`;
    await expect(apply(update)).rejects.toThrow(new PatchError('mismatch', error));
  });
});

describe('modes and kinds of files', () => {
  const modeOf = async (name: string): Promise<number> => (await stat(at(name))).mode & 0o7777;

  test('mode bits stay, also through a link and for a moved file', async () => {
    await makeTree({ a: 'old\n', b: 'old\n', c: 'old\n' });
    await chmod(at('a'), 0o755);
    await chmod(at('b'), 0o640);
    await chmod(at('c'), 0o700);
    await symlink('b', at('link'));
    const moved = ['*** Update File: c', '*** Move to: sub/d', '-old', '+new'];
    await apply(wrap('*** Update File: a', '-old', '+new', '*** Update File: link', '-old', '+new', ...moved));
    expect([await modeOf('a'), await modeOf('b'), await modeOf('sub/d')]).toEqual([0o755, 0o640, 0o700]);
  });

  test('a new file has the mode that any new file has', async () => {
    await makeTree({ plain: '' });
    await apply(wrap('*** Add File: new', '+x'));
    expect(await modeOf('new')).toBe(await modeOf('plain'));
  });

  test('an edit does not part hard links', async () => {
    await makeTree({ a: 'old\n' });
    await link(at('a'), at('b'));
    await apply(wrap('*** Update File: a', '-old', '+new'));
    expect(await readTree()).toEqual({ a: 'new\n', b: 'new\n' });
  });

  test('a byte order mark and CRLF survive', async () => {
    await makeTree({ a: '\ufeffone\r\ntwo\r\n' });
    await apply(wrap('*** Update File: a', '-two', '+2'));
    expect(await readFile(at('a'))).toEqual(Buffer.from('\ufeffone\r\n2\r\n'));
  });

  test.each([
    {
      name: 'bytes',
      reason: 'stream did not contain valid UTF-8',
      make: () => writeFile(at('f'), Buffer.from([0xff])),
    },
    { name: 'a named pipe', reason: 'not a regular file', make: async () => void execFileSync('mkfifo', [at('f')]) },
    { name: 'a folder', reason: 'Is a directory (os error 21)', make: () => mkdir(at('f')) },
    {
      name: 'a huge file',
      reason: 'the file is larger than 64 MiB',
      make: async () => {
        await writeFile(at('f'), '');
        await truncate(at('f'), 64 * 1024 * 1024 + 1);
      },
    },
  ])('$name cannot be updated or deleted', async ({ reason, make }) => {
    await make();
    const failed = [`Failed to read file to update ${at('f')}: ${reason}`, `Failed to read ${at('f')}: ${reason}`];
    await expect(apply(wrap('*** Update File: f', ' x'))).rejects.toThrow(new PatchError('mismatch', failed[0] ?? ''));
    await expect(apply(wrap('*** Delete File: f'))).rejects.toThrow(new PatchError('mismatch', failed[1] ?? ''));
  });

  test('a path through a file is no folder', async () => {
    await makeTree({ f: 'x' });
    const error = `Failed to read ${at('f/g')}: Not a directory (os error 20)`;
    await expect(apply(wrap('*** Delete File: f/g'))).rejects.toThrow(new PatchError('mismatch', error));
  });
});

describe('writeChanges', () => {
  const text = wrap('*** Add File: new', '+x', '*** Update File: a', '-old', '+new', '*** Delete File: b');

  test.each([
    { name: 'an updated file was edited', change: () => writeFile(at('a'), 'old\nmore\n'), path: 'a' },
    { name: 'an updated file went', change: () => rm(at('a')), path: 'a' },
    { name: 'a file to delete was edited', change: () => writeFile(at('b'), 'precious\n'), path: 'b' },
  ])('writes nothing when $name in the meantime', async ({ change, path }) => {
    await makeTree({ a: 'old\n', b: 'bye\n' });
    const { changes } = await verifyPatch(text, cwd, signal);
    await change();
    const before = await readTree();
    const error = new PatchError('mismatch', `${at(path)} changed on disk since the patch was checked`);
    await expect(writeChanges(changes, signal)).rejects.toThrow(error);
    expect(await readTree()).toEqual(before);
  });

  test('hands the steps to whoever performs them', async () => {
    await makeTree({ a: 'old\n', b: 'bye\n' });
    const moved = text.replace('*** Update File: a', '*** Update File: a\n*** Move to: c/d');
    const { changes } = await verifyPatch(moved, cwd, signal);
    const steps: FileOperation[] = [];
    await writeChanges(changes, signal, async (operations) => {
      steps.push(...operations);
    });
    expect(steps).toEqual([
      { op: 'write', path: at('new'), content: 'x\n', mkdirs: true, modeOf: null },
      { op: 'write', path: at('c/d'), content: 'new\n', mkdirs: true, modeOf: at('a') },
      { op: 'unlink', path: at('a') },
      { op: 'unlink', path: at('b') },
    ]);
    expect(await readTree()).toEqual({ a: 'old\n', b: 'bye\n' });
  });

  test('stops before writing when aborted', async () => {
    await makeTree({ a: 'old\n', b: 'bye\n' });
    const { changes } = await verifyPatch(text, cwd, signal);
    await expect(writeChanges(changes, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    await expect(readPatchTargets(parsePatch(text), cwd, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await readTree()).toEqual({ a: 'old\n', b: 'bye\n' });
  });
});

describe('performOperations', () => {
  const write = (path: string): FileOperation => ({ op: 'write', path, content: 'x', mkdirs: false, modeOf: null });

  test.each([
    { name: 'a missing folder', make: async () => {}, path: 'no/f', reason: 'No such file or directory (os error 2)' },
    { name: 'a folder', make: () => mkdir(at('f')), path: 'f', reason: 'Is a directory (os error 21)' },
    {
      name: 'a pipe',
      make: async () => void execFileSync('mkfifo', [at('f')]),
      path: 'f',
      reason: 'not a regular file',
    },
    { name: 'a long name', make: async () => {}, path: 'n'.repeat(300), reason: 'File name too long (os error 36)' },
  ])('fails to write $name and leaves nothing behind', async ({ make, path, reason }) => {
    await make();
    const before = await readdir(cwd);
    const error = new PatchError('write', `Failed to write file ${at(path)}: ${reason}`);
    await expect(performOperations([write(at(path))])).rejects.toThrow(error);
    expect(await readdir(cwd)).toEqual(before);
  });

  test('fails to delete what is not there', async () => {
    const error = new PatchError('write', `Failed to delete file ${at('f')}: No such file or directory (os error 2)`);
    await expect(performOperations([{ op: 'unlink', path: at('f') }])).rejects.toThrow(error);
  });

  test('replaces a file as a whole: who has it open keeps the old text', async () => {
    await makeTree({ f: 'old' });
    const before = await lstat(at('f'));
    await performOperations([write(at('f'))]);
    expect((await lstat(at('f'))).ino).not.toBe(before.ino);
    expect(await readTree()).toEqual({ f: 'x' });
  });
});

// Root may write anywhere, so protection by mode bits shows only to others.
describe('protected files', () => {
  const isRoot = process.getuid?.() === 0;

  test('a write-protected file is not replaced', async () => {
    await makeTree({ f: 'old\n' });
    await chmod(at('f'), 0o444);
    const outcome = apply(wrap('*** Update File: f', '-old', '+new'));
    if (isRoot) await outcome;
    else await expect(outcome).rejects.toThrow(`Failed to write file ${at('f')}: Permission denied (os error 13)`);
    expect(await readTree()).toEqual({ f: isRoot ? 'new\n' : 'old\n' });
  });

  test('a file in a write-protected folder is written in place', async () => {
    await makeTree({ 'd/f': 'old\n' });
    await chmod(at('d'), 0o555);
    try {
      await apply(wrap('*** Update File: d/f', '-old', '+new'));
      expect(await readTree()).toEqual({ 'd/f': 'new\n' });
    } finally {
      await chmod(at('d'), 0o755);
    }
  });
});
