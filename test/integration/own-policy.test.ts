import { describe, expect, test } from 'vitest';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { presenceList } from '../../machines/protocol/methods/presence.ts';
import { threadResume, threadSettingsUpdate } from '../../machines/protocol/methods/thread.ts';
import { threadQueueUpdate } from '../../machines/protocol/methods/thread-queue.ts';
import type { ApprovalDecision } from '../../machines/protocol/types/approval.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { call, type RecordedRequest, reply, type Step, text, userTexts } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const CAREFUL = { top: ['approval_policy = "on-request"', 'sandbox_mode = "read-only"'] };
const BOLD = { approvalPolicy: 'never', sandbox: 'danger-full-access' } as const;

/** Every prompt makes the model ask for the same command outside the sandbox; `twice` does it two times in a row. */
function script(request: RecordedRequest): Step {
  const { input } = request.body;
  const sincePrompt = input.slice(input.findLastIndex((item) => item.type === 'message' && item.role === 'user'));
  const calls = sincePrompt.filter((item) => item.type === 'function_call').length;
  const wanted = userTexts(request).at(-1) === 'twice' ? 2 : 1;
  if (userTexts(request).at(-1) === 'hold') return text('held', { gate: 'hold' });
  if (calls >= wanted) return text('done');
  const escalated = { cmd: 'echo ran', login: false, sandbox_permissions: 'require_escalated', justification: 'x' };
  return reply([call('exec_command', escalated, { callId: `c${request.index}` })]);
}

/** Two clients of one thread, which the first one started. */
async function twoClients(first: Parameters<typeof startThread>[1]) {
  const scene = await startScene({ script, config: CAREFUL });
  const left = await startThread(await scene.connect({ name: 'left', terminal: '/dev/pts/1' }), first);
  const right = await attachThread(await scene.connect({ name: 'right', terminal: '/dev/pts/2' }), left.id);
  return { scene, left, right };
}

/** Sends a prompt and answers every question. @returns how many there were */
async function questions(
  thread: ClientThread,
  words = 'go',
  more: Parameters<ClientThread['prompt']>[1] = {},
  decision: ApprovalDecision = 'decline',
): Promise<number> {
  const before = thread.snapshot?.decisions.length ?? 0;
  const turnId = await thread.prompt(words, more);
  await answered(thread, decision, () =>
    thread.turns.some(({ id, status }) => id === turnId && status !== 'inProgress'),
  );
  return (thread.snapshot?.decisions.length ?? 0) - before;
}

async function answered(thread: ClientThread, decision: ApprovalDecision, isOver: () => boolean): Promise<void> {
  const sent = new Set<string>();
  for (;;) {
    const open = () => thread.snapshot?.approvals.find(({ approvalId }) => !sent.has(approvalId));
    const next = await thread.waitFor('a question, or the end', () => open() ?? isOver());
    if (next === true) return;
    sent.add(next.approvalId);
    await thread.client.request(approvalRespond, { threadId: thread.id, approvalId: next.approvalId, decision });
  }
}

describe('what a client may do unasked covers only the turns that it started', () => {
  test('when it started the thread so', async () => {
    const { left, right } = await twoClients({ ...BOLD, sandbox: 'read-only' });

    expect([await questions(left), await questions(right), await questions(left)]).toEqual([0, 1, 0]);
    expect(right.snapshot?.settings.approvalPolicy).toBe('on-request');
    const { data } = await left.client.request(presenceList, { threadId: left.id });
    expect(data.map(({ clientId }) => clientId)).toEqual([left.client.clientId, right.client.clientId]);
    expect(right.snapshot?.presence.map(({ name, ownPolicy }) => [name, ownPolicy ?? null])).toEqual([
      ['left', { approvalPolicy: 'never', sandboxPolicy: null }],
      ['right', null],
    ]);
  });

  test('when it asked with a turn, and then for its later turns too', async () => {
    const { left, right } = await twoClients({ approvalPolicy: 'on-request', sandbox: 'read-only' });

    expect(await questions(right, 'go', { approvalPolicy: 'never' })).toBe(0);
    expect([await questions(left), await questions(right)]).toEqual([1, 0]);
  });

  test('when it resumed a thread that others have open', async () => {
    const { left, right } = await twoClients({ approvalPolicy: 'on-request', sandbox: 'read-only' });
    await questions(left);

    const resumed = await right.client.request(threadResume, { threadId: left.id, ...BOLD });

    expect(resumed).toMatchObject({ approvalPolicy: 'never', sandbox: { type: 'dangerFullAccess' } });
    expect([await questions(left), await questions(left)]).toEqual([1, 1]);
    expect(left.snapshot?.settings).toMatchObject({
      approvalPolicy: 'on-request',
      sandboxPolicy: { type: 'readOnly' },
    });
  });

  test('also over a new connection of the same program, and not for another program in its terminal', async () => {
    const { scene, left } = await twoClients({ ...BOLD, sandbox: 'read-only' });
    await left.client.cut();
    const again = await attachThread(await scene.connect({ name: 'left', terminal: '/dev/pts/1' }), left.id);
    const other = await attachThread(await scene.connect({ name: 'other', terminal: '/dev/pts/1' }), left.id);

    expect([await questions(again), await questions(other)]).toEqual([0, 1]);
  });

  test('and ends for all when somebody changes the settings of the thread', async () => {
    const { left, right } = await twoClients({ ...BOLD, sandbox: 'read-only' });
    const update = (approvalPolicy: 'never' | 'untrusted') =>
      right.client.request(threadSettingsUpdate, { threadId: left.id, approvalPolicy });

    await update('untrusted');
    expect([await questions(left), await questions(right)]).toEqual([1, 1]);
    expect(right.snapshot?.presence.map(({ ownPolicy }) => ownPolicy)).not.toContainEqual(
      expect.objectContaining({ approvalPolicy: 'never' }),
    );
    await update('never');
    expect([await questions(left), await questions(right)]).toEqual([0, 0]);
  });

  test('and not the words that another one put into its prompt', async () => {
    const { scene, left, right } = await twoClients({ ...BOLD, sandbox: 'read-only' });
    const held = await left.prompt('hold');
    await scene.openai.waitForRequest(1);
    for (const id of ['mine', 'changed']) await left.prompt(id, { whenBusy: 'queue', clientUserMessageId: id });
    const input = [{ type: 'text' as const, text: 'other words' }];
    await right.client.request(threadQueueUpdate, { threadId: left.id, queuedSubmissionId: 'changed', input });
    scene.openai.gate('hold').open();
    await right.ended(held);

    await answered(right, 'decline', () => right.turns.filter(({ status }) => status === 'completed').length === 3);
    const asked = right.snapshot?.decisions.map(({ turnId }) => right.turns.findIndex(({ id }) => id === turnId));
    expect(asked).toEqual([2]);
  });
});

test('what is allowed for good covers the rest of that turn and the turns of whoever answered', async () => {
  const { left, right } = await twoClients({ approvalPolicy: 'on-request', sandbox: 'read-only' });

  const turnId = await left.prompt('twice');
  await answered(right, 'acceptForSession', () =>
    right.turns.some(({ id, status }) => id === turnId && status !== 'inProgress'),
  );

  expect(right.snapshot?.decisions).toHaveLength(1);
  expect([await questions(left), await questions(right)]).toEqual([1, 0]);
});
