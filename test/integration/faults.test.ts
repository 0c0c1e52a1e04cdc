import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { threadList, threadStart } from '../../machines/protocol/methods/thread.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { call, message, outputsOf, reply, text, userTexts } from '../support/fake-openai.ts';
import { logOf, logPathOf, startScene } from '../support/scene.ts';

const exec = (cmd: string, callId: string) => call('exec_command', { cmd, login: false }, { callId });
const freely = { sandboxPolicy: { type: 'dangerFullAccess' }, approvalPolicy: 'never' } as const;

describe('very large things', () => {
  test.each(['msgpack', 'json'] as const)(
    'a prompt of 10 MB in %s reaches the model and the followers, and survives',
    async (encoding) => {
      const scene = await startScene({ script: [text('ok'), text('ok')] });
      const thread = await startThread(await scene.connect({ encoding }));
      const watcher = await attachThread(await scene.connect(), thread.id, 'observer');
      const words = 'é0123456789abc\n'.repeat(10 * 64 * 1024);

      const turn = await thread.run(words);
      await watcher.ended(turn.id);

      const first = await scene.openai.waitForRequest(1);
      expect(userTexts(first).at(-1) === words).toBe(true);
      expect(watcher.turns).toEqual(thread.turns);
      await scene.daemon.kill9();
      await scene.start();
      const client = await scene.connect();
      const { data } = await client.request(threadList, {});
      expect(data.map(({ id }) => id)).toEqual([thread.id]);
      expect(data[0]?.preview.length).toBeLessThan(1_000);
      const again = await attachThread(client, thread.id);
      expect(again.turns.map(({ items }) => items)).toEqual(thread.turns.map(({ items }) => items));
    },
  );

  test('a command that prints 40 MB: the model reads a part, memory stays bounded', async () => {
    const scene = await startScene({ script: [reply([exec('yes 0123456789 | head -c 40000000', 'c1')]), text('ok')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const before = (await client.request(daemonStatus, {})).memoryBytes;

    await thread.run('go');

    const output = outputsOf(await scene.openai.waitForRequest(2)).c1 ?? '';
    expect(output).toContain('tokens truncated');
    expect(output.length).toBeLessThan(50_000);
    expect(thread.itemsOf('commandExecution')[0]?.aggregatedOutput?.length).toBeLessThan(3 * 1024 * 1024);
    expect((await client.request(daemonStatus, {})).memoryBytes - before).toBeLessThan(400 * 1024 * 1024);
  });
});

describe('bytes that are no text', () => {
  test('in a command’s output become replacement characters, for both encodings and in the log', async () => {
    const scene = await startScene({
      script: [reply([exec("printf 'a\\377\\000\\033[31mb\\xc3\\n'; head -c 100000 /dev/urandom", 'c1')]), text('ok')],
    });
    const thread = await startThread(await scene.connect());
    const watcher = await attachThread(await scene.connect({ encoding: 'json' }), thread.id);

    const turn = await thread.run('go');
    await watcher.ended(turn.id);

    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toContain('a\uFFFD\u0000\u001b[31mb\uFFFD\n');
    expect(watcher.turns).toEqual(thread.turns);
    await scene.daemon.kill9();
    await scene.start();
    expect((await attachThread(await scene.connect(), thread.id)).items).toEqual(thread.items);
  });

  test('in a prompt: odd characters come through as they are', async () => {
    const scene = await startScene({ script: [text('ok'), text('ok')] });
    const odd = 'nul \u0000 line \u2028 rtl \u202e emoji 👩‍👩‍👧 quote " back \\';
    for (const encoding of ['msgpack', 'json'] as const) {
      const thread = await startThread(await scene.connect({ encoding }));
      await thread.run(odd);
      expect(thread.itemsOf('userMessage')[0]?.content).toEqual([{ type: 'text', text: odd }]);
    }
    expect(scene.openai.requests.map((request) => userTexts(request).at(-1))).toEqual([odd, odd]);
  });
});

describe('a working folder that went away', () => {
  test('fails the turn with the reason; when it is back the thread goes on', async () => {
    const scene = await startScene({ script: [text('one'), text('two')] });
    const thread = await startThread(await scene.connect());
    await thread.run('first');
    rmSync(scene.temp.workspace, { recursive: true });

    expect(await thread.run('second')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining(`${scene.temp.workspace} does not exist`) },
    });
    expect(thread.itemsOf('userMessage')).toHaveLength(2);
    mkdirSync(scene.temp.workspace);
    expect(await thread.run('third')).toMatchObject({ status: 'completed' });
  });
});

describe('a full disk', () => {
  test('ends the turn with the reason, tells nothing that is not in the log, and is got over', async () => {
    const huge = 'x'.repeat(200_000);
    const scene = await startScene({
      script: [reply([message('small'), message(huge)]), text('fine'), text('Back')],
      daemon: { fileLimitKib: 96 },
    });
    const client = await scene.connect();
    const thread = await startThread(client);

    const turn = await thread.run('go');

    expect(turn).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/log cannot be written: EFBIG/) },
    });
    const told = thread.events.flatMap((event) => (event.method === 'item/completed' ? [event.params.item.id] : []));
    const logged = logOf(scene.temp, thread.id).map((line) => (line.payload.item as { id?: string } | undefined)?.id);
    expect(told.filter((id) => !logged.includes(id))).toEqual([]);
    expect(readFileSync(logPathOf(scene.temp, thread.id), 'utf8')).not.toContain(huge);
    // Other threads go on.
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });

    await scene.daemon.stop();
    await scene.start({});
    const again = await attachThread(await scene.connect(), thread.id);
    expect(again.turns.map(({ status }) => status)).not.toContain('inProgress');
    expect(await again.run('next', freely)).toMatchObject({ status: 'completed', items: [{ text: 'Back' }] });
  });

  test('refuses a prompt that cannot be kept, and takes it when there is room again', async () => {
    const scene = await startScene({ script: [text('one'), text('two')], daemon: { fileLimitKib: 96 } });
    const thread = await startThread(await scene.connect());
    await thread.run('first');

    await expect(thread.run('x'.repeat(200_000))).rejects.toMatchObject({ errorName: 'threadStoreFailed' });
    expect(await thread.run('small')).toMatchObject({ status: 'completed', items: [{ text: 'two' }] });
    expect(thread.turns).toHaveLength(2);
  });

  test('a sessions folder that cannot be used fails the start of a thread, and nothing else', async () => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const sessions = join(scene.temp.home, 'sessions');
    writeFileSync(sessions, 'in the way');

    await expect(client.request(threadStart, {})).rejects.toMatchObject({
      errorName: 'threadStoreFailed',
      message: expect.stringContaining("the thread's log cannot be written"),
    });
    expect((await client.request(threadList, {})).data).toEqual([]);
    renameSync(sessions, `${sessions}.old`);
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });
  });

  test('a log that was removed under a loaded thread is told, and the daemon goes on', async () => {
    const scene = await startScene({ script: [text('one'), text('two')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('first');
    rmSync(logPathOf(scene.temp, thread.id));

    await expect(thread.prompt('second')).rejects.toMatchObject({ errorName: expect.stringMatching(/^thread/) });
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });
  });
});
