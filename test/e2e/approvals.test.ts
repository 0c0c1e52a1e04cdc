import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { call, type RecordedRequest, reply, text } from '../support/fake-openai.ts';

const ask = call(
  'exec_command',
  { cmd: 'echo ran > ran', login: false, sandbox_permissions: 'require_escalated', justification: 'I need it' },
  { callId: 'c1' },
);

/** The first prompt is answered; the next ones ask, and thank for the answer. */
function script({ body }: RecordedRequest) {
  const last = body.input.at(-1);
  if (last?.type === 'function_call_output') return text('Thanks');
  return JSON.stringify(last).includes('first') ? text('hello') : reply([ask]);
}

const json = async (scene: BuiltScene, ...args: readonly string[]) => {
  const { code, stdout } = await scene.run([...args, '--json']);
  return { code, value: JSON.parse(stdout) };
};

test('a shell script drives a turn: starts it, waits for its question, answers it, waits for its end, checks the record', async () => {
  const scene = await buildScene({ script, config: { top: ['approval_policy = "on-request"'] } });
  await scene.run(['exec', 'first']);
  const [{ id }] = (await json(scene, 'threads')).value;

  expect(await scene.run(['wait', 'ffffffff', '--for', 'idle'])).toMatchObject({ code: 4 });
  expect(await scene.run(['wait', id.slice(0, 13), '--for', 'approval'])).toMatchObject({ code: 6 });
  expect(await scene.run(['queue', '--last', 'go'])).toMatchObject({ code: 0, stderr: 'started\n' });
  expect(await json(scene, 'wait', id, '--for', 'approval', '--timeout', '30')).toMatchObject({
    code: 0,
    value: { end: 'reached', approvals: [{ itemId: 'c1' }], turn: { status: 'inProgress' } },
  });
  expect(await scene.run(['wait', id, '--for', 'done', '--timeout', '0.5'])).toMatchObject({ code: 124 });
  const why = await json(scene, 'why', id);
  expect(why.value.chain.map(({ kind, state }: { kind: string; state: string }) => [kind, state])).toEqual([
    ['thread', 'running'],
    ['turn', 'awaitingApproval'],
    ['call', 'awaitingApproval.open'],
    ['approval', 'open'],
  ]);

  await scene.run(['daemon', 'restart']);
  const [open] = (await json(scene, 'approvals', 'list')).value;
  expect(open).toMatchObject({ threadId: id, reason: 'I need it' });
  expect(await scene.run(['approvals', 'allow', open.approvalId.slice(0, 36)])).toMatchObject({ code: 0 });
  expect(await json(scene, 'wait', id, '--for', 'done', '--timeout', '30')).toMatchObject({
    code: 0,
    value: { turn: { status: 'completed' }, approvals: [] },
  });
  expect(readFileSync(join(scene.temp.workspace, 'ran'), 'utf8')).toBe('ran\n');

  expect(await scene.run(['audit', '--verify'])).toMatchObject({ code: 0, stdout: '2 entries, chain intact\n' });
  const shown = (await scene.run(['audit', '--thread', id.slice(0, 13), '--since', '1h'])).stdout.trimEnd().split('\n');
  expect(shown).toEqual([
    expect.stringMatching(/ {2}asked: \/bin\/bash -c 'echo ran > ran' in .* \(I need it\)$/),
    expect.stringMatching(/ {2}allowed: .*; by codex-cli \(pid \d+\), after [\d.]+ s$/),
  ]);
  const path = join(scene.temp.home, 'daemon', 'audit.jsonl');
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.replace('I need it', 'I need If'));
  expect(await scene.run(['audit', '--verify'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the audit chain breaks at line 1 of audit.jsonl'),
  });
  expect(await scene.run(['audit', '--since', 'tomorrowish'])).toMatchObject({ code: 2 });
});
