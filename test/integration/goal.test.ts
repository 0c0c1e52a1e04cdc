import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { threadGoalClear, threadGoalGet, threadGoalSet } from '../../machines/protocol/methods/goal.ts';
import { threadAttach } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import type { ThreadGoal } from '../../machines/protocol/types/goal.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { call, httpError, reply, text, usage, userTexts } from '../support/fake-openai.ts';
import { logOf, startScene } from '../support/scene.ts';

const update = (status: string, callId = 'g1') => call('update_goal', { status }, { callId });
const exec = (cmd: string, callId: string) => call('exec_command', { cmd, login: false }, { callId });

/** Waits until the goal stands so and its turn is over. */
const stands = (thread: ClientThread, status: ThreadGoal['status']) =>
  thread.waitFor(`a goal that is ${status}`, () => {
    const { goal, thread: known } = thread.snapshot ?? {};
    return goal?.status === status && known?.status.type !== 'active' ? goal : null;
  });

describe('an active goal', () => {
  test('is worked on turn after turn, without a prompt, until the model says that it is reached', async () => {
    const scene = await startScene({
      script: [
        reply([exec('echo step one', 'c1')], { usage: usage(100, 10, { cached: 40 }) }),
        text('One step done', { usage: usage(50, 5) }),
        reply([call('get_goal', {}, { callId: 'g0' }), update('complete')], { usage: usage(20, 2) }),
        text('All of it is done', { usage: usage(10, 1) }),
      ],
    });
    const client = await scene.connect();
    const thread = await startThread(client);

    const { goal } = await client.request(threadGoalSet, { threadId: thread.id, objective: 'Tidy up' });
    expect(goal).toMatchObject({ objective: 'Tidy up', status: 'active', tokenBudget: null, tokensUsed: 0 });
    const end = await stands(thread, 'complete');

    expect(thread.turns.map(({ items }) => items.map(({ type }) => type))).toEqual([
      ['commandExecution', 'agentMessage'],
      ['agentMessage'],
    ]);
    expect(end.tokensUsed).toBe(70 + 55 + 22 + 11);
    const [first] = scene.openai.requests;
    expect(first && userTexts(first).at(-1)).toMatch(
      /^<codex_internal_context source="goal">[\s\S]*Tidy up[\s\S]*Tokens used: 0/,
    );
    expect(first?.body.tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['get_goal', 'update_goal']));
    // Told before the turn is said to be over.
    const lines = thread.outline();
    const toldAt = lines.indexOf('thread/goal/updated', lines.indexOf('turn/started'));
    expect(toldAt).toBeGreaterThan(0);
    expect(toldAt).toBeLessThan(lines.indexOf('thread/status/changed idle', lines.indexOf('turn/started')));
    expect(logOf(scene.temp, thread.id).filter(({ payload }) => payload.type === 'thread_goal_updated').length).toBe(4);
  });

  test('ends with its budget', async () => {
    const scene = await startScene({ script: [text('One', { usage: usage(60, 10) })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await client.request(threadGoalSet, { threadId: thread.id, objective: 'Go', tokenBudget: 50 });
    expect(await stands(thread, 'budgetLimited')).toMatchObject({ tokensUsed: 70, tokenBudget: 50 });
    expect(thread.turns).toHaveLength(1);
  });

  test('is blocked when three turns in a row only talk', async () => {
    const scene = await startScene({ script: [text('Hm'), text('Hm hm'), text('Well')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await client.request(threadGoalSet, { threadId: thread.id, objective: 'Go' });
    await stands(thread, 'blocked');
    expect(thread.turns).toHaveLength(3);
  });

  test('is blocked by a turn that cannot even begin, and asked for once', async () => {
    const scene = await startScene();
    const cwd = join(scene.temp.root, 'gone');
    mkdirSync(cwd);
    const client = await scene.connect();
    const thread = await startThread(client, { cwd });
    rmdirSync(cwd);
    await client.request(threadGoalSet, { threadId: thread.id, objective: 'Go' });
    await stands(thread, 'blocked');
    await client.request(threadGoalGet, { threadId: thread.id });
    expect(thread.turns.map(({ status }) => status)).toEqual(['failed']);
    expect(scene.openai.requests).toEqual([]);
  });

  test('is paused by an interrupt, and taken up when a person says so', async () => {
    const scene = await startScene({
      script: [text('never', { gate: 'never' }), reply([update('blocked')]), text('Stuck')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await client.request(threadGoalSet, { threadId: thread.id, objective: 'Go' });
    await scene.openai.waitForRequest(1);
    await client.request(turnInterrupt, { threadId: thread.id });
    await stands(thread, 'paused');

    await client.request(threadGoalSet, { threadId: thread.id, status: 'active' });
    await stands(thread, 'blocked');
  });

  test('is stopped by a failure', async () => {
    const scene = await startScene({ script: [httpError(400, { message: 'no' })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await client.request(threadGoalSet, { threadId: thread.id, objective: 'Go' });
    await stands(thread, 'blocked');
  });
});

describe('a goal', () => {
  test('survives a kill, waits then for a client, and can be taken away', async () => {
    const scene = await startScene({ script: [text('Hi')] });
    const client = await scene.connect({ isOurs: false, encoding: 'json' });
    const of = { threadId: (await startThread(await scene.connect())).id };
    await client.request(threadGoalSet, { ...of, objective: 'Later', status: 'paused', tokenBudget: 1000 });
    await client.request(threadGoalSet, { ...of, tokenBudget: null });
    const told = await client.notification('thread/goal/updated');
    expect(told.params).toMatchObject({ ...of, turnId: null, goal: { objective: 'Later', status: 'paused' } });

    await scene.daemon.kill9();
    await scene.start();
    const next = await scene.connect();
    const { goal } = await next.request(threadGoalGet, of);
    expect(goal).toMatchObject({ objective: 'Later', status: 'paused', tokenBudget: null });
    const { snapshot } = await next.request(threadAttach, of);
    expect(snapshot?.goal).toEqual(goal);
    expect(await next.request(threadGoalClear, of)).toEqual({ cleared: true });
    expect(await next.request(threadGoalClear, of)).toEqual({ cleared: false });
    await next.notification('thread/goal/cleared');

    await scene.daemon.kill9();
    await scene.start();
    expect(await (await scene.connect()).request(threadGoalGet, of)).toEqual({ goal: null });
    await (await attachThread(await scene.connect(), of.threadId)).run('hi');
    const [asked] = scene.openai.requests;
    expect(asked?.body.tools.map(({ name }) => name)).not.toContain('get_goal');
  });

  test.each([
    { change: { status: 'paused' as const }, errorName: 'goalNotFound', says: 'no goal exists' },
    { change: { objective: '  ' }, errorName: 'invalidParams', says: 'must not be empty' },
    { change: { objective: 'x', tokenBudget: 0 }, errorName: 'invalidParams', says: 'tokenBudget' },
  ])('is refused as $change', async ({ change, errorName, says }) => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    await expect(client.request(threadGoalSet, { threadId: thread.id, ...change })).rejects.toMatchObject({
      errorName,
      code: -32600,
      message: expect.stringContaining(says),
    });
  });
});
