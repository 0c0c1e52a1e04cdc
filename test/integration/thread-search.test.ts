import { describe, expect, test } from 'vitest';
import { threadTurnsList } from '../../machines/protocol/methods/thread-history.ts';
import {
  threadItemsRead,
  threadSearch,
  threadSearchOccurrences,
} from '../../machines/protocol/methods/thread-search.ts';
import { threadArchive } from '../../machines/protocol/methods/thread-store.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const PLAIN = { isOurs: false, encoding: 'json' } as const;
const UNKNOWN = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';

describe('searching all threads', () => {
  test('finds what people and the model said, whatever its case, and pages both ways', async () => {
    const script = [text('The quick brown fox'), text('A lazy dog'), text('Another FOX, "quoted"\nand é')];
    const scene = await startScene({ script });
    const ours = await scene.connect();
    const ids: string[] = [];
    for (const prompt of ['one', 'two', 'three of a fox']) {
      const thread = await startThread(ours);
      await thread.run(prompt);
      ids.push(thread.id);
    }
    const client = await scene.connect(PLAIN);
    const find = async (searchTerm: string, more: object = {}) => {
      const page = await client.request(threadSearch, { searchTerm, ...more });
      return { ...page, found: page.data.map(({ thread, snippet }) => [ids.indexOf(thread.id), snippet]) };
    };

    const first = await find('fox', { limit: 1 });
    const second = await find('fox', { limit: 1, cursor: first.nextCursor });
    const back = await find('fox', { cursor: second.backwardsCursor, sortDirection: 'asc' });

    expect([first.found, second.found]).toEqual([[[2, 'three of a fox']], [[0, 'The quick brown fox']]]);
    expect(back.found).toEqual([...second.found, ...first.found]);
    expect(second.nextCursor).toBeNull();
    expect((await find('"QUOTED" and É')).found).toEqual([[2, 'Another FOX, "quoted" and é']]);
    expect((await find('TWO')).found).toEqual([[1, 'two']]);
    expect((await find('coding agent')).found).toEqual([]);
    await client.request(threadArchive, { threadId: ids[1] ?? '' });
    expect([(await find('lazy')).found, (await find('lazy', { archived: true })).found]).toEqual([
      [],
      [[1, 'A lazy dog']],
    ]);
    await expect(find(' ')).rejects.toMatchObject({ message: 'thread/search requires a non-empty searchTerm' });
    await expect(find('x', { cursor: 'nope' })).rejects.toMatchObject({ message: 'invalid cursor: nope' });
  });
});

describe('searching one thread', () => {
  test('finds every place with the words around it and a cursor of its turn', async () => {
    const long = `${'lorem ipsum '.repeat(40)}NEEDLE${' dolor sit'.repeat(60)} needle end`;
    const scene = await startScene({ script: [text('No such thing'), text('A needle too')] });
    const thread = await startThread(await scene.connect());
    await thread.run('first');
    await thread.run(long);
    const client = await scene.connect(PLAIN);
    const of = { threadId: thread.id, searchTerm: 'Needle' };
    const [prompt, answer] = thread.items.slice(2);

    const { data, nextCursor } = await client.request(threadSearchOccurrences, of);
    const one = await client.request(threadSearchOccurrences, { ...of, limit: 1 });
    const rest = await client.request(threadSearchOccurrences, { ...of, cursor: one.nextCursor });

    expect(data.map(({ itemId }) => itemId)).toEqual([prompt?.id, prompt?.id, answer?.id]);
    expect(data.map(({ snippet, snippetMatchRange: { start, end } }) => snippet.slice(start, end))).toEqual([
      'NEEDLE',
      'needle',
      'needle',
    ]);
    expect(data[0]?.snippet).toMatch(/^\.\.\. .{48}NEEDLE.{96} \.\.\.$/);
    expect(data[2]?.snippet).toBe('A needle too');
    expect(nextCursor).toBeNull();
    expect([...one.data, ...rest.data]).toEqual(data);
    const { data: turns } = await client.request(threadTurnsList, {
      threadId: thread.id,
      cursor: data[0]?.turnCursor ?? null,
    });
    expect(turns.map(({ id }) => id)).toEqual(thread.turns.map(({ id }) => id).toReversed());
    await expect(client.request(threadSearchOccurrences, { ...of, searchTerm: '' })).rejects.toMatchObject({
      message: 'thread/searchOccurrences requires a non-empty searchTerm',
    });
    await expect(client.request(threadSearchOccurrences, { ...of, threadId: UNKNOWN })).rejects.toMatchObject({
      errorName: 'threadNotFound',
    });
    await expect(client.request(threadSearchOccurrences, { ...of, cursor: 'x' })).rejects.toMatchObject({
      message: 'invalid cursor: x',
    });
  });
});

test('items are read by their ids, in the order of the thread', async () => {
  const scene = await startScene({ script: [text('One')] });
  const thread = await startThread(await scene.connect());
  const { id: turnId } = await thread.run('1');
  const client = await scene.connect(PLAIN);
  const [prompt, answer] = thread.items;
  const read = async (itemIds: string[], of = turnId) =>
    (await client.request(threadItemsRead, { threadId: thread.id, turnId: of, itemIds })).data;

  expect(await read([answer?.id ?? '', 'x', prompt?.id ?? ''])).toEqual(
    [prompt, answer].map((item) => ({
      turnId,
      item,
      startedAtMs: item?.startedAtMs,
      completedAtMs: item?.completedAtMs,
    })),
  );
  expect([await read(['x']), await read([prompt?.id ?? ''], 'nope')]).toEqual([[], []]);
  await expect(read([])).rejects.toMatchObject({ message: 'itemIds must contain 1 to 100 IDs' });
});
