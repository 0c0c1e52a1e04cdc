import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { threadList, threadNameSet, threadRead, threadResume } from '../../machines/protocol/methods/thread.ts';
import {
  threadArchive,
  threadDelete,
  threadFork,
  threadMetadataUpdate,
  threadUnarchive,
} from '../../machines/protocol/methods/thread-store.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { call, hang, reply, text } from '../support/fake-openai.ts';
import { logOf, logPathOf, startScene } from '../support/scene.ts';

const UNKNOWN = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';
const PLAIN = { isOurs: false, encoding: 'json' } as const;
const OURS = { isOurs: true, encoding: 'msgpack' } as const;
/** Both kinds of client. */
const KINDS = [
  { kind: 'a client of ours', options: OURS },
  { kind: 'a client of the reference', options: PLAIN },
];

const wordsOf = (turns: readonly { readonly items: readonly { type: string; text?: string }[] }[]) =>
  turns.map(({ items }) => items.flatMap((item) => (item.type === 'agentMessage' ? [item.text] : [])).join());

describe('a fork', () => {
  test.each(KINDS)('goes on from a copy, and leaves its source alone, for $kind', async ({ options }) => {
    const scene = await startScene({ script: [text('One'), text('Two'), text('Zebra'), text('Forked')] });
    const client = await scene.connect(options);
    const other = await scene.connect(PLAIN);
    const ours = await scene.connect();
    const source = await startThread(ours);
    for (const prompt of ['1', '2', '3']) await source.run(prompt);
    const [one, two, three] = source.turns;

    const { thread, model } = await client.request(threadFork, { threadId: source.id, lastTurnId: two?.id ?? '' });
    const before = await client.request(threadFork, { threadId: source.id, beforeTurnId: two?.id ?? '' });
    const bare = await client.request(threadFork, { threadId: source.id, excludeTurns: true });
    const started = await other.waitFor('the forks', () =>
      other.notifications.filter(({ method }) => method === 'thread/started').slice(1, 4),
    );

    expect(thread).toMatchObject({
      forkedFromId: source.id,
      sessionId: thread.id,
      preview: '1',
      name: null,
      ephemeral: false,
      status: { type: 'idle' },
      cwd: scene.temp.workspace,
    });
    expect([wordsOf(thread.turns), wordsOf(before.thread.turns), bare.thread.turns]).toEqual([
      ['One', 'Two'],
      ['One'],
      [],
    ]);
    expect(thread.turns.map(({ id }) => id)).toEqual([one?.id, two?.id]);
    expect(model).toBe(source.snapshot?.settings.model);
    expect(started.map(({ params }) => (params as { thread: { id: string } }).thread.id)[0]).toBe(thread.id);

    const fork = await attachThread(ours, thread.id);
    await fork.run('on');
    expect(wordsOf(fork.turns)).toEqual(['One', 'Two', 'Forked']);
    expect(JSON.stringify(scene.openai.requests[3]?.body.input)).not.toContain('Zebra');
    expect(source.turns.map(({ id }) => id)).toEqual([one?.id, two?.id, three?.id]);
    expect(logOf(scene.temp, thread.id)[0]?.payload).toMatchObject({ id: thread.id, forked_from_id: source.id });
  });

  test('of a stored thread is the same, also after a restart', async () => {
    const scene = await startScene({ script: [text('One'), text('Two'), text('Forked')] });
    const source = await startThread(await scene.connect());
    for (const prompt of ['1', '2']) await source.run(prompt);
    await scene.daemon.stop();
    await scene.start();
    const client = await scene.connect();
    const { thread } = await client.request(threadFork, { threadId: source.id });
    expect(wordsOf(thread.turns)).toEqual(['One', 'Two']);
    await (await attachThread(client, thread.id)).run('on');

    await scene.daemon.stop();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);

    expect(wordsOf(again.turns)).toEqual(['One', 'Two', 'Forked']);
    expect(again.snapshot?.thread).toMatchObject({ forkedFromId: source.id, preview: '1' });
  });

  test('in the middle of a turn ends that turn in the copy, where no call is left without an output', async () => {
    const script = [
      reply([call('exec_command', { cmd: 'sleep 300', login: false, yield_time_ms: 30_000 })]),
      text('Forked'),
    ];
    const scene = await startScene({ script });
    const client = await scene.connect();
    const source = await startThread(client);
    const turnId = await source.prompt('run');
    await source.waitFor('the command', () => source.itemsOf('commandExecution')[0]);

    await expect(client.request(threadFork, { threadId: source.id, lastTurnId: turnId })).rejects.toMatchObject({
      message: `lastTurnId '${turnId}' identifies an in-progress turn`,
    });
    const { thread } = await client.request(threadFork, { threadId: source.id });
    const fork = await attachThread(client, thread.id);
    expect(fork.turns.map(({ status }) => status)).toEqual(['interrupted']);
    await fork.run('on');
    expect(JSON.stringify(scene.openai.requests[1]?.body.input)).toContain('copy that was made in the middle');
    await client.request(turnInterrupt, { threadId: source.id, turnId });
    await source.ended(turnId);
  });

  test('that is not kept is in no listing and in no folder of threads', async () => {
    const scene = await startScene({ script: [text('One')] });
    const client = await scene.connect();
    const source = await startThread(client);
    await source.run('1');

    const { thread } = await client.request(threadFork, { threadId: source.id, ephemeral: true });

    expect(thread).toMatchObject({ ephemeral: true, forkedFromId: source.id, preview: '1' });
    expect((await client.request(threadList, {})).data.map(({ id }) => id)).toEqual([source.id]);
    expect(() => logPathOf(scene.temp, thread.id)).toThrow('has no log');
    await expect(client.request(threadFork, { threadId: thread.id })).rejects.toMatchObject({
      message: `no rollout found for thread id ${thread.id}`,
    });
    await expect(client.request(threadDelete, { threadId: thread.id })).rejects.toMatchObject({
      message: `thread is not persisted and cannot be deleted: ${thread.id}`,
    });
  });

  test('is refused in the reference’s words', async () => {
    const scene = await startScene({ script: [text('One')] });
    const client = await scene.connect(PLAIN);
    const { id } = await startThread(await scene.connect());
    const of = { threadId: id };

    const refused = async (params: object) =>
      client.request(threadFork, { ...of, ...params }).catch((error: unknown) => error);
    expect(await refused({ lastTurnId: 'x' })).toMatchObject({
      errorName: 'turnNotFound',
      message: 'turn not found: x',
    });
    expect(await refused({ lastTurnId: 'x', beforeTurnId: 'x' })).toMatchObject({
      message: '`beforeTurnId` cannot be combined with `lastTurnId`',
    });
    expect(await refused({ threadId: UNKNOWN })).toMatchObject({
      errorName: 'threadNotFound',
      message: expect.stringContaining(`no rollout found for thread id ${UNKNOWN}`),
    });
  });
});

