import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { threadResume, threadUnsubscribe } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt, turnStart } from '../../machines/protocol/methods/turn.ts';
import { asking, respond, waiting } from '../support/asking-turn.ts';
import { attachThread } from '../support/client-turns.ts';
import { logPathOf, startScene } from '../support/scene.ts';

describe('who may answer', () => {
  test('an observer may look and not touch', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);
    const watcher = await attachThread(await scene.connect(), thread.id, 'observer');
    expect(watcher.snapshot?.approvals.map((open) => open.approvalId)).toEqual([approvalId]);

    const input = [{ type: 'text' as const, text: 'x' }];
    const { client } = watcher;
    const attempts = await Promise.allSettled([
      respond(watcher, approvalId, 'accept'),
      client.request(turnInterrupt, { threadId: thread.id, turnId }),
      client.request(turnStart, { threadId: thread.id, input }),
    ]);
    const refusal = { status: 'rejected', reason: { errorName: 'observerOnly' } };
    expect(attempts).toMatchObject([refusal, refusal, refusal]);
    await respond(thread, approvalId, 'accept');
    await watcher.ended(turnId);
  });

  test('an unknown question, or a thread that is not loaded, is told', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);

    await expect(respond(thread, 'approval-none', 'accept')).rejects.toMatchObject({ errorName: 'approvalNotFound' });
    await expect(
      thread.client.request(approvalRespond, { threadId: 'none', approvalId, decision: 'accept' }),
    ).rejects.toMatchObject({ errorName: 'approvalNotFound' });
    await respond(thread, approvalId, 'accept');
    await thread.ended(turnId);
  });

  test('a client of the reference is asked by a request with the question’s id, and its answer counts', async () => {
    const scene = await startScene({ script: asking, config: { envKey: null } });
    let press: (answer: { decision: string }) => void = () => {};
    const pressed = new Promise((resolve) => {
      press = resolve;
    });
    const plain = await scene.connect({ encoding: 'json', isOurs: false, name: 'codex-tui', onAsk: () => pressed });
    const idle = await scene.connect({ encoding: 'json', isOurs: false, name: 'bystander' });
    const { thread, turnId, approvalId } = await waiting(scene, 'ours');
    await plain.request(threadResume, { threadId: thread.id });

    const asked = await plain.waitFor('the request', () => plain.asked[0]);
    expect(asked).toMatchObject({
      id: approvalId,
      method: 'item/commandExecution/requestApproval',
      params: { threadId: thread.id, turnId, itemId: 'c1', command: "/bin/bash -c 'echo ran'", reason: 'I need it' },
    });
    press({ decision: 'accept' });
    await thread.ended(turnId);

    expect((await plain.notification('serverRequest/resolved')).params).toEqual({
      threadId: thread.id,
      requestId: approvalId,
    });
    expect((await thread.event('approval/resolved')).params).toMatchObject({
      decision: 'accept',
      by: { name: 'codex-tui' },
    });
    expect(thread.client.asked).toEqual([]);
    expect(idle.asked).toEqual([]);
  });

  test('a client of the reference that leaves and comes back is asked again', async () => {
    const scene = await startScene({ script: asking, config: { envKey: null } });
    const plain = await scene.connect({ encoding: 'json', isOurs: false });
    const { thread, turnId, approvalId } = await waiting(scene);
    await plain.request(threadResume, { threadId: thread.id });
    await plain.waitFor('the request', () => plain.asked[0]);

    await plain.request(threadUnsubscribe, { threadId: thread.id });
    await plain.request(threadResume, { threadId: thread.id });

    await plain.waitFor('the request again', () => plain.asked[1]);
    expect(plain.asked.map(({ id }) => id)).toEqual([approvalId, approvalId]);
    await respond(thread, approvalId, 'accept');
    await thread.ended(turnId);
  });

  test('a client that answers with an error, or with nonsense, leaves the question open', async () => {
    const scene = await startScene({ script: asking, config: { envKey: null } });
    const answers: unknown[] = [{ decision: 'maybe' }, {}, null];
    const plain = await scene.connect({ encoding: 'json', isOurs: false, onAsk: () => answers.shift() });
    const { thread, turnId, approvalId } = await waiting(scene);
    await plain.request(threadResume, { threadId: thread.id });
    await plain.waitFor('the request', () => plain.asked[0]);
    await plain.request(daemonStatus, {});

    expect(thread.snapshot?.approvals.map((open) => open.approvalId)).toEqual([approvalId]);
    await respond(thread, approvalId, 'accept');
    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed' });
  });

  test('nobody attached: the question waits, and whoever comes next answers it', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);
    await thread.client.cut();

    const later = await attachThread(await scene.connect({ name: 'later' }), thread.id);
    expect(later.snapshot?.approvals).toMatchObject([{ approvalId, itemId: 'c1' }]);
    await respond(later, approvalId, 'accept');

    expect(await later.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(later.snapshot?.decisions).toMatchObject([{ approvalId, by: { name: 'later' } }]);
  });

  test('an answer of one that was not asked, or that left the thread since, does not count', async () => {
    const scene = await startScene({ script: asking, config: { envKey: null } });
    let press: (answer: { decision: string }) => void = () => {};
    const pressed = new Promise((resolve) => {
      press = resolve;
    });
    const gone = await scene.connect({ encoding: 'json', isOurs: false, name: 'gone', onAsk: () => pressed });
    const bystander = await scene.connect({ encoding: 'json', isOurs: false, name: 'bystander' });
    const { thread, turnId, approvalId } = await waiting(scene);
    await gone.request(threadResume, { threadId: thread.id });
    await gone.waitFor('the request', () => gone.asked[0]);

    bystander.raw.socket.send(JSON.stringify({ id: approvalId, result: { decision: 'accept' } }));
    await bystander.request(daemonStatus, {});
    await gone.request(threadUnsubscribe, { threadId: thread.id });
    press({ decision: 'accept' });
    await gone.request(daemonStatus, {});

    expect(thread.snapshot?.approvals).toMatchObject([{ approvalId }]);
    await respond(thread, approvalId, 'decline');
    await thread.ended(turnId);
    expect(thread.snapshot?.decisions).toMatchObject([{ decision: 'decline', by: { name: 'asker' } }]);
  });

  test('a decision that this question does not offer is refused, and the question stays open', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);
    await scene.daemon.kill9();
    const path = logPathOf(scene.temp, thread.id);
    const all = '["accept","acceptForSession","decline","cancel"]';
    writeFileSync(path, readFileSync(path, 'utf8').replace(all, '["accept","decline"]'));
    await scene.start();
    const later = await attachThread(await scene.connect(), thread.id);

    await expect(respond(later, approvalId, 'acceptForSession')).rejects.toMatchObject({
      errorName: 'invalidParams',
      message: expect.stringContaining('decision: acceptForSession is not offered'),
      data: { availableDecisions: ['accept', 'decline'] },
    });
    await respond(later, approvalId, 'decline');
    expect(await later.ended(turnId)).toMatchObject({ status: 'completed' });
  });
});
