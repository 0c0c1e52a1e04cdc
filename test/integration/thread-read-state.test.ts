import { describe, expect, test } from 'vitest';
import { threadList, threadRead, threadStart } from '../../machines/protocol/methods/thread.ts';
import { threadLoadedList } from '../../machines/protocol/methods/thread-history.ts';
import { threadReadStateUpdate } from '../../machines/protocol/methods/thread-read-state.ts';
import { attachThread, sendPrompt, startThread } from '../support/client-turns.ts';
import { httpError, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const PLAIN = { isOurs: false, encoding: 'json' } as const;
const UNKNOWN = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';

describe('what was read of a thread', () => {
  test('is told at the end of each turn before the rest, marked by any client, and kept over a restart', async () => {
    const scene = await startScene({ script: [text('One'), text('Two'), text('Three')] });
    const thread = await startThread(await scene.connect());
    const client = await scene.connect(PLAIN);
    const of = { threadId: thread.id };
    const initial = { firstUnread: null, revision: `initial:${thread.id}` };
    expect((await client.request(threadRead, of)).readState).toEqual(initial);

    const first = await thread.run('1');
    await thread.run('2');
    const unread = { type: 'turn', turnId: first.id };
    const states = thread.events.flatMap((event) =>
      event.method === 'thread/readState/changed' ? [event.params.readState] : [],
    );
    expect(thread.outline().slice(-3)).toEqual([
      'thread/readState/changed',
      'thread/status/changed idle',
      'turn/completed completed',
    ]);
    expect(states.map(({ firstUnread }) => firstUnread)).toEqual([unread, unread]);
    expect(states[0]?.revision).not.toBe(states[1]?.revision);

    const mark = (type: 'read' | 'unread', expectedRevision: string) =>
      client.request(threadReadStateUpdate, { ...of, operation: { type }, expectedRevision });
    const refused = await mark('read', initial.revision).catch((error: unknown) => error);
    const { readState: read } = await mark('read', states[1]?.revision ?? '');
    const { readState: marked } = await mark('unread', read.revision);

    expect(refused).toMatchObject({
      errorName: 'readStateConflict',
      message: 'read state changed',
      data: { reason: 'readStateConflict', readState: states[1] },
    });
    expect([read.firstUnread, marked.firstUnread]).toEqual([null, { type: 'threadStart' }]);
    await thread.event('thread/readState/changed', 4);
    await scene.daemon.stop();
    await scene.start();
    const again = await scene.connect(PLAIN);
    expect((await again.request(threadRead, of)).readState).toEqual(marked);
    expect((await again.request(threadList, {})).readStates).toEqual({ [thread.id]: marked });
    const later = await attachThread(await scene.connect(), thread.id);
    await later.run('3');
    expect((await again.request(threadRead, of)).readState?.firstUnread).toEqual({ type: 'threadStart' });
    await expect(
      again.request(threadReadStateUpdate, {
        threadId: UNKNOWN,
        operation: { type: 'read' },
        expectedRevision: 'x',
      }),
    ).rejects.toMatchObject({ errorName: 'threadNotFound' });
  });

  test('is told behind the reason when a turn fails', async () => {
    const scene = await startScene({ script: [httpError(400, { message: 'no' })] });
    const thread = await startThread(await scene.connect());
    await thread.run('1');
    expect(thread.outline().slice(-4)).toEqual([
      'thread/status/changed systemError',
      'error',
      'thread/readState/changed',
      'turn/completed failed',
    ]);
  });
});

test('a thread that only finds a name for another one is told to its own followers alone, and never listed', async () => {
  const scene = await startScene({ script: [text('{"title":"x"}')] });
  const bystander = await scene.connect(PLAIN);
  const client = await scene.connect(PLAIN);
  const kept = await startThread(await scene.connect());

  const { thread } = await client.request(threadStart, { ephemeral: true, threadSource: 'thread_title' });
  await sendPrompt(client, thread.id, { text: 'a name' });
  await client.notification('turn/completed');

  const methods = (of: typeof client) => of.notifications.map(({ method, params }) => [method, JSON.stringify(params)]);
  const about = (of: typeof client) =>
    methods(of)
      .filter(([, params]) => params?.includes(thread.id))
      .map(([method]) => method);
  expect(about(client)).toEqual(expect.arrayContaining(['thread/started', 'thread/status/changed']));
  expect(about(bystander)).toEqual([]);
  expect((await bystander.request(threadLoadedList, {})).data).toEqual([kept.id]);
  expect((await bystander.request(threadList, {})).data).toEqual([]);
  expect((await client.request(threadRead, { threadId: thread.id })).readState).toBeNull();
  await expect(
    client.request(threadReadStateUpdate, {
      threadId: thread.id,
      operation: { type: 'read' },
      expectedRevision: `initial:${thread.id}`,
    }),
  ).rejects.toMatchObject({ message: 'thread read state unavailable' });
});