describe('an archived thread', () => {
  test.each(KINDS)('is put away for everybody and can be taken out again, by $kind', async ({ options }) => {
    const scene = await startScene({ script: [text('One'), text('Two')] });
    const ours = await scene.connect();
    const thread = await startThread(ours);
    await thread.run('1');
    await ours.request(threadNameSet, { threadId: thread.id, name: 'Kept' });
    const path = logPathOf(scene.temp, thread.id);
    const client = await scene.connect(options);
    const other = await scene.connect(PLAIN);
    const of = { threadId: thread.id };

    expect(await client.request(threadArchive, of)).toEqual({});
    await other.notification('thread/archived');
    await ours.notification('thread/archived');
    const archived = await client.request(threadList, { archived: true });
    const listed = await client.request(threadList, {});

    const name = path.split('/').at(-1) ?? '';
    const away = join(scene.temp.home, 'archived_sessions', name);
    expect(other.notifications.map(({ method }) => method)).toEqual(['thread/status/changed', 'thread/archived']);
    expect(archived.data).toMatchObject([
      { id: thread.id, name: 'Kept', path: away, preview: '1', status: { type: 'notLoaded' } },
    ]);
    expect(listed.data).toEqual([]);
    expect([existsSync(path), existsSync(away)]).toEqual([false, true]);
    const read = await client.request(threadRead, { ...of, includeTurns: true });
    expect(wordsOf(read.thread.turns)).toEqual(['One']);
    await expect(client.request(threadResume, of)).rejects.toMatchObject({
      errorName: 'threadArchived',
      message: expect.stringContaining(`session ${thread.id} is archived. Run \`codex threads unarchive`),
    });
    await expect(client.request(threadArchive, of)).rejects.toMatchObject({
      message: `no rollout found for thread id ${thread.id}`,
    });

    const back = await client.request(threadUnarchive, of);
    await other.notification('thread/unarchived');
    expect(back.thread).toMatchObject({ id: thread.id, path, name: 'Kept' });
    await (await attachThread(ours, thread.id)).run('2');
    await expect(client.request(threadUnarchive, of)).rejects.toMatchObject({
      message: `no archived rollout found for thread id ${thread.id}`,
    });
  });
});

