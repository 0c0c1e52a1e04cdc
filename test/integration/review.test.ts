import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { type ReviewTarget, reviewStart } from '../../machines/protocol/methods/review.ts';
import { turnInterrupt, turnSteer } from '../../machines/protocol/methods/turn.ts';
import { NO_REVIEW } from '../../machines/review/review-output.ts';
import { REVIEW_INSTRUCTIONS, REVIEW_STOPPED, reviewMessage } from '../../machines/review/review-prompt.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { call, outputsOf, type RecordedRequest, reply, text, userTexts } from '../support/fake-openai.ts';
import { logOf, startScene } from '../support/scene.ts';

const finding = {
  title: '[P1] Sum is off by one',
  body: 'The loop stops early.\nSo the last number is lost.',
  confidence_score: 0.9,
  priority: 1,
  code_location: { absolute_file_path: '/repo/sum.js', line_range: { start: 3, end: 4 } },
};
const verdict = {
  findings: [finding],
  overall_correctness: 'patch is incorrect',
  overall_explanation: 'Sums come out wrong.',
  overall_confidence_score: 0.8,
};
const RENDERED =
  'Sums come out wrong.\n\nReview comment:\n\n- [P1] Sum is off by one — /repo/sum.js:3-4\n  The loop stops early.\n  So the last number is lost.';

const developerText = ({ body }: RecordedRequest) =>
  JSON.stringify(body.input.find(({ role }) => role === 'developer'));

