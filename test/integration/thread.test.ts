import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  threadAttach,
  threadList,
  threadNameSet,
  threadRead,
  threadResume,
  threadStart,
  threadUnsubscribe,
} from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const UNKNOWN = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';
const input = [{ type: 'text' as const, text: 'hi' }];

describe('start', () => {
  test('stores the thread and answers with what it runs with, then tells everybody', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const other = await scene.connect();

    const { thread, ...settings } = await client.request(threadStart, { sandbox: 'read-only' });

    expect(settings).toMatchObject({
      model: 'gpt-5.5',
      modelProvider: 'fake',
      cwd: scene.temp.workspace,
      approvalPolicy: 'on-request',
      approvalsReviewer: 'user',
      sandbox: { type: 'readOnly', networkAccess: false },
    });
    expect(thread).toMatchObject({
      sessionId: thread.id,
      preview: '',
      name: null,
      status: { type: 'idle' },
      cwd: scene.temp.workspace,
      historyMode: 'legacy',
      ephemeral: false,
      projectId: null,
      turns: [],
    });
    expect(existsSync(thread.path ?? '')).toBe(true);
    const told = await other.notification('thread/started');
    expect(told.params).toMatchObject({ thread: { id: thread.id } });
    await client.notification('thread/started');
  });

  test('refuses a folder that does not exist, and a provider that nobody configured', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    await expect(client.request(threadStart, { cwd: '/no/such/folder' })).rejects.toMatchObject({
      errorName: 'folderMissing',
      message: expect.stringContaining('/no/such/folder'),
    });
    await expect(client.request(threadStart, { modelProvider: 'nobody' })).rejects.toMatchObject({
      errorName: 'providerNotFound',
      message: expect.stringContaining('nobody'),
    });
  });
});

describe('a thread that never got a prompt', () => {
  test('is listed to clients of ours while it is open, can be attached to, and is told as gone when it goes', async () => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const empty = await startThread(client);
    const used = await startThread(client);
    await used.run('hi');

    const { data } = await client.request(threadList, {});
    const plain = await (await scene.connect({ isOurs: false })).request(threadList, {});

    const usedRow = [used.id, 'hi'];
    expect(data.map(({ id, preview }) => [id, preview])).toEqual([usedRow, [empty.id, '']]);
    expect(plain.data.map(({ id, preview }) => [id, preview])).toEqual([usedRow]);
    expect((await attachThread(await scene.connect(), empty.id)).turns).toEqual([]);
  });
});

describe('an id that no thread has', () => {
  test.each([
    { name: 'thread/read', definition: threadRead, params: {}, says: 'thread not loaded: ' },
    { name: 'turn/start', definition: turnStart, params: { input }, says: 'thread not found: ' },
    { name: 'thread/resume', definition: threadResume, params: {}, says: 'no rollout found for thread id ' },
    { name: 'thread/attach', definition: threadAttach, params: {}, says: 'no rollout found for thread id ' },
    { name: 'thread/name/set', definition: threadNameSet, params: { name: 'x' }, says: 'thread not found: ' },
  ])('is answered by $name in the reference’s words', async ({ definition, params, says }) => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const known = await startThread(client);
    await known.run('hi');

    for (const threadId of [UNKNOWN, 'no-uuid', '../../etc/passwd']) {
      const refused = client.request(definition as typeof threadRead, { threadId, ...params });
      await expect(refused).rejects.toMatchObject({
        errorName: 'threadNotFound',
        message: expect.stringContaining(`${says}${threadId}`),
      });
    }
  });

  test('comes with the nearest ids', async () => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const { id } = await startThread(client);
    const close = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;

    await expect(client.request(threadAttach, { threadId: close })).rejects.toMatchObject({
      data: { nearest: [id] },
      message: expect.stringContaining(`Nearest: ${id}.`),
    });
  });
});

