import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/deps.ts';
import { listFiles } from '../../../daemon/search/list-files.ts';
import { PathList } from '../../../daemon/search/path-list.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const targets = (list: PathList): string[] => list.prepared.map(({ target }) => target);

describe('a list of paths', () => {
  test('takes pieces cut anywhere, and finds the folders from the files, each once', () => {
    const list = new PathList('/r');
    const all = bytes('a.ts\0src/deep/ä.ts\0src/deep/b.ts\0src/c.ts\0');
    for (const [at] of all.entries()) list.push(all.subarray(at, at + 1));
    expect(targets(list)).toEqual(['a.ts', 'src/deep/ä.ts', 'src/deep/', 'src/', 'src/deep/b.ts', 'src/c.ts']);
  });

  test('leaves out a path whose end has not come', () => {
    const list = new PathList('/r');
    list.push(bytes('a\0half'));
    expect(targets(list)).toEqual(['a']);
  });
});

test('without a program to list files with, a search says what to install', async () => {
  const listing = listFiles('/', 'client-1', new AbortController().signal, () => {}, {
    spawnCommand: () => Promise.reject(new Error('not reached')),
    clock: systemClock,
    ripgrep: async () => null,
  });
  await expect(listing).rejects.toMatchObject({
    errorName: 'searchUnavailable',
    code: -32603,
    message: 'no ripgrep (rg) to list files with: install the package ripgrep',
  });
});
