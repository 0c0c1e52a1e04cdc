import { describe, expect, test } from 'vitest';
import { threadAttach, threadResume } from '../../machines/protocol/methods/thread.ts';
import { threadCompactStart } from '../../machines/protocol/methods/thread-work.ts';
import { turnInterrupt, turnSteer } from '../../machines/protocol/methods/turn.ts';
import { COMPACT_PROMPT, SUMMARY_PREFACE } from '../../machines/thread/compaction.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import {
  call,
  failed,
  httpError,
  message,
  type RecordedRequest,
  reply,
  text,
  usage,
  userTexts,
} from '../support/fake-openai.ts';
import { logOf, startScene } from '../support/scene.ts';

const exec = (cmd: string, callId: string) => call('exec_command', { cmd, login: false }, { callId });
const summary = (words: string) => `${SUMMARY_PREFACE}\n\n${words}`;
/** What the person and the summary say in a request, without the context items. */
const said = (request: RecordedRequest) => userTexts(request).filter((words) => !words.startsWith('<environment'));

async function compact(client: DaemonClient, thread: ClientThread) {
  const known = thread.turns.length;
  await client.request(threadCompactStart, { threadId: thread.id });
  const turn = await thread.waitFor('the compaction', () => thread.turns[known]);
  return thread.ended(turn.id);
}

