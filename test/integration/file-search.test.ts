import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  fuzzyFileSearch,
  fuzzyFileSearchSessionCompleted,
  fuzzyFileSearchSessionStart,
  fuzzyFileSearchSessionStop,
  fuzzyFileSearchSessionUpdate,
  fuzzyFileSearchSessionUpdated,
} from '../../machines/protocol/methods/file-search.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { type Scene, startScene } from '../support/scene.ts';

const FILES = [
  'abc.ts',
  'src/alphabet.ts',
  'src/deep/abcd.md',
  '.hidden-abc',
  'ignored-abc.txt',
  'out/abc.js',
  '.git/abc',
];

/** A workspace that is a repository with a few files. */
async function startRepository(): Promise<Scene> {
  return startScene({
    prepare: ({ workspace }) => {
      for (const file of FILES) {
        mkdirSync(dirname(join(workspace, file)), { recursive: true });
        writeFileSync(join(workspace, file), 'x');
      }
      writeFileSync(join(workspace, '.gitignore'), 'ignored-*\nout\n');
    },
  });
}

const updates = (client: DaemonClient) =>
  client.notifications
    .filter(({ method }) => method === fuzzyFileSearchSessionUpdated.method)
    .map(({ params }) => params as { sessionId: string; query: string; files: { path: string }[] });

const completions = (client: DaemonClient) =>
  client.notifications.filter(({ method }) => method === fuzzyFileSearchSessionCompleted.method).length;

describe.each([
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const)('a client of $kind', ({ options }) => {
  test('finds files and folders by letters, those with the letters in their name first, ignored ones never', async () => {
    const scene = await startRepository();
    const client = await scene.connect(options);
    const root = scene.temp.workspace;
    const find = async (query: string, roots = [root]) =>
      (await client.request(fuzzyFileSearch, { query, roots, cancellationToken: null })).files;

    const found = await find('abc');
    expect(found[0]).toEqual({
      ...{ root, path: 'abc.ts', match_type: 'file', file_name: 'abc.ts' },
      score: expect.any(Number),
      indices: [0, 1, 2],
    });
    expect(found.map(({ path }) => path).sort()).toEqual(['.hidden-abc', 'abc.ts', 'src/deep/abcd.md']);
    expect((await find('deep'))[0]).toMatchObject({ path: 'src/deep', match_type: 'directory', file_name: 'deep' });
    expect([await find(''), await find('abc', []), await find('abc', ['/no/such/folder', 'relative'])]).toEqual([
      [],
      [],
      [],
    ]);
  });

  test('types in a session: what is found comes as it is typed, each query with its end', async () => {
    const scene = await startRepository();
    const client = await scene.connect(options);
    const sessionId = 's1';
    await client.request(fuzzyFileSearchSessionStart, { sessionId, roots: [scene.temp.workspace] });

    await client.request(fuzzyFileSearchSessionUpdate, { sessionId, query: 'alpha' });
    await client.waitFor('alpha', () => updates(client).some(({ files }) => files[0]?.path === 'src/alphabet.ts'));
    await client.waitFor('its end', () => completions(client) > 0);
    const ends = completions(client);
    await client.request(fuzzyFileSearchSessionUpdate, { sessionId, query: 'zzzqqq' });
    await client.waitFor('nothing', () => updates(client).at(-1)?.query === 'zzzqqq');
    await client.waitFor('its end', () => completions(client) > ends);
    await client.request(fuzzyFileSearchSessionStop, { sessionId });
    await client.request(fuzzyFileSearchSessionStop, { sessionId });

    expect(updates(client).at(-1)).toEqual({ sessionId, query: 'zzzqqq', files: [] });
    await expect(client.request(fuzzyFileSearchSessionUpdate, { sessionId, query: 'x' })).rejects.toThrow(
      'fuzzy file search session not found: s1',
    );
  });
});

test('a search ends with nothing when the next one of its client has the same token', async () => {
  const scene = await startRepository();
  const client = await scene.connect();
  const other = await scene.connect();
  const params = { query: 'abc', roots: [scene.temp.workspace], cancellationToken: 'typing' };

  const [first, last, others] = await Promise.all([
    client.request(fuzzyFileSearch, params),
    client.request(fuzzyFileSearch, params),
    other.request(fuzzyFileSearch, params),
  ]);

  expect([first.files.length, last.files.length, others.files.length]).toEqual([0, 3, 3]);
});

test('one connection searches 16 times at once, and its searches end with it', async () => {
  const scene = await startRepository();
  const client = await scene.connect();
  const start = (sessionId: string) =>
    client.request(fuzzyFileSearchSessionStart, { sessionId, roots: [scene.temp.workspace] });
  await Promise.all(Array.from({ length: 16 }, (_, index) => start(`s${index}`)));

  await expect(start('one more')).rejects.toMatchObject({ errorName: 'limitReached' });
  await expect(start('')).rejects.toThrow('sessionId must not be empty');
  await start('s3');
  await client.cut();

  const next = await scene.connect();
  const { files } = await next.request(fuzzyFileSearch, { query: 'abc', roots: [scene.temp.workspace] });
  expect(files).toHaveLength(3);
});
