import { utimesSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { threadList } from '../../machines/protocol/methods/thread.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { logPathOf, startScene } from '../support/scene.ts';

describe('the list', () => {
  test('pages newest first, and the other way round', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const client = await scene.connect();
    const ids: string[] = [];
    for (const prompt of ['a', 'b', 'c', 'd', 'e']) {
      const thread = await startThread(client);
      await thread.run(prompt);
      ids.unshift(thread.id);
    }

    const pages: string[][] = [];
    let cursor: string | null | undefined = null;
    do {
      const page: { data: { id: string }[]; nextCursor?: string | null | undefined } = await client.request(
        threadList,
        {
          limit: 2,
          cursor,
        },
      );
      pages.push(page.data.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);

    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    const { data } = await client.request(threadList, { sortDirection: 'asc' });
    expect(data.map(({ id }) => id)).toEqual(ids.toReversed());
    expect((await client.request(threadList, { cwd: '/elsewhere' })).data).toEqual([]);
    await expect(client.request(threadList, { limit: 0 })).rejects.toMatchObject({ errorName: 'invalidParams' });
  });

  test('goes by the last use, in both directions and in pages', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const starter = await scene.connect();
    const made: string[] = [];
    for (const prompt of ['a', 'b', 'c']) {
      const thread = await startThread(starter);
      await thread.run(prompt);
      made.push(thread.id);
    }
    const [middle = '', newest = '', oldest = ''] = made;
    // Nobody writes to the logs between this and the list.
    await scene.daemon.stop();
    for (const [threadId, seconds] of [
      [middle, 2_000],
      [newest, 3_000],
      [oldest, 1_000],
    ] as const)
      utimesSync(logPathOf(scene.temp, threadId), seconds, seconds);
    await scene.start();
    const client = await scene.connect();
    const list = async (params: Parameters<typeof client.request<typeof threadList.params, never>>[1] = {}) => {
      const page = await client.request(threadList, { sortKey: 'updated_at', ...params });
      return { ...page, ids: page.data.map(({ id }) => id) };
    };

    const first = await list({ limit: 2 });

    expect(first.ids).toEqual([newest, middle]);
    expect(first.data.map(({ updatedAt }) => updatedAt)).toEqual([3_000, 2_000]);
    expect(await list({ limit: 2, cursor: first.nextCursor })).toMatchObject({ ids: [oldest], nextCursor: null });
    expect((await list({ sortDirection: 'asc' })).ids).toEqual([oldest, middle, newest]);
    expect((await list({ sortDirection: 'asc', cursor: first.backwardsCursor })).ids).toEqual([newest]);
    expect((await list({ sortKey: 'created_at' })).ids).toEqual([oldest, newest, middle]);
  });
});
