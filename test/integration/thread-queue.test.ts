import { describe, expect, test } from 'vitest';
import {
  threadQueueAdd,
  threadQueueDelete,
  threadQueueList,
  threadQueueReorder,
  threadQueueStart,
  threadQueueUpdate,
} from '../../machines/protocol/methods/thread-queue.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { type RecordedRequest, type Step, text, userTexts } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';

const input = (words: string) => [{ type: 'text' as const, text: words }];
const lastWords = (scene: Scene) => scene.openai.requests.map((request) => userTexts(request).at(-1));
/** Holds the turn whose prompt is `hold`; every other one is answered at once. */
const script = (request: RecordedRequest): Step =>
  userTexts(request).at(-1) === 'hold' ? text('held', { gate: 'hold' }) : text('done');

/** The line of one thread, as one client handles it. */
function lineOf(client: DaemonClient, threadId: string) {
  return {
    add: (id: string, words = id) =>
      client.request(threadQueueAdd, { threadId, clientUserMessageId: id, input: input(words) }),
    list: async () => (await client.request(threadQueueList, { threadId })).data.map(({ id }) => id),
    update: (id: string, words: string) =>
      client.request(threadQueueUpdate, { threadId, queuedSubmissionId: id, input: input(words) }),
    remove: (id: string) => client.request(threadQueueDelete, { threadId, queuedSubmissionId: id }),
    reorder: (...ids: string[]) => client.request(threadQueueReorder, { threadId, queuedSubmissionIds: ids }),
    start: (id: string | null = null) => client.request(threadQueueStart, { threadId, queuedSubmissionId: id }),
  };
}

/** A thread whose turn runs until the gate `hold` is opened, seen by a client of ours and one of the reference. */
async function busyThread(): Promise<{ scene: Scene; thread: ClientThread; plain: DaemonClient; turnId: string }> {
  const scene = await startScene({ script });
  const thread = await startThread(await scene.connect({ name: 'left', terminal: '/dev/pts/1' }));
  const plain = await scene.connect({ isOurs: false, encoding: 'json', name: 'plain' });
  await attachThread(plain, thread.id);
  const turnId = await thread.prompt('hold');
  await scene.openai.waitForRequest(1);
  return { scene, thread, plain, turnId };
}

describe('the line of prompts', () => {
  test('may be added to, changed, cut and ordered by every client, and runs as it stands then', async () => {
    const { scene, thread, plain } = await busyThread();
    const ours = lineOf(thread.client, thread.id);
    const theirs = lineOf(plain, thread.id);

    expect(await ours.add('one')).toMatchObject({
      queuedSubmission: { id: 'one', sentBy: { terminal: '/dev/pts/1' } },
    });
    await theirs.add('two');
    await ours.add('three');
    await ours.add('two', 'sent again');
    expect(await theirs.update('one', 'one in other words')).toMatchObject({
      queuedSubmission: {
        id: 'one',
        input: input('one in other words'),
        sentBy: { name: 'left' },
        editedBy: { name: 'plain' },
      },
    });
    expect(await ours.remove('two')).toEqual({ deleted: true });
    expect(await theirs.remove('two')).toEqual({ deleted: false });
    await theirs.reorder('three', 'one');
    expect(await ours.list()).toEqual(['three', 'one']);
    await thread.event('thread/queue/changed', 6);
    expect(thread.snapshot?.queue.map(({ promptId, sentBy }) => [promptId, sentBy?.name])).toEqual([
      ['three', 'left'],
      ['one', 'left'],
    ]);

    scene.openai.gate('hold').open();
    await thread.event('turn/completed', 3);
    expect(lastWords(scene)).toEqual(['hold', 'three', 'one in other words']);
    expect(thread.snapshot?.queue).toEqual([]);
    expect(thread.gaps).toEqual([]);
  });

  test('is told to a client of the reference in its own shape, in its place among the events', async () => {
    const { scene, thread, plain } = await busyThread();

    await lineOf(plain, thread.id).add('one');
    scene.openai.gate('hold').open();
    await plain.waitFor('the end', () => plain.notifications.filter(({ method }) => method === 'turn/completed')[1]);

    const seen = plain.notifications.filter(({ method }) => /^turn\/|queue/.test(method));
    expect(seen.map(({ method }) => method)).toEqual([
      'turn/started',
      'thread/queue/changed',
      'turn/completed',
      'thread/queue/changed',
      'turn/started',
      'turn/completed',
    ]);
    const changes = seen.filter(({ method }) => method === 'thread/queue/changed');
    expect(changes.map(({ params }) => params)).toEqual([{ threadId: thread.id }, { threadId: thread.id }]);
  });

  test('is empty for an idle thread: what is added starts at once, and only once', async () => {
    const scene = await startScene({ script });
    const thread = await startThread(await scene.connect());
    const line = lineOf(thread.client, thread.id);

    expect(await line.add('one')).toMatchObject({ queuedSubmission: { id: 'one', clientUserMessageId: 'one' } });
    await thread.event('turn/completed');
    await line.add('one');
    await line.add('two');
    await thread.event('turn/completed', 2);

    expect(lastWords(scene)).toEqual(['one', 'two']);
    await expect(line.start()).rejects.toMatchObject({ errorName: 'queueEmpty', message: 'queue is empty' });
  });

  test('is listed in pages', async () => {
    const { scene, thread } = await busyThread();
    for (const id of ['a', 'b', 'c']) await lineOf(thread.client, thread.id).add(id);
    const page = (cursor: string | null) =>
      thread.client.request(threadQueueList, { threadId: thread.id, limit: 2, cursor });

    const first = await page(null);
    expect([first.data.map(({ id }) => id), first.nextCursor]).toEqual([['a', 'b'], '2']);
    const second = await page(first.nextCursor ?? null);
    expect([second.data.map(({ id }) => id), second.nextCursor]).toEqual([['c'], null]);
    await expect(page('from:a')).rejects.toMatchObject({ errorName: 'invalidParams' });
    scene.openai.gate('hold').open();
    await thread.event('turn/completed', 4);
  });

  test('refuses by name what cannot be done', async () => {
    const { scene, thread } = await busyThread();
    const line = lineOf(thread.client, thread.id);
    await line.add('one');
    await line.add('two');
    const reordered = {
      errorName: 'queueMismatch',
      message: 'queue reorder must include every queued submission exactly once',
    };

    await expect(line.update('none', 'x')).rejects.toMatchObject({
      errorName: 'promptNotFound',
      message: 'queued submission not found: none',
    });
    await expect(line.start('none')).rejects.toMatchObject({ errorName: 'promptNotFound' });
    await expect(line.start('two')).rejects.toMatchObject({
      errorName: 'turnRunning',
      message: 'thread already has an active or pending turn',
    });
    await expect(line.add('x'.repeat(257))).rejects.toMatchObject({ errorName: 'invalidParams' });
    for (const ids of [['one'], ['one', 'one'], ['one', 'two', 'three'], []])
      await expect(line.reorder(...ids)).rejects.toMatchObject(reordered);
    expect(await line.list()).toEqual(['one', 'two']);
    scene.openai.gate('hold').open();
    await thread.event('turn/completed', 3);
  });
});

