import { mkdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAudit } from '../../client/cli/audit-files.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { threadAttach } from '../../machines/protocol/methods/thread.ts';
import type { ApprovalDecision } from '../../machines/protocol/types/approval.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { call, outputsOf, patchCall, reply, text } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';

const escalated = (cmd: string, callId: string) =>
  call('exec_command', { cmd, login: false, sandbox_permissions: 'require_escalated' }, { callId });
const onRequest = { approvalPolicy: 'on-request', sandbox: 'read-only' } as const;
const auditOf = ({ temp }: Scene) => readAudit(join(temp.home, 'daemon'));
const respond = (client: DaemonClient, threadId: string, approvalId: string, decision: ApprovalDecision) =>
  client.request(approvalRespond, { threadId, approvalId, decision });

describe('the audit file', () => {
  test('has a line for each question, answer, and call that an earlier answer let through', async () => {
    const scene = await startScene({
      script: [
        reply([escalated('echo one', 'c1')]),
        reply([escalated('echo one', 'c2')]),
        reply([patchCall('*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch', { callId: 'p1' })]),
        text('Done'),
      ],
    });
    const thread = await startThread(await scene.connect({ name: 'left', terminal: '/dev/pts/1' }), onRequest);
    const turnId = await thread.prompt('go');
    const first = (await thread.event('approval/requested')).params.approvalId;
    await respond(thread.client, thread.id, first, 'acceptForSession');
    const second = (await thread.event('approval/requested', 2)).params.approvalId;
    await respond(thread.client, thread.id, second, 'decline');
    await thread.ended(turnId);

    const of = (itemId: string) => ({ threadId: thread.id, turnId, itemId });
    const { clientId } = thread.client;
    const by = { clientId, name: 'left', pid: process.pid, terminal: '/dev/pts/1' };
    const command = { kind: 'command', command: "/bin/bash -c 'echo one'", cwd: scene.temp.workspace, paths: [] };
    const change = { kind: 'fileChange', command: null, paths: [join(scene.temp.workspace, 'a.txt')] };
    const { lines, brokenAt } = auditOf(scene);
    expect(brokenAt).toBeNull();
    expect(lines).toMatchObject([
      { n: 1, kind: 'question', ...of('c1'), approvalId: first, subject: command },
      { n: 2, kind: 'decision', ...of('c1'), approvalId: first, subject: command, decision: 'acceptForSession', by },
      { n: 3, kind: 'auto', ...of('c2'), subject: command, rule: 'acceptForSession' },
      { n: 4, kind: 'question', ...of('p1'), approvalId: second, subject: change },
      { n: 5, kind: 'decision', ...of('p1'), approvalId: second, subject: change, decision: 'decline', by },
    ]);
    expect(statSync(join(scene.temp.home, 'daemon', 'audit.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('that cannot be written: nobody is asked, nothing runs', async () => {
    const scene = await startScene({
      script: [reply([escalated('touch ran', 'c1')]), text('ok')],
      prepare: ({ home }) => mkdirSync(join(home, 'daemon', 'audit.jsonl'), { recursive: true, mode: 0o700 }),
    });
    const thread = await startThread(await scene.connect(), onRequest);
    await thread.run('go');
    expect(thread.outline()).not.toContain('approval/requested');
    expect(outputsOf(await scene.openai.waitForRequest(2)).c1).toContain('the audit file cannot be written');
  });

  test('that cannot be written when the answer comes: the question stays open, and is answered later', async () => {
    const scene = await startScene({ script: [reply([escalated('echo ran', 'c1')]), text('ok')] });
    const thread = await startThread(await scene.connect(), onRequest);
    const turnId = await thread.prompt('go');
    const { approvalId } = (await thread.event('approval/requested')).params;
    const path = join(scene.temp.home, 'daemon', 'audit.jsonl');
    renameSync(path, join(scene.temp.root, 'away'));
    mkdirSync(path);

    await expect(respond(thread.client, thread.id, approvalId, 'accept')).rejects.toMatchObject({
      errorName: 'auditFailed',
      message: expect.stringContaining('so nothing was decided'),
    });
    expect(thread.snapshot?.approvals).toMatchObject([{ approvalId }]);
    expect(thread.itemsOf('commandExecution')).toMatchObject([{ status: 'inProgress' }]);
    rmdirSync(path);
    renameSync(join(scene.temp.root, 'away'), path);
    await respond(thread.client, thread.id, approvalId, 'accept');

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(auditOf(scene)).toMatchObject({ brokenAt: null, lines: [{ n: 1 }, { n: 2, decision: 'accept' }] });
  });
});

const QUESTIONS = 1_000;
/** Responses of the model that ask in parallel. */
const ROUNDS = 20;
const CLIENTS = 8;

/** More calls at once are refused (DESIGN §2: requests in flight are limited). */
const LANES = 128;

/** Answers every question as soon as it hears of it, and keeps what came of it. */
async function racing(scene: Scene, threadId: string, at: number) {
  const client = await scene.connect({ name: `racer-${at}`, encoding: at % 2 ? 'json' : 'msgpack' });
  const answers = new Map<string, Promise<PromiseSettledResult<unknown>>>();
  const lanes = Array.from({ length: LANES }, (): Promise<unknown> => Promise.resolve());
  client.listeners.add(({ method, params }) => {
    if (method !== 'approval/requested') return;
    const { approvalId } = params as { approvalId: string };
    const lane = answers.size % LANES;
    const answer = async (): Promise<PromiseSettledResult<unknown>> => {
      await lanes[lane];
      const [result] = await Promise.allSettled([respond(client, threadId, approvalId, 'decline')]);
      return result;
    };
    const answered = answer();
    lanes[lane] = answered;
    answers.set(approvalId, answered);
  });
  await client.request(threadAttach, { threadId });
  return { client, answers };
}

/** The client that the loser of a race was told of. */
function winnerIn(reason: unknown): unknown {
  if (!(reason instanceof RpcError) || reason.errorName !== 'approvalResolved') return reason;
  return (reason.data as { outcome?: { by?: { clientId?: string } } }).outcome?.by?.clientId;
}

describe('a race', () => {
  test('of eight clients for a thousand questions: one winner each, whose name the other seven learn', async () => {
    const callsOf = (round: number) =>
      Array.from({ length: QUESTIONS / ROUNDS }, (_, at) => escalated(`echo ${at}`, `c${round}-${at}`));
    const rounds = Array.from({ length: ROUNDS }, (_, round) => reply(callsOf(round)));
    const scene = await startScene({ script: [...rounds, text('Done')] });
    const thread = await startThread(await scene.connect(), onRequest);
    const racers = await Promise.all(Array.from({ length: CLIENTS }, (_, at) => racing(scene, thread.id, at)));

    const turnId = await thread.prompt('go');
    await thread.ended(turnId);
    const asked = [...(racers[0]?.answers.keys() ?? [])];
    expect(asked).toHaveLength(QUESTIONS);

    const wrong: unknown[] = [];
    for (const approvalId of asked) {
      const results = await Promise.all(racers.map(({ answers }) => answers.get(approvalId)));
      const winners = racers
        .filter((_, at) => results[at]?.status === 'fulfilled')
        .map(({ client }) => client.clientId);
      const toldOf = results.flatMap((result) => (result?.status === 'rejected' ? [winnerIn(result.reason)] : []));
      const isRight = winners.length === 1 && toldOf.length === CLIENTS - 1 && toldOf.every((id) => id === winners[0]);
      if (!isRight) wrong.push({ approvalId, winners, toldOf });
    }
    expect(wrong).toEqual([]);
    const { brokenAt, lines } = auditOf(scene);
    expect([brokenAt, lines.length]).toEqual([null, 2 * QUESTIONS]);
    const late = await attachThread(await scene.connect(), thread.id);
    expect(late.snapshot?.decisions).toHaveLength(QUESTIONS);
  });
});