describe('a review', () => {
  test('is a turn with a reviewer of its own, whose findings stay in the thread', async () => {
    const looks = call('exec_command', { cmd: 'echo the-diff', login: false }, { callId: 'c1' });
    const scene = await startScene({
      script: [text('Hi'), reply([looks]), text(JSON.stringify(verdict)), text('Will mend it'), text('Later')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hello');
    const from = thread.events.length;

    const started = await client.request(reviewStart, { threadId: thread.id, target: { type: 'uncommittedChanges' } });
    const turn = await thread.ended(started.turn.id);

    expect(started).toMatchObject({
      reviewThreadId: thread.id,
      turn: { status: 'inProgress', items: [{ type: 'userMessage', content: [{ text: 'current changes' }] }] },
    });
    expect(turn).toMatchObject({ status: 'completed', items: [{ type: 'agentMessage', text: RENDERED }] });
    expect(thread.outline(from).filter((line) => line.startsWith('item/') && !line.endsWith('elta'))).toEqual([
      'item/started enteredReviewMode',
      'item/completed enteredReviewMode',
      'item/started userMessage',
      'item/completed userMessage',
      'item/started commandExecution',
      'item/completed commandExecution completed',
      'item/started exitedReviewMode',
      'item/completed exitedReviewMode',
      'item/started agentMessage',
      'item/completed agentMessage',
    ]);
    expect(thread.itemsOf('enteredReviewMode')).toMatchObject([{ review: 'current changes' }]);
    expect(thread.itemsOf('exitedReviewMode')).toMatchObject([{ review: RENDERED }]);

    const asked = await scene.openai.waitForRequest(2);
    expect(developerText(asked)).toContain(JSON.stringify(REVIEW_INSTRUCTIONS).slice(1, 80));
    expect(userTexts(asked)).not.toContain('hello');
    expect(asked.headers['x-openai-subagent']).toBe('review');
    expect(asked.body.tools.map(({ name }) => name)).toEqual(['exec_command', 'write_stdin']);
    expect(outputsOf(await scene.openai.waitForRequest(3)).c1).toContain('the-diff');

    await thread.run('mend it');
    const after = await scene.openai.waitForRequest(4);
    expect(userTexts(after).slice(-3)).toEqual(['hello', reviewMessage(RENDERED), 'mend it']);
    expect(JSON.stringify(after.body.input)).not.toContain('the-diff');
    expect(developerText(after)).not.toContain('You review a change');

    await scene.daemon.kill9();
    await scene.start();
    const resumed = await attachThread(await scene.connect(), thread.id);
    expect(resumed.turns.map(({ items }) => items)).toEqual(thread.turns.map(({ items }) => items));
    await resumed.run('later');
    const last = userTexts(await scene.openai.waitForRequest(5)).filter((words) => !words.startsWith('<environment'));
    expect(last).toEqual(['hello', reviewMessage(RENDERED), 'mend it', 'later']);
  });

  test("is logged in the reference's form", async () => {
    const scene = await startScene({ script: [text(JSON.stringify(verdict))] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const target = { type: 'commit' as const, sha: 'abcdef1234567', title: 'Add sums' };
    const { turn } = await client.request(reviewStart, { threadId: thread.id, target, delivery: 'inline' });
    await thread.ended(turn.id);

    const lines = logOf(scene.temp, thread.id);
    const items = lines.flatMap(({ payload }) => (payload.type === 'item_completed' ? [payload.item] : []));
    expect(items).toMatchObject([
      { type: 'EnteredReviewMode', target, user_facing_hint: 'commit abcdef1: Add sums' },
      { type: 'UserMessage' },
      { type: 'ExitedReviewMode', review_output: verdict },
      { type: 'AgentMessage', content: [{ text: RENDERED }] },
    ]);
    const roles = lines.flatMap(({ type, payload }) => (type === 'response_item' ? [payload.role] : []));
    expect(roles).toEqual(['user', 'assistant']);
  });

  test.each([
    { branch: 'main', says: /\b[0-9a-f]{40}\b.*git diff [0-9a-f]{40}/ },
    { branch: 'nowhere', says: /git merge-base HEAD nowhere/ },
  ])('against the branch $branch names what to compare with', async ({ branch, says }) => {
    const scene = await startScene({
      script: [text('Looks good.')],
      prepare: ({ workspace }) => {
        const git = (...args: string[]) => execFileSync('git', ['-C', workspace, ...args], { stdio: 'pipe' });
        git('init', '-q', '-b', 'main');
        writeFileSync(join(workspace, 'a.txt'), 'one\n');
        git('add', '.');
        git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-qm', 'first');
      },
    });
    const client = await scene.connect();
    const thread = await startThread(client, { cwd: scene.temp.workspace });
    const { turn } = await client.request(reviewStart, { threadId: thread.id, target: { type: 'baseBranch', branch } });

    // An answer that is no JSON is taken as it is.
    expect(await thread.ended(turn.id)).toMatchObject({ items: [{ text: 'Looks good.' }] });
    expect(userTexts(await scene.openai.waitForRequest(1)).at(-1)).toMatch(says);
    expect(thread.itemsOf('enteredReviewMode')).toMatchObject([{ review: `changes against '${branch}'` }]);
  });

  test('that is interrupted says so, to people and to the model; it cannot be steered', async () => {
    const scene = await startScene({ script: [text('never', { gate: 'never' }), text('ok')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const target = { type: 'custom' as const, instructions: 'look at the sums' };
    const { turn } = await client.request(reviewStart, { threadId: thread.id, target });
    await scene.openai.waitForRequest(1);
    const input = [{ type: 'text' as const, text: 'hurry' }];
    await expect(
      client.request(turnSteer, { threadId: thread.id, expectedTurnId: turn.id, input }),
    ).rejects.toMatchObject({ errorName: 'turnNotSteerable', message: 'cannot steer a review turn' });

    await client.request(turnInterrupt, { threadId: thread.id, turnId: turn.id });

    expect(await thread.ended(turn.id)).toMatchObject({ status: 'interrupted' });
    expect(thread.itemsOf('exitedReviewMode')).toMatchObject([{ review: NO_REVIEW }]);
    expect(thread.itemsOf('agentMessage')).toMatchObject([{ text: REVIEW_STOPPED }]);
    await thread.run('next');
    expect(userTexts(await scene.openai.waitForRequest(2))).toContain(reviewMessage(null));
  });

  test.each([
    { target: { type: 'custom', instructions: '  ' }, why: 'target.instructions' },
    { target: { type: 'baseBranch', branch: '' }, why: 'target.branch' },
    { target: { type: 'everything' }, why: 'target.type' },
  ])('of $target is refused', async ({ target, why }) => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    const asked = client.request(reviewStart, { threadId: thread.id, target: target as ReviewTarget });
    await expect(asked).rejects.toMatchObject({ code: -32600, message: expect.stringContaining(why) });
  });

  test('is followed by a client of the reference like any turn', async () => {
    const scene = await startScene({ script: [text(JSON.stringify(verdict))], config: { envKey: null } });
    const client = await scene.connect({ isOurs: false, encoding: 'json' });
    const thread = await startThread(client);
    const { turn } = await client.request(reviewStart, { threadId: thread.id, target: { type: 'uncommittedChanges' } });
    await thread.ended(turn.id);

    const methods: readonly ThreadNotification['method'][] = ['turn/started', 'item/completed', 'turn/completed'];
    expect(thread.events.filter(({ method }) => methods.includes(method)).map(({ method }) => method)).toEqual([
      'turn/started',
      'item/completed',
      'item/completed',
      'item/completed',
      'item/completed',
      'turn/completed',
    ]);
  });
});