describe('after a person stopped the turn', () => {
  test('the line is held until somebody starts it, and then goes on', async () => {
    const { scene, thread, turnId } = await busyThread();
    const line = lineOf(thread.client, thread.id);
    await line.add('one');
    await line.add('two');

    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });
    await thread.ended(turnId);
    await line.add('three');
    expect(thread.snapshot?.queueHeld).toBe(true);
    expect(await thread.client.request(threadQueueList, { threadId: thread.id })).toMatchObject({ held: true });
    expect(await line.list()).toEqual(['one', 'two', 'three']);

    const { turn } = await line.start('two');
    expect(await thread.ended(turn.id)).toMatchObject({ status: 'completed' });
    await thread.event('turn/completed', 4);
    expect(lastWords(scene)).toEqual(['hold', 'two', 'one', 'three']);
    expect(thread.snapshot).toMatchObject({ queueHeld: false, queue: [] });
  });

  test('a prompt that is sent runs before the line, which goes on behind it', async () => {
    const { scene, thread, turnId } = await busyThread();
    await lineOf(thread.client, thread.id).add('one');
    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });
    await thread.ended(turnId);

    await thread.run('first of all');
    await thread.event('turn/completed', 3);

    expect(lastWords(scene)).toEqual(['hold', 'first of all', 'one']);
  });
});

describe('after kill -9', () => {
  test('the line stands as it stood, and runs in the environment of whoever starts it', async () => {
    const { scene, thread } = await busyThread();
    const before = lineOf(thread.client, thread.id);
    for (const id of ['one', 'two', 'three']) await before.add(id);
    await before.update('one', 'one in other words');
    await before.remove('two');
    await before.reorder('three', 'one');
    await scene.daemon.kill9();

    await scene.start();
    const client = await scene.connect({ name: 'later' });
    const again = await attachThread(client, thread.id);
    const line = lineOf(client, thread.id);
    expect(again.snapshot?.queue).toMatchObject([
      { promptId: 'three', waitsFor: expect.stringContaining('environment was lost') },
      { promptId: 'one', input: input('one in other words'), sentBy: { name: 'left' }, editedBy: { name: 'left' } },
    ]);
    await line.add('two');
    await line.reorder('one', 'three');
    const { turn } = await line.start();
    await again.ended(turn.id);
    expect(again.itemsOf('userMessage').at(-1)).toMatchObject({ clientId: 'one', sentBy: { name: 'later' } });

    expect(await line.list()).toEqual(['three']);
    expect(await line.remove('three')).toEqual({ deleted: true });
    expect(lastWords(scene)).toEqual(['hold', 'one in other words']);
  });
});