describe('a compaction that a person asks for', () => {
  test('is a turn of its own: a summary stands for the history, also after a restart', async () => {
    const scene = await startScene({
      script: [
        reply([exec('echo tool-output', 'c1')]),
        text('First answer', { usage: usage(5_000, 100) }),
        text('Wrote a.txt; tests pass.', { usage: usage(6_000, 20) }),
        text('Second answer'),
        text('Third answer'),
      ],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('first prompt');
    const from = thread.events.length;

    expect(await compact(client, thread)).toMatchObject({ status: 'completed', error: null, items: [] });

    expect(thread.outline(from)).toEqual([
      'thread/status/changed active',
      'turn/started',
      'item/started contextCompaction',
      'thread/tokenUsage/updated',
      'thread/tokenUsage/updated',
      'item/completed contextCompaction',
      'thread/compacted',
      'thread/readState/changed',
      'thread/status/changed idle',
      'turn/completed completed',
    ]);
    const asked = await scene.openai.waitForRequest(3);
    expect(asked.body.tools).toEqual([]);
    expect(said(asked)).toEqual(['first prompt', COMPACT_PROMPT]);
    expect(thread.snapshot?.tokenUsage?.total.totalTokens).toBe(15 + 5_100 + 6_020);
    expect(thread.snapshot?.tokenUsage?.last).toMatchObject({ inputTokens: 0, outputTokens: 0 });
    expect(thread.snapshot?.tokenUsage?.last.totalTokens).toBeLessThan(3_000);

    await thread.run('second prompt');
    const next = await scene.openai.waitForRequest(4);
    expect(said(next)).toEqual(['first prompt', summary('Wrote a.txt; tests pass.'), 'second prompt']);
    expect(next.body.input.map(({ type }) => type)).not.toContain('function_call');
    // Fresh context stands in front, and is not told again.
    expect(userTexts(next).filter((words) => words.startsWith('<environment'))).toHaveLength(1);

    await scene.daemon.kill9();
    await scene.start();
    const later = await scene.connect();
    await later.request(threadResume, {
      threadId: thread.id,
      sandbox: 'danger-full-access',
      approvalPolicy: 'never',
    });
    const resumed = await attachThread(later, thread.id);
    expect(resumed.turns.map(({ items }) => items.map(({ type }) => type))).toEqual([
      ['userMessage', 'commandExecution', 'agentMessage'],
      ['contextCompaction'],
      ['userMessage', 'agentMessage'],
    ]);
    await resumed.run('third prompt');
    const last = await scene.openai.waitForRequest(5);
    expect(last.body.input.slice(0, next.body.input.length)).toEqual(next.body.input);
  });

  test('writes the line that the reference reads: the text, and the whole new history', async () => {
    const scene = await startScene({ script: [text('Hi'), text('All said.')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hello');
    await compact(client, thread);

    const lines = logOf(scene.temp, thread.id);
    const payload = lines.find(({ type }) => type === 'compacted')?.payload;
    const kept = (payload?.replacement_history ?? []) as readonly { type: string; role: string }[];
    const roles = kept.map((item) => [item.type, item.role]);
    expect(payload?.message).toBe(summary('All said.'));
    expect(roles).toEqual([
      ['message', 'developer'],
      ['message', 'user'],
      ['message', 'user'],
      ['message', 'user'],
    ]);
    const item = lines
      .map(({ payload }) => payload.item)
      .find((core) => (core as { type?: string })?.type === 'ContextCompaction');
    expect(item).toEqual({ type: 'ContextCompaction', id: thread.itemsOf('contextCompaction')[0]?.id });
  });

  test('waits for the turn that runs, and prompts wait for it; it cannot be steered', async () => {
    const scene = await startScene({
      script: [text('Slow', { gate: 'slow' }), text('Sum', { gate: 'sum' }), text('After')],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    const first = await thread.prompt('first');
    await scene.openai.waitForRequest(1);

    await client.request(threadCompactStart, { threadId: thread.id });
    expect(thread.turns).toHaveLength(1);
    scene.openai.gate('slow').release();
    await thread.ended(first);
    const turn = await thread.waitFor('the compaction', () => thread.turns[1]);
    await scene.openai.waitForRequest(2);
    const steering = { threadId: thread.id, expectedTurnId: turn.id, input: [{ type: 'text' as const, text: 'and?' }] };
    await expect(client.request(turnSteer, steering)).rejects.toMatchObject({
      errorName: 'turnNotSteerable',
      message: 'cannot steer a compact turn',
      data: { codexErrorInfo: { activeTurnNotSteerable: { turnKind: 'compact' } } },
    });
    await thread.prompt('next');
    expect(thread.snapshot?.queue).toMatchObject([{ input: [{ text: 'next' }] }]);
    scene.openai.gate('sum').release();
    await thread.ended(turn.id);

    const last = await scene.openai.waitForRequest(3);
    expect(said(last)).toEqual(['first', summary('Sum'), 'next']);
    await thread.waitFor('the last answer', () => thread.turns[2]?.status === 'completed');
  });

  test('that is interrupted leaves the history as it was, and no half item', async () => {
    const scene = await startScene({ script: [text('Hi'), text('Sum', { gate: 'sum' }), text('Bye')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hello');
    await client.request(threadCompactStart, { threadId: thread.id });
    await thread.event('item/started', 3);
    const request = await scene.openai.waitForRequest(2);

    await client.request(turnInterrupt, { threadId: thread.id, turnId: thread.turns[1]?.id });

    expect(await thread.ended(thread.turns[1]?.id ?? '')).toMatchObject({ status: 'interrupted' });
    expect(await request.ended).toBe('aborted');
    expect(thread.itemsOf('contextCompaction')).toEqual([]);
    const { snapshot } = await client.request(threadAttach, { threadId: thread.id });
    expect(snapshot?.thread).toEqual(thread.snapshot?.thread);
    await thread.run('bye');
    expect((await scene.openai.waitForRequest(3)).body.input.map(({ role }) => role)).toContain('assistant');
  });

  test('tries again as a turn does, shows one item, and ends with the reason when nothing helps', async () => {
    const scene = await startScene({
      script: [text('Hi'), httpError(429), text('Sum'), httpError(400, { message: 'no such model' })],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hello');

    expect(await compact(client, thread)).toMatchObject({ status: 'completed' });
    expect(thread.itemsOf('contextCompaction')).toHaveLength(1);
    expect(thread.events.filter(({ method }) => method === 'error')).toMatchObject([{ params: { willRetry: true } }]);
    expect(await compact(client, thread)).toMatchObject({ status: 'failed', error: { codexErrorInfo: 'other' } });
  });

  test('drops the oldest items when even the request for the summary is too long', async () => {
    const tooLong = failed('context_length_exceeded', 'too long');
    const scene = await startScene({ script: [text('Hi'), tooLong, tooLong, text('Sum')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    await thread.run('hello');

    expect(await compact(client, thread)).toMatchObject({ status: 'completed' });
    const [whole, shorter, shortest] = scene.openai.requests.slice(1).map(({ body }) => body.input.length);
    expect([(whole ?? 0) - (shorter ?? 0), (whole ?? 0) - (shortest ?? 0)]).toEqual([1, 3]);
  });
});

describe('a history that has grown too long', () => {
  const limit = { top: ['model_auto_compact_token_limit = 1000'] };

  test('is shortened inside the turn, which goes on', async () => {
    const scene = await startScene({
      config: limit,
      script: [
        reply([exec('echo one', 'c1')], { usage: usage(900, 200) }),
        text('Said so far.', { usage: usage(900, 50) }),
        text('Done', { usage: usage(300, 10) }),
      ],
    });
    const thread = await startThread(await scene.connect());
    const turn = await thread.run('go');

    expect(turn).toMatchObject({ status: 'completed', items: [{ text: 'Done' }] });
    expect(thread.items.map(({ type }) => type)).toEqual([
      'userMessage',
      'commandExecution',
      'contextCompaction',
      'agentMessage',
    ]);
    expect(said(await scene.openai.waitForRequest(3))).toEqual(['go', summary('Said so far.')]);
  });

  test('is shortened before the next prompt is answered', async () => {
    const scene = await startScene({
      config: limit,
      script: [text('Long', { usage: usage(900, 200) }), text('Sum', { usage: usage(900, 50) }), text('Short')],
    });
    const thread = await startThread(await scene.connect());
    await thread.run('first');
    expect(thread.itemsOf('contextCompaction')).toEqual([]);
    await thread.run('second');

    expect(said(await scene.openai.waitForRequest(3))).toEqual(['first', 'second', summary('Sum')]);
  });

  test('that does not fit the window is shortened once and asked again; then the turn fails', async () => {
    const tooLong = failed('context_length_exceeded', 'too long');
    const scene = await startScene({ script: [tooLong, text('Sum'), text('Fits'), tooLong, text('Sum'), tooLong] });
    const thread = await startThread(await scene.connect());

    expect(await thread.run('first')).toMatchObject({ status: 'completed', items: [{ text: 'Fits' }] });
    expect(await thread.run('second')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/ran out of room/), codexErrorInfo: 'contextWindowExceeded' },
    });
  });

  test('keeps what a person adds while it is shortened', async () => {
    const scene = await startScene({
      config: limit,
      script: [
        reply([message('Looking'), exec('echo one', 'c1')], { usage: usage(900, 200) }),
        text('Sum', { gate: 'sum' }),
        text('Done'),
      ],
    });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(2);
    const input = [{ type: 'text' as const, text: 'and mind the tests' }];
    await client.request(turnSteer, { threadId: thread.id, expectedTurnId: turnId, input });
    scene.openai.gate('sum').release();

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(said(await scene.openai.waitForRequest(3))).toEqual(['go', summary('Sum'), 'and mind the tests']);
  });
});