describe('a deleted thread', () => {
  test.each(KINDS)('goes with its log, its name and all that is kept beside it, for $kind', async ({ options }) => {
    const scene = await startScene({ script: [text('One'), text('Two')] });
    const ours = await scene.connect();
    const [thread, stays] = [await startThread(ours), await startThread(ours)];
    await thread.run('1');
    await stays.run('2');
    for (const { id } of [thread, stays]) await ours.request(threadNameSet, { threadId: id, name: `Name of ${id}` });
    const client = await scene.connect(options);
    const other = await scene.connect(PLAIN);
    const of = { threadId: thread.id };

    expect(await client.request(threadDelete, of)).toEqual({});
    await other.notification('thread/deleted');

    expect((await client.request(threadList, {})).data.map(({ id }) => id)).toEqual([stays.id]);
    await expect(client.request(threadRead, of)).rejects.toMatchObject({ message: `thread not loaded: ${thread.id}` });
    await expect(client.request(threadDelete, of)).rejects.toMatchObject({ errorName: 'threadNotFound' });
    const names = readFileSync(join(scene.temp.home, 'session_index.jsonl'), 'utf8');
    expect([names.includes(thread.id), names.includes(stays.id)]).toEqual([false, true]);
    expect(() => logPathOf(scene.temp, thread.id)).toThrow('has no log');
    await scene.daemon.stop();
    const facts = readFileSync(join(scene.temp.home, 'daemon', 'threads.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(facts.findLast((line) => line.includes(thread.id))).toBe(`{"id":"${thread.id}","facts":null}`);
    await scene.start();
  });

  test('may be an archived one', async () => {
    const scene = await startScene({ script: [text('One')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('1');
    await client.request(threadArchive, { threadId: thread.id });

    await client.request(threadDelete, { threadId: thread.id });

    expect((await client.request(threadList, { archived: true })).data).toEqual([]);
    expect(readdirSync(join(scene.temp.home, 'archived_sessions'))).toEqual([]);
  });
});

test('a thread that works is neither archived nor deleted, and the refusal says what to do', async () => {
  const scene = await startScene({ script: [hang()] });
  const client = await scene.connect();
  const thread = await startThread(client);
  const turnId = await thread.prompt('go');
  await thread.event('turn/started');

  for (const definition of [threadArchive, threadDelete]) {
    await expect(client.request(definition, { threadId: thread.id })).rejects.toMatchObject({
      errorName: 'threadBusy',
      message: `thread ${thread.id} works: interrupt its turn or wait for its end, then try again`,
    });
  }
  await client.request(turnInterrupt, { threadId: thread.id, turnId });
  await thread.ended(turnId);
  await client.request(threadArchive, { threadId: thread.id });
});

test('what is known of the repository can be corrected, for good, and every client of ours hears of it', async () => {
  const scene = await startScene({ script: [text('One')] });
  const ours = await scene.connect();
  const thread = await startThread(ours);
  await thread.run('1');
  const client = await scene.connect(PLAIN);
  const of = { threadId: thread.id };
  const corrected = { sha: 'abc', branch: 'main', originUrl: null };

  const answer = await client.request(threadMetadataUpdate, { ...of, gitInfo: { sha: 'abc', branch: 'main' } });
  await thread.event('thread/gitInfo/updated');

  expect(answer.thread.gitInfo).toEqual(corrected);
  expect(thread.snapshot?.thread.gitInfo).toEqual(corrected);
  await client.request(threadMetadataUpdate, { ...of, gitInfo: { branch: null } });
  await scene.daemon.stop();
  await scene.start();
  const again = await scene.connect();
  expect((await again.request(threadList, {})).data[0]?.gitInfo).toEqual({ ...corrected, branch: null });
  expect((await attachThread(again, thread.id)).snapshot?.thread.gitInfo).toEqual({ ...corrected, branch: null });
  const refused = async (params: object) =>
    again.request(threadMetadataUpdate, { ...of, ...params }).catch((error: unknown) => (error as Error).message);
  expect([
    await refused({}),
    await refused({ gitInfo: {} }),
    await refused({ gitInfo: { branch: '' } }),
    await refused({ threadId: UNKNOWN, gitInfo: { branch: 'x' } }),
  ]).toEqual([
    'thread metadata update must include at least one field',
    'gitInfo must include at least one field',
    'gitInfo.branch must not be empty',
    `no rollout found for thread id ${UNKNOWN}`,
  ]);
});
