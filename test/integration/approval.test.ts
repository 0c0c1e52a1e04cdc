import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { asking, escalated, onRequest, respond, waiting } from '../support/asking-turn.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { outputsOf, patchCall, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

describe('a command that asks', () => {
  test('is shown and asked of everybody; the first answer wins, and the others learn who gave it', async () => {
    const scene = await startScene({ script: asking });
    const left = await startThread(await scene.connect({ name: 'left' }), onRequest);
    const right = await attachThread(await scene.connect({ name: 'right', terminal: '/dev/pts/2' }), left.id);
    const from = left.events.length;
    const turnId = await left.prompt('go');

    const question = (await left.event('approval/requested')).params;
    expect((await right.event('approval/requested')).params).toEqual(question);
    expect(question).toMatchObject({
      approvalId: expect.stringMatching(/^approval-/),
      kind: 'command',
      turnId,
      itemId: 'c1',
      command: "/bin/bash -c 'echo ran'",
      cwd: scene.temp.workspace,
      reason: 'I need it',
      availableDecisions: ['accept', 'acceptForSession', 'decline', 'cancel'],
    });
    expect(right.snapshot?.thread.status).toEqual({ type: 'active', activeFlags: ['waitingOnApproval'] });
    await respond(right, question.approvalId, 'accept');
    const late = respond(left, question.approvalId, 'decline');

    await expect(late).rejects.toMatchObject({
      errorName: 'approvalResolved',
      message: 'already resolved: right on /dev/pts/2 answered accept',
      data: { outcome: { decision: 'accept', by: { name: 'right' } } },
    });
    await left.ended(turnId);
    expect((await left.event('approval/resolved')).params).toMatchObject({
      approvalId: question.approvalId,
      decision: 'accept',
      by: { name: 'right', terminal: '/dev/pts/2' },
      waitedMs: expect.any(Number),
    });
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/Process exited with code 0[\s\S]*ran\n$/);
    const outline = left.outline(from).filter((line) => line !== 'thread/tokenUsage/updated');
    expect(outline.slice(4, -6)).toEqual([
      'thread/status/changed active waitingOnApproval',
      'item/started commandExecution',
      'approval/requested',
      'serverRequest/resolved',
      'approval/resolved',
      'thread/status/changed active',
      'item/commandExecution/outputDelta',
      'item/completed commandExecution completed',
    ]);
  });

  test.each([
    { decision: 'decline', status: 'completed', output: 'rejected by user', requests: 2 },
    { decision: 'cancel', status: 'interrupted', output: null, requests: 1 },
  ] as const)(
    '$decision: the command does not run, the turn is $status',
    async ({ decision, status, output, requests }) => {
      const scene = await startScene({ script: [reply([escalated('touch ran', 'c1')]), text('I see')] });
      const { thread, turnId, approvalId } = await waiting(scene);

      await respond(thread, approvalId, decision);

      expect(await thread.ended(turnId)).toMatchObject({ status });
      expect(thread.itemsOf('commandExecution')).toMatchObject([{ id: 'c1', status: 'declined' }]);
      const outline = thread.outline().filter((line) => line !== 'thread/tokenUsage/updated');
      const from = outline.indexOf('serverRequest/resolved');
      expect(outline.slice(from, from + 4)).toEqual([
        'serverRequest/resolved',
        'approval/resolved',
        'item/completed commandExecution declined',
        'thread/status/changed active',
      ]);
      expect(existsSync(join(scene.temp.workspace, 'ran'))).toBe(false);
      expect(scene.openai.requests).toHaveLength(requests);
      if (output) expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toBe(output);
      expect(thread.snapshot?.approvals).toEqual([]);
      if (status === 'interrupted') await thread.run('next');
    },
  );

  test('acceptForSession: an equal command runs without asking, another one asks', async () => {
    const scene = await startScene({
      script: [
        reply([escalated('echo one', 'c1')]),
        reply([escalated('echo one', 'c2')]),
        reply([escalated('echo two', 'c3')]),
        text('Done'),
      ],
    });
    const { thread, turnId, approvalId } = await waiting(scene);

    await respond(thread, approvalId, 'acceptForSession');
    const second = (await thread.event('approval/requested', 2)).params;
    expect(second.itemId).toBe('c3');
    await respond(thread, second.approvalId, 'accept');

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(thread.itemsOf('commandExecution').map(({ id, status }) => [id, status])).toEqual([
      ['c1', 'completed'],
      ['c2', 'completed'],
      ['c3', 'completed'],
    ]);
  });

  test('two at once are two questions; an interrupt closes both everywhere', async () => {
    const scene = await startScene({
      script: [reply([escalated('echo a', 'a'), escalated('echo b', 'b')]), text('ok')],
    });
    const { thread, turnId } = await waiting(scene);
    await thread.event('approval/requested', 2);
    expect((await thread.client.request(daemonStatus, {})).threads).toEqual({ loaded: 1, running: 1, waiting: 1 });

    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted' });
    expect(thread.snapshot?.approvals).toEqual([]);
    expect(thread.snapshot?.decisions.map(({ decision, by }) => [decision, by])).toEqual([
      ['cancel', null],
      ['cancel', null],
    ]);
    await thread.run('next');
    expect(Object.keys(outputsOf(await scene.openai.waitForRequest(2)))).toEqual(['a', 'b']);
  });

  test('never: nobody is asked, the model is told', async () => {
    const scene = await startScene({ script: asking });
    const thread = await startThread(await scene.connect(), { approvalPolicy: 'never', sandbox: 'read-only' });

    await thread.run('go');

    expect(thread.outline()).not.toContain('approval/requested');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/^The approval policy is never/);
  });
});

