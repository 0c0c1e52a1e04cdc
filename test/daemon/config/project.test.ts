import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRoot, trustRoot } from '../../../daemon/config/project.ts';
import { Placeholders } from '../../../daemon/sandbox/placeholders.ts';
import { makeRepository } from '../../support/repository.ts';

let above: string;
let folder: string;

beforeEach(async () => {
  above = await realpath(await mkdtemp(join(tmpdir(), 'root-')));
  folder = join(above, 'a', 'b');
  await mkdir(folder, { recursive: true });
});

afterEach(async () => rm(above, { recursive: true, force: true }));

test('trust is given to the root of the repository around a folder', async () => {
  makeRepository(above);
  expect(await trustRoot(folder)).toBe(above);
});

test('a worktree, whose .git is a file, is a root too', async () => {
  makeRepository(above);
  await writeFile(join(above, 'a', '.git'), 'gitdir: /elsewhere\n');
  expect(await trustRoot(folder)).toBe(join(above, 'a'));
});

test('what a sandbox puts where no .git is makes no repository of the folders above', async () => {
  const placeholders = new Placeholders();
  const path = join(above, '.git');
  placeholders.acquire(path);
  try {
    expect(await trustRoot(folder)).toBe(folder);
  } finally {
    placeholders.release(path);
  }
  await mkdir(path);
  expect(await trustRoot(folder)).toBe(folder);
});

test('another marker counts as soon as it is there', async () => {
  await mkdir(join(above, '.hg'));
  expect(await findRoot(folder, ['.git', '.hg'])).toBe(above);
});
