import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { threadGoalSet } from '../../machines/protocol/methods/goal.ts';
import { threadResume, threadSettingsUpdate } from '../../machines/protocol/methods/thread.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import { message, type RecordedRequest, reasoning, reply, text } from '../support/fake-openai.ts';
import { logOf, startScene } from '../support/scene.ts';
import { until } from '../support/start-daemon.ts';

const modeOf = (mode: 'plan' | 'default') => ({ mode, settings: { model: 'gpt-5.4' } });
const inPlan = { collaborationMode: modeOf('plan') };
const PLAN = '# Plan\n\n1. Read\n2. Write\n';
const ANSWER = `I looked.\n<proposed_plan>\n${PLAN}</proposed_plan>\nSay when.`;

/** The parts of all developer messages of a request that speak of the mode. */
const modeParts = ({ body }: RecordedRequest): string[] =>
  body.input
    .filter(({ role }) => role === 'developer')
    .flatMap(({ content }) => (content as { text: string }[]).map((part) => part.text))
    .filter((part) => part.startsWith('<collaboration_mode>'));

const itemsOf = (thread: ClientThread) =>
  thread.items
    .filter(({ type }) => type !== 'userMessage')
    .map((item) => [item.type, 'text' in item ? item.text : null]);

describe('a turn in Plan mode', () => {
  test('shows the proposed plan as an item of its own, as it comes', async () => {
    const scene = await startScene({ script: [reply([reasoning('hm'), message(ANSWER, { chunks: 40 })])] });
    const thread = await startThread(await scene.connect());

    const turn = await thread.run('plan it', inPlan);

    expect(itemsOf(thread)).toEqual([
      ['reasoning', null],
      ['agentMessage', 'I looked.\nSay when.'],
      ['plan', PLAN],
    ]);
    expect(thread.itemsOf('plan')[0]?.id).toBe(`${turn.id}-plan`);
    const said = thread.outline().filter((line) => /plan|agentMessage/.test(line));
    const kinds = said.filter((line, at) => line !== said[at - 1]);
    expect(kinds).toEqual([
      'item/started agentMessage',
      'item/agentMessage/delta',
      'item/started plan',
      'item/plan/delta',
      'item/agentMessage/delta',
      'item/completed plan',
      'item/completed agentMessage',
    ]);
    expect(thread.turns[0]?.items.at(-1)).toMatchObject({ type: 'plan' });
    // Kept in the order in which they began: they are read again so, also when both began in one millisecond.
    const kept = logOf(scene.temp, thread.id).flatMap(({ payload }) =>
      payload.type === 'item_completed' ? [(payload.item as { type: string }).type] : [],
    );
    expect(kept).toEqual(['UserMessage', 'Reasoning', 'AgentMessage', 'Plan']);
    // The model reads its own words back.
    expect(JSON.stringify(thread.events)).not.toContain('proposed_plan');
    expect(JSON.stringify(logOf(scene.temp, thread.id))).toContain('<proposed_plan>');
  });

  test('has the plan again after a restart, and is still in Plan mode', async () => {
    const scene = await startScene({ script: [text(ANSWER), text('Better so')] });
    const thread = await startThread(await scene.connect());
    await thread.run('plan it', inPlan);
    const before = thread.items;

    await scene.daemon.stop();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);

    expect(again.items).toEqual(before);
    expect(again.snapshot?.settings.mode).toBe('plan');
    await again.run('shorter');
    expect(scene.openai.requests.map(modeParts).map(({ length }) => length)).toEqual([1, 1]);
  });

  test('that is all plan shows no answer beside it; in Default mode the marks are words', async () => {
    const alone = `<proposed_plan>\n${PLAN}</proposed_plan>`;
    const scene = await startScene({ script: [text(alone), text(alone)] });
    const thread = await startThread(await scene.connect());

    await thread.run('plan it', inPlan);
    await thread.run('and now', { collaborationMode: modeOf('default') });

    expect(itemsOf(thread)).toEqual([
      ['plan', PLAN],
      ['agentMessage', alone],
    ]);
  });

  test('is told to the model once, and its end when it ends; the sandbox stays as it is', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const thread = await startThread(await scene.connect(), { sandbox: 'workspace-write', approvalPolicy: 'never' });
    const sandbox = thread.snapshot?.settings.sandboxPolicy;

    await thread.run('one');
    await thread.run('two', inPlan);
    await thread.run('three');
    expect(thread.snapshot?.settings.sandboxPolicy).toEqual(sandbox);
    await thread.client.request(threadSettingsUpdate, { threadId: thread.id, collaborationMode: modeOf('default') });
    await thread.run('four');
    await thread.run('five');

    const told = scene.openai.requests.map((request) =>
      modeParts(request).map((part) => /Plan mode is (on|off)/.exec(part)?.[1]),
    );
    expect(told).toEqual([[], ['on'], ['on'], ['on', 'off'], ['on', 'off']]);
  });

  test('is told in the words of the client that sets it, until it is set without; also after a restart', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const said = (mode: 'plan' | 'default', words: string | null) => ({
      collaborationMode: { mode, settings: { model: 'gpt-5.4', developer_instructions: words } },
    });
    const thread = await startThread(await scene.connect());
    await thread.run('one', said('default', 'Be brief.'));
    await thread.run('two');
    expect(thread.snapshot?.settings).toMatchObject({ mode: 'default', modeInstructions: 'Be brief.' });
    await thread.client.request(threadSettingsUpdate, { threadId: thread.id, ...said('plan', 'Ask first.') });
    await thread.run('three');

    await scene.daemon.stop();
    await scene.start();
    const client = await scene.connect();
    const { collaborationMode } = await client.request(threadResume, { threadId: thread.id });
    const again = await attachThread(client, thread.id);
    await again.run('four');
    await again.run('five', said('plan', null));

    expect(collaborationMode?.settings.developer_instructions).toBe('Ask first.');
    const own = [/Be brief/, /Ask first/].map((words) => expect.stringMatching(words));
    const ours = expect.stringContaining('Plan mode is on');
    expect(scene.openai.requests.map(modeParts)).toEqual([own.slice(0, 1), own.slice(0, 1), own, own, [...own, ours]]);
  });

  test('keeps what was shown of a plan that was cut', async () => {
    const scene = await startScene({ script: [text(ANSWER, { chunks: 8, gate: 'words' })] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('plan it', inPlan);
    scene.openai.gate('words').release(6);
    await thread.event('item/plan/delta');
    await thread.client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect((await thread.ended(turnId)).status).toBe('interrupted');
    const [plan] = thread.itemsOf('plan');
    expect(plan?.text).not.toBe('');
    expect(PLAN.startsWith(plan?.text ?? '?')).toBe(true);
    expect(plan?.completedAtMs).toBeTypeOf('number');
  });

  test('keeps the words of a plan over a kill', async () => {
    const scene = await startScene({ script: [text(ANSWER, { chunks: 8, gate: 'words' })] });
    const thread = await startThread(await scene.connect());
    await thread.prompt('plan it', inPlan);
    scene.openai.gate('words').release(6);
    await thread.event('item/plan/delta');
    const partial = `${scene.temp.home}/daemon/partial/${thread.id}`;
    await until('the words are kept', () => readOr(partial).includes('"plan"'));

    await scene.daemon.kill9();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);

    expect(again.turns[0]?.status).toBe('interrupted');
    expect(PLAN.startsWith(again.itemsOf('plan')[0]?.text ?? '?')).toBe(true);
  });

  test('gives a client of the reference that joins in mid-plan all of it', async () => {
    const scene = await startScene({ config: { envKey: null }, script: [text(ANSWER, { chunks: 8, gate: 'words' })] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('plan it', inPlan);
    scene.openai.gate('words').release(6);
    await thread.event('item/plan/delta');
    const late = await scene.connect({ isOurs: false, encoding: 'json' });
    const { thread: wire, collaborationMode } = await late.request(threadResume, { threadId: thread.id });
    scene.openai.gate('words').open();
    await late.notification('turn/completed');

    expect(collaborationMode).toMatchObject({ mode: 'plan' });
    expect(wire.turns[0]?.items.map(({ type }) => type)).toEqual(['userMessage']);
    const deltas = late.notifications.flatMap(({ method, params }) =>
      method === 'item/plan/delta' ? [(params as { delta: string }).delta] : [],
    );
    expect(deltas.join('')).toBe(PLAN);
    expect(thread.itemsOf('plan')).toMatchObject([{ id: `${turnId}-plan`, text: PLAN }]);
  });

  test('does not go on by itself for a goal', async () => {
    const scene = await startScene({ script: [text(ANSWER)] });
    const thread = await startThread(await scene.connect());
    await thread.client.request(threadSettingsUpdate, { threadId: thread.id, collaborationMode: modeOf('plan') });
    await thread.client.request(threadGoalSet, { threadId: thread.id, objective: 'Tidy up' });

    await thread.run('plan it');

    expect(thread.snapshot?.goal?.status).toBe('active');
    expect(thread.snapshot?.thread.status).toEqual({ type: 'idle' });
    expect(thread.turns).toHaveLength(1);
  });
});

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