describe('subscribing', () => {
  test('everybody who follows sees the same; who left or only looks on hears the status alone', async () => {
    const scene = await startScene({ script: [text('Hello', { chunks: 2 })] });
    const first = await startThread(await scene.connect({ encoding: 'msgpack' }));
    const second = await attachThread(await scene.connect({ encoding: 'json' }), first.id);
    const leaver = await scene.connect();
    await attachThread(leaver, first.id);
    const bystander = await scene.connect();

    expect(await leaver.request(threadUnsubscribe, { threadId: first.id })).toEqual({ status: 'unsubscribed' });
    expect(await leaver.request(threadUnsubscribe, { threadId: first.id })).toEqual({ status: 'notSubscribed' });
    expect(await leaver.request(threadUnsubscribe, { threadId: UNKNOWN })).toEqual({ status: 'notLoaded' });
    const before = leaver.notifications.length;
    const turn = await first.run('hi');
    await second.ended(turn.id);

    expect(second.snapshot).toEqual(first.snapshot);
    expect([...first.gaps, ...second.gaps]).toEqual([]);
    await bystander.waitFor('idle', () => bystander.notifications.length === 2);
    await leaver.waitFor('idle', () => leaver.notifications.length === before + 2);
    const statusOnly = ['thread/status/changed', 'thread/status/changed'];
    expect(leaver.notifications.slice(before).map(({ method }) => method)).toEqual(statusOnly);
    expect(bystander.notifications.map(({ method }) => method)).toEqual(statusOnly);
  });

  test('presence tells who is attached, and from where', async () => {
    const scene = await startScene();
    const first = await startThread(await scene.connect({ name: 'one', terminal: '/dev/pts/1' }));
    const watcher = await scene.connect({ name: 'two', terminal: '/dev/pts/2' });
    await attachThread(watcher, first.id, 'observer');

    await first.waitFor('two', () => first.snapshot?.presence.length === 2);
    expect(first.snapshot?.presence.map(({ name, terminal, role }) => [name, terminal, role])).toEqual([
      ['one', '/dev/pts/1', 'operator'],
      ['two', '/dev/pts/2', 'observer'],
    ]);
    await watcher.cut();
    await first.waitFor('one', () => first.snapshot?.presence.length === 1);
  });

  test('in mid-answer: the snapshot holds the text so far, and the rest follows without a gap', async () => {
    const scene = await startScene({ script: [text('abcdefghij', { chunks: 10, gate: 'step' })] });
    const first = await startThread(await scene.connect());
    const turnId = await first.prompt('go');
    scene.openai.gate('step').release(4);
    await first.event('item/agentMessage/delta', 4);

    const late = await attachThread(await scene.connect({ encoding: 'json' }), first.id);
    expect(late.itemsOf('agentMessage')).toMatchObject([{ text: 'abcd' }]);
    scene.openai.gate('step').open();
    await late.ended(turnId);
    await first.ended(turnId);

    expect(late.snapshot).toEqual(first.snapshot);
    expect(late.gaps).toEqual([]);
  });

  test('again after the last number: the missing events, or a snapshot when they are not at hand', async () => {
    const scene = await startScene({ script: [text('Hello')] });
    const first = await startThread(await scene.connect());
    const from = first.seq;
    await first.run('hi');
    const client = await scene.connect();

    const missed = await client.request(threadAttach, { threadId: first.id, afterSeq: from });
    const firstMissed = first.events
      .filter((event) => event.seq > (from ?? 0))
      .map(({ method, seq }) => ({ method, seq }));
    expect(missed.snapshot).toBeNull();
    expect(missed.events.slice(0, firstMissed.length)).toMatchObject(firstMissed);
    for (const afterSeq of [-5, 1_000_000]) {
      const anew = await client.request(threadAttach, { threadId: first.id, afterSeq });
      expect(anew).toMatchObject({ events: [], snapshot: { thread: { id: first.id } } });
    }
  });
});

describe('names', () => {
  test('are told to everybody, listed, searched, kept over a restart, and refused when empty', async () => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const other = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hi');

    await client.request(threadNameSet, { threadId: thread.id, name: '  My work  ' });
    expect((await other.notification('thread/name/updated')).params).toEqual({
      threadId: thread.id,
      threadName: 'My work',
    });
    await expect(client.request(threadNameSet, { threadId: thread.id, name: ' ' })).rejects.toMatchObject({
      errorName: 'invalidParams',
    });
    expect(readFileSync(join(scene.temp.home, 'session_index.jsonl'), 'utf8')).toContain('"thread_name":"My work"');

    await scene.daemon.stop();
    await scene.start();
    const again = await scene.connect();
    const { data } = await again.request(threadList, { searchTerm: 'my WORK' });
    expect(data.map(({ id, name, status }) => [id, name, status.type])).toEqual([[thread.id, 'My work', 'notLoaded']]);
    expect((await again.request(threadList, { searchTerm: 'other' })).data).toEqual([]);
  });
});

test('a thread that is not kept works as any other, is never listed, and its log goes with its last client', async () => {
  const scene = await startScene({ script: [text('done')] });
  const client = await scene.connect();
  const { thread } = await client.request(threadStart, { ephemeral: true, sandbox: 'danger-full-access' });
  expect(thread.ephemeral).toBe(true);
  const followed = await attachThread(client, thread.id);
  expect((await followed.run('hi')).status).toBe('completed');
  expect(existsSync(thread.path ?? '')).toBe(true);
  expect((await client.request(threadList, {})).data).toEqual([]);

  const other = await scene.connect();
  await client.request(threadUnsubscribe, { threadId: thread.id });

  await other.notification('thread/closed');
  expect(existsSync(thread.path ?? '')).toBe(false);
  await expect(other.request(threadResume, { threadId: thread.id })).rejects.toMatchObject({
    errorName: 'threadNotFound',
  });
});
