import { describe, expect, test } from 'vitest';
import { threadGoalGet } from '../../machines/protocol/methods/goal.ts';
import {
  threadBackgroundTerminalsList,
  threadItemsList,
  threadLoadedList,
  threadTurnsList,
} from '../../machines/protocol/methods/thread-history.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import { call, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

const UNKNOWN = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';
const PLAIN = { isOurs: false, encoding: 'json' } as const;

describe('the pages of a thread', () => {
  test('hold its turns newest first, with as much of them as was asked for, also after a restart', async () => {
    const scene = await startScene({ script: [text('One'), text('Two'), text('Three')] });
    const thread = await startThread(await scene.connect());
    for (const prompt of ['1', '2', '3']) await thread.run(prompt);
    const [one, two, three] = thread.turns;
    await scene.daemon.stop();
    await scene.start();
    const client = await scene.connect(PLAIN);
    const of = { threadId: thread.id, limit: 2 };

    const first = await client.request(threadTurnsList, { ...of, itemsView: 'full' });
    const second = await client.request(threadTurnsList, { ...of, cursor: first.nextCursor, itemsView: 'notLoaded' });
    const back = await client.request(threadTurnsList, { ...of, cursor: first.backwardsCursor, sortDirection: 'asc' });

    expect(first.data.map(({ id, items }) => [id, items])).toEqual([
      [three?.id, three?.items],
      [two?.id, two?.items],
    ]);
    expect(second).toMatchObject({ data: [{ id: one?.id, items: [], itemsView: 'notLoaded' }], nextCursor: null });
    expect(back.data).toMatchObject([
      {
        id: three?.id,
        itemsView: 'summary',
        items: [{ type: 'userMessage' }, { type: 'agentMessage', text: 'Three' }],
      },
    ]);
  });

  test('hold its items with their times, of all turns or of one, from a cursor or an item on', async () => {
    const scene = await startScene({ script: [text('One'), text('Two')] });
    const thread = await startThread(await scene.connect());
    await thread.run('1');
    await thread.run('2');
    const turnId = thread.turns[1]?.id ?? '';
    const client = await scene.connect(PLAIN);
    const list = async (params: Omit<Parameters<typeof request>[0], 'threadId'>) =>
      request({ threadId: thread.id, ...params });
    const request = (params: Parameters<typeof client.request<typeof threadItemsList.params, never>>[1]) =>
      client.request(threadItemsList, params);

    const all = await list({ sortDirection: 'desc' });
    const half = await list({ limit: 3 });
    const rest = await list({ cursor: half.nextCursor });
    const ofOne = await list({ turnId });
    const behind = await list({ turnId, cursor: { type: 'item', itemId: ofOne.data[0]?.item.id ?? '' } });

    expect(all.data.map(({ item }) => item)).toEqual(thread.items.toReversed());
    expect(half.data.concat(rest.data).map(({ item }) => item)).toEqual(thread.items);
    expect(ofOne.data.map(({ item }) => item.type)).toEqual(['userMessage', 'agentMessage']);
    expect(behind.data).toEqual([
      {
        turnId,
        item: thread.items[3],
        startedAtMs: thread.items[3]?.startedAtMs,
        completedAtMs: thread.items[3]?.completedAtMs,
      },
    ]);
    await expect(list({ cursor: 'after:x' })).rejects.toMatchObject({ errorName: 'invalidParams' });
  });

  test('leave out what is still being said: it comes as events', async () => {
    const scene = await startScene({ script: [text('never the whole', { chunks: 3, gate: 'slow' })] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('talk');
    scene.openai.gate('slow').release();
    await thread.event('item/agentMessage/delta');
    const client = await scene.connect(PLAIN);

    const items = await client.request(threadItemsList, { threadId: thread.id });
    const turns = await client.request(threadTurnsList, { threadId: thread.id });

    expect(items.data.map(({ item }) => item.type)).toEqual(['userMessage']);
    expect(turns.data).toMatchObject([{ id: turnId, status: 'inProgress', items: [{ type: 'userMessage' }] }]);
    await client.request(turnInterrupt, { threadId: thread.id, turnId });
    await thread.ended(turnId);
  });
});

test('the loaded threads are listed by their ids', async () => {
  const scene = await startScene();
  const client = await scene.connect();
  const ids = [(await startThread(client)).id, (await startThread(client)).id];

  expect(await client.request(threadLoadedList, {})).toEqual({ data: ids, nextCursor: null });
  const { data, nextCursor } = await client.request(threadLoadedList, { limit: 1 });
  expect(data).toEqual(ids.slice(0, 1));
  expect(await client.request(threadLoadedList, { cursor: nextCursor })).toEqual({
    data: ids.slice(1),
    nextCursor: null,
  });
});

test('the commands in the background are listed with their processes while they run, and a goal is never set', async () => {
  const script = [
    reply([call('exec_command', { cmd: 'sleep 300', login: false, yield_time_ms: 250 })]),
    text('It runs'),
  ];
  const scene = await startScene({ script });
  const client = await scene.connect();
  const thread = await startThread(client);
  await thread.run('start it');
  const item = thread.itemsOf('commandExecution')[0];
  const of = { threadId: thread.id };

  const { data } = await client.request(threadBackgroundTerminalsList, of);

  expect(data).toEqual([
    {
      itemId: item?.id,
      processId: expect.stringMatching(/^\d{5}$/),
      osPid: expect.any(Number),
      command: item?.command,
      cwd: scene.temp.workspace,
    },
  ]);
  process.kill(data[0]?.osPid ?? 0, 'SIGKILL');
  await until('it is gone', () => thread.itemsOf('commandExecution')[0]?.status !== 'inProgress');
  expect(await client.request(threadBackgroundTerminalsList, of)).toEqual({ data: [], nextCursor: null });
  expect(await client.request(threadGoalGet, of)).toEqual({ goal: null });
});

describe('an id that no thread has', () => {
  test.each([
    { definition: threadTurnsList, says: 'thread not loaded: ' },
    { definition: threadItemsList, says: 'thread not loaded: ' },
    { definition: threadBackgroundTerminalsList, says: 'thread not found: ' },
    { definition: threadGoalGet, says: 'thread not found: ' },
  ])('is refused by $definition.method', async ({ definition, says }) => {
    const scene = await startScene();
    const client = await scene.connect();
    const refused = client.request(definition as typeof threadGoalGet, { threadId: UNKNOWN });
    await expect(refused).rejects.toMatchObject({
      errorName: 'threadNotFound',
      message: expect.stringContaining(`${says}${UNKNOWN}`),
    });
  });
});
