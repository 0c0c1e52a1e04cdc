import { describe, expect, test } from 'vitest';
import { openTransport } from '../../client/connection/socket-transport.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { threadAttach, threadResume, threadStart, threadUnsubscribe } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { type Scene, type SceneOptions, startScene } from '../support/scene.ts';

/** A scene whose daemon has these lines in its table of `config.toml`. */
const sceneWith = (lines: readonly string[], options: Omit<SceneOptions, 'config'> = {}): Promise<Scene> =>
  startScene({ ...options, config: { tables: ['[daemon]', ...lines] } });

describe('a limit of the configuration', () => {
  test('for the size of a message: the connection that sends a larger one is closed, and no other', async () => {
    const scene = await sceneWith(['max_frame_bytes = 4096']);
    const bystander = await scene.connect();
    const client = await scene.connect();
    client.raw.socket.on('error', () => {});

    const refused = client.request(threadStart, { model: 'x'.repeat(5_000) });

    await expect(refused).rejects.toMatchObject({ errorName: 'connectionClosed' });
    expect([1006, 1009]).toContain(await client.closed);
    expect((await bystander.request(daemonStatus, {})).clients).toHaveLength(1);
  });

  test('for connections: one more is told what to do, and is taken when another has left', async () => {
    const scene = await sceneWith(['max_connections = 2']);
    const [first] = [await scene.connect(), await scene.connect()];

    await expect(scene.daemon.raw()).rejects.toThrow('429');
    const dialled = openTransport(
      { kind: 'unix', path: scene.daemon.socketPath },
      { receive: () => {}, closed: () => {} },
    );
    await expect(dialled).rejects.toMatchObject({
      failure: 'failed',
      message: expect.stringContaining('raise daemon.max_connections'),
    });
    await first.close();

    expect((await (await scene.connect()).request(daemonStatus, {})).clients).toHaveLength(2);
  });

  test('for calls under way: one more is refused as overloaded, and the connection goes on', async () => {
    const scene = await sceneWith(['max_requests_in_flight = 1']);
    const client = await scene.connect();

    // The first asks the keyring, in a process of its own.
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => client.request(daemonStatus, {})));

    expect(calls.map(({ status }) => status)).toContain('fulfilled');
    expect(calls.at(-1)).toMatchObject({ reason: { errorName: 'overloaded', code: -32001 } });
    expect((await client.request(daemonStatus, {})).pid).toBe(scene.daemon.pid);
  });

  test('for the threads that one connection follows: one more is refused, another connection may', async () => {
    const scene = await sceneWith(['max_subscriptions = 2']);
    const client = await scene.connect();
    const [one, two] = [await startThread(client), await startThread(client)];
    const other = await scene.connect();
    const { thread: third } = await other.request(threadStart, {});
    const refusal = {
      errorName: 'limitReached',
      code: -32001,
      message: expect.stringContaining('at most 2 threads (daemon.max_subscriptions)'),
      data: { limit: 'daemon.max_subscriptions', max: 2 },
    };

    await expect(client.request(threadStart, {})).rejects.toMatchObject(refusal);
    await expect(client.request(threadAttach, { threadId: third.id })).rejects.toMatchObject(refusal);
    await expect(client.request(threadResume, { threadId: third.id })).rejects.toMatchObject(refusal);
    expect((await client.request(threadAttach, { threadId: two.id })).seq).toBeGreaterThan(0);

    await client.request(threadUnsubscribe, { threadId: one.id });
    expect((await client.request(threadAttach, { threadId: third.id })).snapshot?.thread.id).toBe(third.id);
    expect((await client.request(daemonStatus, {})).threads.loaded).toBe(3);
  });

  test.each([
    { line: 'max_queued_prompts = 2', says: 'at most 2 prompts', size: 10 },
    { line: 'max_queued_bytes = 2000', says: 'at most 2000 bytes', size: 800 },
  ])('for the prompts in line ($line): one more is refused and not kept', async ({ line, says, size }) => {
    const scene = await sceneWith([line], { script: [text('a', { gate: 'go' }), text('b'), text('c'), text('d')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const prompt = (said: string) =>
      client.request(turnStart, {
        threadId: thread.id,
        input: [{ type: 'text', text: said.repeat(size) }],
        whenBusy: 'queue',
      });
    await prompt('1');
    await scene.openai.waitForRequest(1);

    expect([(await prompt('2')).queued, (await prompt('3')).queued]).toEqual([true, true]);
    await expect(prompt('4')).rejects.toMatchObject({
      errorName: 'limitReached',
      message: expect.stringContaining(says),
    });
    scene.openai.gate('go').open();

    await thread.waitFor('three turns', () => thread.turns.length === 3 && thread.turns[2]?.status === 'completed');
    expect(thread.snapshot?.queue).toEqual([]);
    await prompt('5');
    await thread.waitFor('a fourth', () => thread.turns[3]?.status === 'completed');
  });

  test('for a client that takes nothing: it is ended, and its place with it', async () => {
    const answer = 'more than the buffers on the way can hold\n'.repeat(100_000);
    const scene = await sceneWith(['stuck_client_seconds = 1'], { script: [text(answer, { chunks: 500 })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const stuck = await scene.connect();
    await stuck.request(threadAttach, { threadId: thread.id });
    stuck.raw.socket.pause();

    await thread.run('go');

    await thread.waitFor('one client', () => thread.snapshot?.presence.length === 1);
    expect((await client.request(daemonStatus, {})).clients).toHaveLength(1);
  });
});