describe('a patch that asks', () => {
  const add = (path: string) =>
    patchCall(`*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`, { callId: 'p1' });
  const closed = ['[sandbox_workspace_write]', 'exclude_slash_tmp = true', 'exclude_tmpdir_env_var = true'];

  test.each([
    {
      name: 'outside the workspace',
      sandbox: 'workspace-write',
      path: '../outside.txt',
      reason: 'it writes outside of the workspace',
    },
    { name: 'in a read-only sandbox', sandbox: 'read-only', path: 'inside.txt', reason: 'the sandbox is read-only' },
  ] as const)('$name: the change is shown, and written when it is accepted', async ({ sandbox, path, reason }) => {
    const scene = await startScene({ script: [reply([add(path)]), text('ok')], config: { tables: closed } });
    const thread = await startThread(await scene.connect(), { approvalPolicy: 'on-request', sandbox });
    const turnId = await thread.prompt('go');
    const { params } = await thread.event('approval/requested');

    expect(params).toMatchObject({ kind: 'fileChange', itemId: 'p1', command: null, reason });
    expect(existsSync(join(scene.temp.workspace, path))).toBe(false);
    await respond(thread, params.approvalId, 'accept');
    await thread.ended(turnId);

    expect(readFileSync(join(scene.temp.workspace, path), 'utf8')).toBe('x\n');
    expect(thread.itemsOf('fileChange')).toMatchObject([{ id: 'p1', status: 'completed' }]);
  });

  test.each([
    {
      sandbox: 'workspace-write',
      path: '../outside.txt',
      says: 'patch rejected: writing outside of the project; rejected by user approval settings',
    },
    {
      sandbox: 'read-only',
      path: 'inside.txt',
      says: 'patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings',
    },
  ] as const)('with never in $sandbox: it is refused, nothing is written', async ({ sandbox, path, says }) => {
    const scene = await startScene({ script: [reply([add(path)]), text('ok')], config: { tables: closed } });
    const thread = await startThread(await scene.connect(), { approvalPolicy: 'never', sandbox });

    await thread.run('go');

    expect(outputsOf(await scene.openai.waitForRequest(2)).p1).toBe(says);
    expect(existsSync(join(scene.temp.workspace, path))).toBe(false);
  });
});
