import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { approvalList, approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { threadResume, threadSettingsUpdate } from '../../machines/protocol/methods/thread.ts';
import { threadWhy } from '../../machines/protocol/methods/thread-why.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import type { QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import { storeQuestion } from '../support/asked-questions.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { call, outputsOf, reply, text } from '../support/fake-openai.ts';
import { logOf, type Scene, startScene } from '../support/scene.ts';

const questions = [
  storeQuestion,
  {
    id: 'name',
    header: 'Name',
    question: 'What is it called?',
    options: [{ label: 'notes', description: 'Short.' }],
  },
];
const ask = (callId = 'ask', asked: unknown = questions) =>
  call('request_user_input', { questions: asked }, { callId });
const PLAN = { mode: 'plan', settings: { model: 'gpt-5.4' } } as const;
const answers = { store: { answers: ['SQLite'] }, name: { answers: ['my notes'] } };
const accepted: QuestionAnswer = { decision: 'accept', content: { answers } };
const asked = questions.map((question) => ({ ...question, isOther: true, isSecret: false }));

interface Waiting {
  readonly scene: Scene;
  readonly thread: ClientThread;
  readonly turnId: string;
  readonly approvalId: string;
}

/** A thread in Plan mode whose turn waits for answers. */
async function waiting(config = {}): Promise<Waiting> {
  const scene = await startScene({ script: [reply([ask()]), text('A plan')], config });
  const thread = await startThread(await scene.connect({ name: 'asker' }));
  const turnId = await thread.prompt('plan it', { collaborationMode: PLAN });
  const { params } = await thread.event('approval/requested');
  return { scene, thread, turnId, approvalId: params.approvalId };
}

const respond = (thread: ClientThread, approvalId: string, answer: QuestionAnswer = accepted) =>
  thread.client.request(approvalRespond, { threadId: thread.id, approvalId, ...answer });

const readByModel = async (scene: Scene) => outputsOf(await scene.openai.waitForRequest(2)).ask;

describe('questions of the model in Plan mode', () => {
  test('are told to everybody, and the first answer is what the model reads', async () => {
    const { scene, thread, turnId, approvalId } = await waiting();
    const other = await attachThread(await scene.connect({ name: 'other' }), thread.id);

    expect(other.snapshot?.approvals).toMatchObject([
      {
        approvalId,
        kind: 'userInput',
        itemId: 'ask',
        command: null,
        reason: 'Where are the notes kept? What is it called?',
        form: { type: 'userInput', questions: asked },
        availableDecisions: ['accept', 'decline', 'cancel'],
      },
    ]);
    expect(other.snapshot?.thread.status).toEqual({ type: 'active', activeFlags: ['waitingOnUserInput'] });
    expect((await other.client.request(threadWhy, { threadId: thread.id })).chain).toContainEqual({
      kind: 'approval',
      id: approvalId,
      state: 'open',
      waitsFor: 'a person: `codex approvals` lists the question',
    });
    await respond(other, approvalId);
    await expect(respond(thread, approvalId)).rejects.toMatchObject({ errorName: 'approvalResolved' });

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(JSON.parse(String(await readByModel(scene)))).toEqual({ answers });
    expect(thread.snapshot?.decisions).toMatchObject([
      { approvalId, decision: 'accept', content: { answers }, by: { name: 'other' } },
    ]);
    const outline = thread.outline().filter((line) => line !== 'thread/tokenUsage/updated');
    const from = outline.indexOf('thread/status/changed active waitingOnUserInput');
    expect(outline.slice(from, from + 5)).toEqual([
      'thread/status/changed active waitingOnUserInput',
      'approval/requested',
      'serverRequest/resolved',
      'approval/resolved',
      'thread/status/changed active',
    ]);
    const audit = readFileSync(join(scene.temp.home, 'daemon', 'audit.jsonl'), 'utf8');
    expect(audit).toContain('"kind":"userInput"');
    expect(audit).not.toContain('my notes');
  });

  test.each([
    { name: 'no answers', answer: { decision: 'accept', content: null }, says: 'the answers are missing' },
    {
      name: 'an answer to a question that was not asked',
      answer: { decision: 'accept', content: { answers: { other: { answers: ['x'] } } } },
      says: 'no question has the id other',
    },
    {
      name: 'an answer of another shape',
      answer: { decision: 'accept', content: { answers: { store: 'SQLite' } } },
      says: 'field `answers.store`',
    },
    {
      name: 'a yes for the rest of the thread',
      answer: { decision: 'acceptForSession', content: { answers } },
      says: 'acceptForSession is not offered',
    },
  ] as const)('stay open after $name', async ({ answer, says }) => {
    const { thread, turnId, approvalId } = await waiting();

    await expect(respond(thread, approvalId, answer)).rejects.toMatchObject({
      errorName: 'invalidParams',
      message: expect.stringContaining(says),
    });
    expect(thread.snapshot?.approvals).toHaveLength(1);
    await respond(thread, approvalId);
    expect((await thread.ended(turnId)).status).toBe('completed');
  });

  test.each([
    { decision: 'decline', status: 'completed', requests: 2 },
    { decision: 'cancel', status: 'interrupted', requests: 1 },
  ] as const)('$decision: the turn is $status', async ({ decision, status, requests }) => {
    const { scene, thread, turnId, approvalId } = await waiting();

    await respond(thread, approvalId, { decision, content: null });

    expect((await thread.ended(turnId)).status).toBe(status);
    expect(scene.openai.requests).toHaveLength(requests);
    if (requests === 2) expect(await readByModel(scene)).toBe('rejected by user');
  });

  test('are closed everywhere by an interrupt', async () => {
    const { thread, turnId, approvalId } = await waiting();

    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect((await thread.ended(turnId)).status).toBe('interrupted');
    expect(thread.snapshot?.approvals).toEqual([]);
    expect(thread.snapshot?.decisions).toMatchObject([{ approvalId, decision: 'cancel', by: null }]);
  });

  test('come one after the other when the model asks twice at once', async () => {
    const scene = await startScene({ script: [reply([ask('a'), ask('b')]), text('A plan')] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('plan it', { collaborationMode: PLAN });
    for (const count of [1, 2]) {
      const { params } = await thread.event('approval/requested', count);
      await respond(thread, params.approvalId);
    }

    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(Object.keys(outputsOf(await scene.openai.waitForRequest(2)))).toEqual(['a', 'b']);
  });
});

describe.each(['kill9', 'stop'] as const)('a question that waits when the daemon ends by %s', (how) => {
  test('is open under the same id, still in Plan mode, and its answer is what the model reads', async () => {
    const { scene, thread, turnId, approvalId } = await waiting();
    const open = (await thread.event('approval/requested')).params;
    await scene.daemon[how]();
    await scene.start();
    const client = await scene.connect({ name: 'later' });

    expect(await client.request(approvalList, {})).toEqual({ data: [open] });
    const again = await attachThread(client, thread.id);
    expect(again.snapshot?.thread.status).toEqual({ type: 'active', activeFlags: ['waitingOnUserInput'] });
    expect(again.snapshot?.settings.mode).toBe('plan');
    await respond(again, approvalId);

    expect((await again.ended(turnId)).status).toBe('completed');
    expect(JSON.parse(String(await readByModel(scene)))).toEqual({ answers });
  });
});

describe('a client of the reference', () => {
  const PLAIN = { encoding: 'json', isOurs: false, name: 'codex-tui' } as const;

  test('is asked by request, and its answer is told to ours', async () => {
    const { scene, thread, turnId, approvalId } = await waiting({ envKey: null });
    const plain = await scene.connect({ ...PLAIN, onAsk: () => ({ answers }) });
    const { collaborationMode } = await plain.request(threadResume, { threadId: thread.id });

    expect(collaborationMode).toMatchObject({ mode: 'plan' });
    expect((await thread.ended(turnId)).status).toBe('completed');
    expect(plain.asked).toEqual([
      {
        id: approvalId,
        method: 'item/tool/requestUserInput',
        params: {
          threadId: thread.id,
          turnId,
          itemId: 'ask',
          questions: asked,
          isBlocking: true,
          autoResolutionMs: null,
        },
      },
    ]);
    expect(thread.snapshot?.decisions).toMatchObject([{ decision: 'accept', by: { name: 'codex-tui' } }]);
    expect(JSON.parse(String(await readByModel(scene)))).toEqual({ answers });
  });

  test('whose answer does not fit leaves the question open, and everybody is told', async () => {
    const { scene, thread, turnId, approvalId } = await waiting({ envKey: null });
    const plain = await scene.connect({ ...PLAIN, onAsk: () => ({ answers: { other: { answers: [] } } }) });
    await plain.request(threadResume, { threadId: thread.id });

    expect((await thread.event('warning')).params.message).toBe(
      'The answer of codex-tui was not taken: Invalid request: content: no question has the id other',
    );
    await respond(thread, approvalId);
    expect((await thread.ended(turnId)).status).toBe('completed');
  });
});

describe('request_user_input', () => {
  test.each([
    {
      name: 'in Default mode',
      mode: undefined,
      call: ask(),
      says: /^request_user_input is unavailable in Default mode/,
    },
    {
      name: 'without a question',
      mode: PLAN,
      call: ask('ask', []),
      says: /^failed to parse function arguments: questions/,
    },
    {
      name: 'with one id twice',
      mode: PLAN,
      call: ask('ask', [questions[0], questions[0]]),
      says: /two questions have the id store/,
    },
  ])('$name asks nobody and tells the model', async ({ mode, call: made, says }) => {
    const scene = await startScene({ script: [reply([made]), text('Done')] });
    const thread = await startThread(await scene.connect());

    await thread.run('go', mode ? { collaborationMode: mode } : {});

    expect(await readByModel(scene)).toMatch(says);
    expect(thread.outline()).not.toContain('approval/requested');
  });

  test('works from the turn on in which the mode was changed, and not after it was changed back', async () => {
    const scene = await startScene({ script: [reply([ask()]), text('One'), reply([ask('late')]), text('Two')] });
    const thread = await startThread(await scene.connect());
    const change = (mode: 'plan' | 'default') =>
      thread.client.request(threadSettingsUpdate, {
        threadId: thread.id,
        collaborationMode: { mode, settings: { model: 'gpt-5.4', reasoning_effort: 'low' } },
      });
    await change('plan');
    expect((await thread.event('thread/settings/updated')).params.threadSettings).toMatchObject({
      model: 'gpt-5.4',
      effort: 'low',
      collaborationMode: { mode: 'plan', settings: { model: 'gpt-5.4', reasoning_effort: 'low' } },
    });
    const turnId = await thread.prompt('plan it');
    await respond(thread, (await thread.event('approval/requested')).params.approvalId);
    await thread.ended(turnId);
    await change('default');
    await thread.run('go');

    expect(outputsOf(await scene.openai.waitForRequest(4)).late).toMatch(/unavailable in Default mode/);
    const contexts = logOf(scene.temp, thread.id).filter(({ type }) => type === 'turn_context');
    expect(contexts.map(({ payload }) => (payload.collaboration_mode as { mode: string }).mode)).toEqual([
      'plan',
      'default',
    ]);
  });
});
