import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { approvalList, approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { threadAttach, threadList, threadResume } from '../../machines/protocol/methods/thread.ts';
import { threadWhy } from '../../machines/protocol/methods/thread-why.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import type { ApprovalDecision } from '../../machines/protocol/types/approval.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { ConnectOptions } from '../support/daemon-client.ts';
import { call, outputsOf, patchCall, reply, type Step, text } from '../support/fake-openai.ts';
import { logOf, logPathOf, type Scene, startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

const escalated = (cmd: string, callId: string) =>
  call('exec_command', { cmd, login: false, sandbox_permissions: 'require_escalated' }, { callId });
const exec = (cmd: string, callId: string) => call('exec_command', { cmd, login: false }, { callId });
const asking: readonly Step[] = [reply([escalated('echo "$WHO" > ran', 'c1')]), text('Thanks')];
const onRequest = { approvalPolicy: 'on-request', sandbox: 'read-only' } as const;

interface Waiting {
  readonly scene: Scene;
  readonly thread: ClientThread;
  readonly turnId: string;
  readonly approvalId: string;
}

/** A thread whose turn waits for an answer. */
async function waiting(script: readonly Step[] = asking, config = {}): Promise<Waiting> {
  const scene = await startScene({ script, config });
  const thread = await startThread(await scene.connect({ name: 'asker' }), onRequest);
  const turnId = await thread.prompt('go');
  const { params } = await thread.event('approval/requested');
  return { scene, thread, turnId, approvalId: params.approvalId };
}

const respond = (thread: ClientThread, approvalId: string, decision: ApprovalDecision) =>
  thread.client.request(approvalRespond, { threadId: thread.id, approvalId, decision });

/** The next daemon, and a client that attaches to the thread. */
async function afterRestart({ scene, thread }: Waiting, how: 'stop' | 'kill9', options: ConnectOptions = {}) {
  await scene.daemon[how]();
  await scene.start();
  return attachThread(await scene.connect({ name: 'later', ...options }), thread.id);
}

const marks = ({ temp }: Scene): string[] => {
  const folder = join(temp.home, 'daemon', 'questions');
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe.each(['kill9', 'stop'] as const)('a question that waits when the daemon ends by %s', (how) => {
  test('is open under the same id, in the same turn, and its command runs when it is accepted', async () => {
    const before = await waiting();
    const { scene, thread, turnId, approvalId } = before;
    const asked = (await thread.event('approval/requested')).params;

    await scene.daemon[how]();
    await scene.start();
    const client = await scene.connect({
      name: 'later',
      terminal: '/dev/pts/7',
      environment: environmentOf(scene, 'later'),
    });
    const listed = await client.request(threadList, {});
    expect(listed.data.map(({ id, status }) => [id, status])).toEqual([
      [thread.id, { type: 'active', activeFlags: ['waitingOnApproval'] }],
    ]);
    expect(await client.request(approvalList, {})).toEqual({ data: [asked] });
    expect(await client.request(approvalList, { threadId: 'none' })).toEqual({ data: [] });
    const person = 'a person: `codex approvals` lists the question';
    expect(await client.request(threadWhy, { threadId: thread.id })).toEqual({
      isRunning: true,
      chain: [
        { kind: 'thread', id: thread.id, state: 'running', waitsFor: 'its turn' },
        { kind: 'turn', id: turnId, state: 'reopened', waitsFor: person },
        { kind: 'call', id: 'c1', state: 'awaitingApproval.open', waitsFor: person },
        { kind: 'approval', id: approvalId, state: 'open', waitsFor: person },
      ],
    });
    const late = await client.request(threadAttach, { threadId: thread.id, afterSeq: thread.seq });
    expect(late.seq).toBeGreaterThan(thread.seq ?? 0);
    const again = await attachThread(client, thread.id);
    expect(again.snapshot?.approvals).toEqual([asked]);
    expect(again.turns).toEqual(thread.turns);

    await respond(again, approvalId, 'accept');

    expect(await again.ended(turnId)).toMatchObject({ id: turnId, status: 'completed' });
    expect(readFileSync(join(scene.temp.workspace, 'ran'), 'utf8')).toBe('later\n');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toContain('Process exited with code 0');
    expect(again.itemsOf('commandExecution')).toMatchObject([{ id: 'c1', status: 'completed', exitCode: 0 }]);
    expect((await again.event('warning')).params.message).toMatch(
      /^The daemon was restarted .* of later on \/dev\/pts\/7/,
    );
    expect(again.snapshot?.decisions).toMatchObject([{ approvalId, decision: 'accept', by: { name: 'later' } }]);
    expect(marks(scene)).toEqual([]);
    expect(again.gaps).toEqual([]);
  });

  test.each([
    { decision: 'decline', status: 'completed', requests: 2, output: 'rejected by user' },
    { decision: 'cancel', status: 'interrupted', requests: 1, output: 'rejected by user' },
  ] as const)('$decision ends it as without a restart', async ({ decision, status, requests, output }) => {
    const before = await waiting();
    const again = await afterRestart(before, how);

    await respond(again, before.approvalId, decision);

    expect(await again.ended(before.turnId)).toMatchObject({ status });
    expect(existsSync(join(before.scene.temp.workspace, 'ran'))).toBe(false);
    expect(again.itemsOf('commandExecution')).toMatchObject([{ id: 'c1', status: 'declined' }]);
    expect(before.scene.openai.requests).toHaveLength(requests);
    const outputs = logOf(before.scene.temp, before.thread.id).filter(
      ({ payload }) => payload.type === 'function_call_output',
    );
    expect(outputs.map(({ payload }) => payload.output)).toEqual([output]);
  });
});

const environmentOf = (scene: Scene, who: string) => ({
  variables: {
    PATH: process.env.PATH ?? '',
    HOME: scene.temp.root,
    FAKE_KEY: 'sk-fake-key-0123456789',
    CODEX_TEST_ROOT: scene.temp.root,
    WHO: who,
  },
});

describe('a turn that goes on after a restart', () => {
  test('tells the model which of its calls were lost, and decides about those that had not begun', async () => {
    const { scene, thread, turnId, approvalId } = await waiting([
      reply([exec('echo $$; exec sleep 600', 'lost'), escalated('echo two', 'c1')]),
      text('Thanks'),
    ]);
    await until('the command runs', () => /\d/.test(thread.itemsOf('commandExecution')[0]?.aggregatedOutput ?? ''));

    await scene.daemon.kill9();
    const made = {
      type: 'function_call',
      call_id: 'new',
      name: 'exec_command',
      arguments: '{"cmd":"echo three","login":false}',
    };
    const line = { timestamp: new Date(0).toISOString(), type: 'response_item', payload: made };
    appendFileSync(logPathOf(scene.temp, thread.id), `${JSON.stringify(line)}\n`);
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);
    expect(again.itemsOf('commandExecution').map(({ id, status }) => [id, status])).toEqual([
      ['lost', 'failed'],
      ['c1', 'inProgress'],
    ]);
    await respond(again, approvalId, 'accept');

    expect(await again.ended(turnId)).toMatchObject({ status: 'completed' });
    const outputs = outputsOf(await scene.openai.waitForRequest(2));
    expect(Object.keys(outputs)).toEqual(['lost', 'c1', 'new']);
    expect(outputs.lost).toContain('what it did is unknown');
    expect(outputs.c1).toContain('two');
    expect(outputs.new).toContain('three');
  });

  test('keeps two questions apart, over two kills, and can be interrupted', async () => {
    const { scene, thread, turnId, approvalId } = await waiting([
      reply([escalated('echo a', 'a'), escalated('echo b', 'b')]),
      text('ok'),
    ]);
    const second = (await thread.event('approval/requested', 2)).params.approvalId;
    await scene.daemon.kill9();
    await scene.start();
    const again = await afterRestart({ scene, thread, turnId, approvalId }, 'kill9');
    expect(again.snapshot?.approvals.map((open) => open.approvalId)).toEqual([approvalId, second]);

    await respond(again, second, 'accept');
    await again.waitFor('b to have run', () => again.itemsOf('commandExecution')[1]?.status === 'completed');
    await expect(respond(again, second, 'decline')).rejects.toMatchObject({ errorName: 'approvalResolved' });
    await again.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect(await again.ended(turnId)).toMatchObject({ status: 'interrupted' });
    expect(again.snapshot?.approvals).toEqual([]);
    expect(marks(scene)).toEqual([]);
  });

  test('does not write a patch over files that changed since the question was shown', async () => {
    const patch = '*** Begin Patch\n*** Update File: a.txt\n@@\n-old\n+new\n*** End Patch';
    const before = await waiting([
      reply([escalated('printf "old\\n" > a.txt', 'c1')]),
      reply([patchCall(patch, { callId: 'p1' })]),
      text('ok'),
    ]);
    const { scene, thread, turnId, approvalId } = before;
    await respond(thread, approvalId, 'accept');
    const question = (await thread.event('approval/requested', 2)).params;
    const file = join(scene.temp.workspace, 'a.txt');

    const again = await afterRestart(before, 'kill9');
    writeFileSync(file, 'first\nold\n');
    await respond(again, question.approvalId, 'accept');

    expect(await again.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(outputsOf(await scene.openai.waitForRequest(3)).p1).toMatch(/^not run: the files/);
    expect(readFileSync(file, 'utf8')).toBe('first\nold\n');
  });

  test('asks a client of the reference again under the same id', async () => {
    const before = await waiting(asking, { envKey: null });
    const { scene, thread, turnId, approvalId } = before;
    await scene.daemon.kill9();
    await scene.start();
    const plain = await scene.connect({
      encoding: 'json',
      isOurs: false,
      name: 'codex-tui',
      onAsk: () => ({ decision: 'accept' }),
    });
    const { thread: wire } = await plain.request(threadResume, { threadId: thread.id });

    expect(wire.turns).toMatchObject([{ id: turnId, status: 'inProgress' }]);
    const request = await plain.waitFor('the request', () => plain.asked[0]);
    expect(request).toMatchObject({ id: approvalId, method: 'item/commandExecution/requestApproval' });
    const done = await plain.notification('turn/completed');
    expect(done.params).toMatchObject({ turn: { id: turnId, status: 'completed' } });
    expect(existsSync(join(scene.temp.workspace, 'ran'))).toBe(true);
  });
});

describe('the names of threads in which a question waits', () => {
  test('that are no longer true are removed; one that is missing costs only the listing', async () => {
    const before = await waiting();
    const { scene, thread, turnId, approvalId } = before;
    const folder = join(scene.temp.home, 'daemon', 'questions');
    expect(marks(scene)).toEqual([thread.id]);
    await scene.daemon.kill9();
    rmSync(join(folder, thread.id));
    writeFileSync(join(folder, '01a2037f-348c-7000-8000-000000000000'), '');
    await scene.start();

    const client = await scene.connect();
    expect((await client.request(threadList, {})).data[0]?.status).toEqual({ type: 'notLoaded' });
    expect(marks(scene)).toEqual([]);
    const again = await attachThread(client, thread.id);
    await respond(again, approvalId, 'decline');
    expect(await again.ended(turnId)).toMatchObject({ status: 'completed' });
  });

  test('that cannot be written: nobody is asked, the model is told why', async () => {
    const scene = await startScene({
      script: asking,
      prepare: ({ home }) => {
        mkdirSync(join(home, 'daemon'), { mode: 0o700 });
        writeFileSync(join(home, 'daemon', 'questions'), '');
      },
    });
    const thread = await startThread(await scene.connect(), onRequest);
    await thread.run('go');
    expect(thread.outline()).not.toContain('approval/requested');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toMatch(/^not run: a person would have to be asked/);
  });
});
