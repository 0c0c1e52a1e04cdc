import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyExample } from '../../../../daemon/model/practice/example.ts';
import { exampleFolder, makeFolder } from './practice-session.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder({ copy: false });
});
afterEach(() => folder.remove());

async function filesOf(path: string): Promise<readonly string[]> {
  const names = await readdir(path, { recursive: true });
  return names.filter((name) => !name.startsWith('.git')).sort();
}

test('each copy gets a fresh folder with every file and one commit', async () => {
  const into = join(folder.base, 'home', 'practice');

  const first = await copyExample({ from: exampleFolder, into, env: process.env });
  const second = await copyExample({ from: exampleFolder, into, env: process.env });

  expect([first, second]).toEqual([join(into, 'example-1'), join(into, 'example-2')]);
  expect(await filesOf(first)).toEqual(await filesOf(exampleFolder));
  const git = (args: string[]) => promisify(execFile)('git', ['-C', first, ...args]);
  expect((await git(['log', '--format=%an: %s'])).stdout).toBe('Practice model: Add the example project\n');
  expect((await git(['status', '--short'])).stdout).toBe('');
});

test('two copies at once do not share a folder', async () => {
  const copy = () => copyExample({ from: exampleFolder, into: folder.base, env: process.env });
  const folders = await Promise.all([copy(), copy(), copy()]);

  expect(new Set(folders).size).toBe(3);
});

test('without git it is a plain folder', async () => {
  const copy = await copyExample({ from: exampleFolder, into: folder.base, env: { PATH: folder.cwd } });

  expect(await readdir(copy)).toEqual((await readdir(exampleFolder)).sort());
});

test('a git that fails half way leaves no half repository', async () => {
  const git = join(folder.cwd, 'git');
  await writeFile(git, '#!/bin/sh\n/bin/mkdir -p .git; exit 1\n');
  await chmod(git, 0o755);

  const copy = await copyExample({ from: exampleFolder, into: folder.base, env: { PATH: folder.cwd } });

  expect(await readdir(copy)).not.toContain('.git');
});

test('a git variable of the person does not lead the commit into another repository', async () => {
  const other = join(folder.base, 'other');
  const copy = await copyExample({
    from: exampleFolder,
    into: folder.base,
    env: { ...process.env, GIT_DIR: other, GIT_WORK_TREE: folder.base },
  });

  expect(await readdir(copy)).toContain('.git');
  await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('the copy of a read-only example can be written', async () => {
  const from = join(folder.base, 'installed');
  await mkdir(from);
  await writeFile(join(from, 'a.js'), 'a\n', { mode: 0o444 });

  const copy = await copyExample({ from, into: folder.base, env: process.env });

  expect((await stat(join(copy, 'a.js'))).mode & 0o777).toBe(0o644);
  expect(await readFile(join(copy, 'a.js'), 'utf8')).toBe('a\n');
});
