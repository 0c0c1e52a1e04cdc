import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { threadAttach } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt, turnSteer } from '../../machines/protocol/methods/turn.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { call, httpError, outputsOf, reply, text, userTexts } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { isAlive, until } from '../support/start-daemon.ts';

const exec = (cmd: string, callId: string, more: Record<string, unknown> = {}) =>
  call('exec_command', { cmd, login: false, ...more }, { callId });

/** The number that a command printed first, once it has. */
async function pidPrintedBy(thread: ClientThread): Promise<number> {
  const { params } = await thread.event('item/commandExecution/outputDelta');
  return Number.parseInt(params.delta, 10);
}

describe('interrupt', () => {
  test('kills the command and its children, keeps its output, and leaves a valid history', async () => {
    const scene = await startScene({
      script: [reply([exec('echo $$; sleep 300 & sleep 301; wait', 'c1', { yield_time_ms: 30_000 })]), text('Back')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('run long');
    const pid = await pidPrintedBy(thread);

    await client.request(turnInterrupt, { threadId: thread.id, turnId });
    const turn = await thread.ended(turnId);

    expect(turn).toMatchObject({ status: 'interrupted', error: null });
    expect(thread.itemsOf('commandExecution')).toMatchObject([
      { id: 'c1', status: 'failed', aggregatedOutput: `${pid}\n` },
    ]);
    expect(thread.outline().slice(-2)).toEqual(['thread/status/changed idle', 'turn/completed interrupted']);
    await until('the command is gone', () => !isAlive(pid));

    await thread.run('and now?');
    const next = await scene.openai.waitForRequest(2);
    expect(outputsOf(next).c1).toMatch(/^Wall time: \d+\.\d seconds\naborted by user$/);
    expect(userTexts(next).at(-2)).toMatch(/^<turn_aborted>/);
    expect(userTexts(next).at(-1)).toBe('and now?');
  });

  test('cuts an answer: its request is broken off, what was shown stays shown', async () => {
    const scene = await startScene({ script: [text('never the whole', { chunks: 3, gate: 'slow' }), text('Back')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('talk');
    const request = await scene.openai.waitForRequest(1);
    scene.openai.gate('slow').release();
    await thread.event('item/agentMessage/delta');

    await client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted' });
    expect(await request.ended).toBe('aborted');
    expect(thread.itemsOf('agentMessage')).toMatchObject([{ text: 'never' }]);
    await thread.run('next');
    const next = await scene.openai.waitForRequest(2);
    expect(next.body.input.filter((item) => item.role === 'assistant')).toEqual([]);
  });

  test('is told with who did it, to everybody, and is known after a restart', async () => {
    const scene = await startScene({ script: [text('slow', { gate: 'never' })] });
    const thread = await startThread(await scene.connect({ name: 'left', terminal: '/dev/pts/1' }));
    const other = await attachThread(await scene.connect({ name: 'right', terminal: '/dev/pts/2' }), thread.id);
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);

    await other.client.request(turnInterrupt, { threadId: thread.id, turnId });

    const by = { name: 'right', terminal: '/dev/pts/2', clientId: other.client.clientId };
    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted', interruptedBy: by });
    expect(thread.turns[0]).toMatchObject({ interruptedBy: by });
    await scene.daemon.stop();
    await scene.start();
    const later = await attachThread(await scene.connect(), thread.id);
    expect(later.turns).toMatchObject([{ id: turnId, status: 'interrupted', interruptedBy: by }]);
  });

  test('ends the wait before a retry at once', async () => {
    const scene = await startScene({ script: [httpError(429, { headers: { 'retry-after': '120' } }), text('Back')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    await thread.event('error');

    await client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted', error: null });
    expect(await thread.run('next')).toMatchObject({ status: 'completed' });
    expect(thread.snapshot?.notice).toBeNull();
  });

  test.each([
    { name: 'nothing runs', turnId: null, errorName: 'noActiveTurn', message: 'no active turn to interrupt' },
    {
      name: 'another turn runs',
      turnId: 'someone-else',
      errorName: 'turnMismatch',
      message: /^expected active turn id someone-else but found [0-9a-f-]{36}$/,
    },
  ])('is refused when $name', async ({ turnId, errorName, message }) => {
    const scene = await startScene({ script: [text('slow', { gate: 'go' })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const running = turnId === null ? null : await thread.prompt('go');
    if (running) await scene.openai.waitForRequest(1);

    await expect(client.request(turnInterrupt, { threadId: thread.id, turnId })).rejects.toMatchObject({
      errorName,
      message: expect.stringMatching(message),
    });
    scene.openai.gate('go').open();
    if (running) await thread.ended(running);
  });
});

describe('steer', () => {
  test('during an answer: the answer is cut and asked for anew with the message', async () => {
    const scene = await startScene({ script: [text('wrong way', { chunks: 2, gate: 'slow' }), text('right way')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    scene.openai.gate('slow').release();
    await thread.event('item/agentMessage/delta');

    const input = [{ type: 'text' as const, text: 'the other way' }];
    const steered = await client.request(turnSteer, { threadId: thread.id, expectedTurnId: turnId, input });

    expect(steered).toEqual({ turnId });
    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed', items: [{ text: 'right way' }] });
    scene.openai.gate('slow').open();
    expect(userTexts(await scene.openai.waitForRequest(2)).slice(-2)).toEqual(['go', 'the other way']);
    expect(thread.itemsOf('userMessage')).toHaveLength(2);
  });

  test('during a command: the command goes on, and the message stands behind its output', async () => {
    const scene = await startScene({
      script: [reply([exec('echo $$; while [ ! -e go ]; do sleep 0.02; done; echo end', 'c1')]), text('Heard')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('run');
    await pidPrintedBy(thread);

    // A prompt sent while a turn runs is steering, as in the reference (protocol.md §4.4).
    expect(await thread.prompt('hurry up')).toBe(turnId);
    writeFileSync(`${scene.temp.workspace}/go`, '');
    await thread.ended(turnId);

    const next = await scene.openai.waitForRequest(2);
    expect(outputsOf(next).c1).toContain('end\n');
    expect(next.body.input.slice(-3).map((item) => item.type)).toEqual([
      'function_call',
      'function_call_output',
      'message',
    ]);
    expect(userTexts(next).at(-1)).toBe('hurry up');
  });

  test('is refused without a turn', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    const input = [{ type: 'text' as const, text: 'x' }];

    await expect(
      client.request(turnSteer, { threadId: thread.id, expectedTurnId: 'none', input }),
    ).rejects.toMatchObject({ errorName: 'noActiveTurn', message: 'no active turn to steer' });
  });
});

describe('the queue', () => {
  test('keeps prompts in their order, shows them to everybody, and runs each as a turn', async () => {
    const scene = await startScene({ script: [text('one', { gate: 'go' }), text('two'), text('three')] });
    const client = await scene.connect({ name: 'left' });
    const other = await scene.connect({ name: 'right' });
    const thread = await startThread(client);
    const seen = await attachThread(other, thread.id);
    const first = await thread.prompt('first');
    await scene.openai.waitForRequest(1);

    await thread.prompt('second', { whenBusy: 'queue', clientUserMessageId: 'p2' });
    await seen.prompt('third', { whenBusy: 'queue', clientUserMessageId: 'p3' });
    await thread.prompt('second', { whenBusy: 'queue', clientUserMessageId: 'p2' });
    await seen.event('thread/queue/changed', 2);
    expect(seen.snapshot?.queue.map(({ promptId, sentBy }) => [promptId, sentBy?.name])).toEqual([
      ['p2', 'left'],
      ['p3', 'right'],
    ]);
    scene.openai.gate('go').open();
    await thread.ended(first);
    await thread.event('turn/completed', 3);
    await seen.event('turn/completed', 3);

    expect(scene.openai.requests.map((request) => userTexts(request).at(-1))).toEqual(['first', 'second', 'third']);
    expect(seen.snapshot?.queue).toEqual([]);
    expect(seen.turns).toEqual(thread.turns);
    expect([...thread.gaps, ...seen.gaps]).toEqual([]);
  });

  test('survives a stop: the prompt waits for a client and says so, and the stop does not wait for it', async () => {
    const scene = await startScene({ script: [text('one', { gate: 'never' })] });
    const thread = await startThread(await scene.connect());
    await thread.prompt('first');
    await scene.openai.waitForRequest(1);
    await thread.prompt('second', { whenBusy: 'queue', clientUserMessageId: 'p2' });

    const startedAtMs = Date.now();
    expect(await scene.daemon.stop()).toBe(0);
    expect(Date.now() - startedAtMs).toBeLessThan(5_000);

    await scene.start();
    const client = await scene.connect();
    const { snapshot } = await client.request(threadAttach, { threadId: thread.id });
    expect(snapshot?.thread.turns.map(({ status }) => status)).toEqual(['interrupted']);
    expect(snapshot?.queue).toMatchObject([
      { promptId: 'p2', waitsFor: expect.stringContaining('environment was lost') },
    ]);
    expect(scene.openai.requests).toHaveLength(1);

    // Nobody has to wait for it, and its own client, or another, may send it again.
    scene.openai.push(text('later first'), text('two'));
    const again = await attachThread(client, thread.id);
    expect(await again.run('third')).toMatchObject({ items: [{ text: 'later first' }] });
    const resent = await again.run('second', { clientUserMessageId: 'p2' });
    expect(resent).toMatchObject({ status: 'completed', items: [{ text: 'two' }] });
    expect(again.snapshot?.queue).toEqual([]);
    expect(scene.openai.requests.map((request) => userTexts(request).at(-1))).toEqual(['first', 'third', 'second']);
  });
});
