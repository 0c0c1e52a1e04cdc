import { describe, expect, test } from 'vitest';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { ownNotifications, type ThreadNotification } from '../../machines/protocol/index.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { NO_RATE_LIMITS, rateLimitsUpdated } from '../../machines/protocol/methods/account-limits.ts';
import { threadRead, threadResume, threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { message, patchCall, reasoning, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { emptySnapshot } from '../support/thread-fixtures.ts';

const PLAIN = { isOurs: false, encoding: 'json' } as const;

/** The events of one thread that a client was told, as methods with what they add. */
function told({ notifications }: DaemonClient): string[] {
  return notifications
    .filter(({ method }) => method.startsWith('item/'))
    .map(({ method, params }) => {
      const { item, delta } = params as { item?: ThreadItem; delta?: string };
      const added = item?.type === 'agentMessage' ? item.text : (delta ?? item?.type);
      return `${method} ${JSON.stringify(added)}`;
    });
}

const ended = (client: DaemonClient) => client.notification('turn/completed');

describe('a client of the reference that resumes', () => {
  test('in mid-answer is told the text so far right after the answer, then goes on live: no loss, no double', async () => {
    const scene = await startScene({ script: [text('one two three four ', { chunks: 4, gate: 'words' })] });
    const thread = await startThread(await scene.connect());
    const turnId = await thread.prompt('count');
    scene.openai.gate('words').release(2);
    await thread.event('item/agentMessage/delta', 2);
    const soFar = thread.itemsOf('agentMessage')[0];

    const late = await scene.connect(PLAIN);
    const answer = await late.request(threadResume, { threadId: thread.id, excludeTurns: true });
    await late.notification('item/agentMessage/delta');
    const first = late.notifications.slice();
    scene.openai.gate('words').open();
    await ended(late);

    expect(answer.thread.turns).toMatchObject([{ id: turnId, status: 'inProgress', items: [{ type: 'userMessage' }] }]);
    const of = { threadId: thread.id, turnId };
    expect(first.map(({ method, params }) => ({ method, params }))).toEqual([
      {
        method: 'item/started',
        params: { ...of, item: { ...soFar, text: '' }, startedAtMs: soFar?.startedAtMs },
      },
      { method: 'item/agentMessage/delta', params: { ...of, itemId: soFar?.id, delta: 'one two th' } },
    ]);
    expect(told(late)).toEqual([
      'item/started ""',
      'item/agentMessage/delta "one two th"',
      'item/agentMessage/delta "ree f"',
      'item/agentMessage/delta "our "',
      'item/completed "one two three four "',
    ]);
    const folded = late.notifications
      .filter(isOfThread)
      .reduce(foldThread, { ...emptySnapshot(), thread: answer.thread });
    await thread.ended(turnId);
    expect(folded.thread.turns).toEqual(thread.turns);
  });

  test('after a thought has the thought in the answer, and is told the answer as it comes', async () => {
    const scene = await startScene({
      script: [reply([reasoning('I weigh it', { chunks: 1 }), message('Done', { gate: 'answer' })])],
    });
    const thread = await startThread(await scene.connect());
    await thread.prompt('think');
    await scene.openai.gate('answer').reached();
    await thread.event('item/started', 3);

    const late = await scene.connect(PLAIN);
    const { thread: answered } = await late.request(threadResume, { threadId: thread.id });
    scene.openai.gate('answer').open();
    await ended(late);

    expect(answered.turns.at(-1)?.items.map(({ type }) => type)).toEqual(['userMessage', 'reasoning']);
    expect(told(late)).toEqual(['item/started ""', 'item/agentMessage/delta "Done"', 'item/completed "Done"']);
  });

  test('is told behind every count of tokens that no limit of an account is known, and a client of ours is not', async () => {
    const scene = await startScene({ script: [text('Done')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const plain = await scene.connect(PLAIN);
    await plain.request(threadResume, { threadId: thread.id });

    await thread.run('hello');
    await ended(plain);

    const order = plain.notifications.map(({ method }) => method);
    expect(order[order.indexOf('thread/tokenUsage/updated') + 1]).toBe(rateLimitsUpdated.method);
    expect(order.filter((method) => method === rateLimitsUpdated.method)).toHaveLength(1);
    expect((await plain.notification('account/rateLimits/updated')).params).toEqual({ rateLimits: NO_RATE_LIMITS });
    expect(client.notifications.map(({ method }) => method)).not.toContain(rateLimitsUpdated.method);
  });

  test('is told nothing that the reference does not have, while a client of ours is', async () => {
    const scene = await startScene({ script: [text('Done')] });
    const thread = await startThread(await scene.connect());
    const plain = await scene.connect(PLAIN);
    await plain.request(threadResume, { threadId: thread.id });
    const watching = await scene.connect();
    await attachThread(watching, thread.id);
    await thread.event('presence/changed', 2);

    await thread.run('hello');
    await ended(plain);

    expect(thread.events.some(({ method }) => ownNotifications.has(method))).toBe(true);
    expect(plain.notifications.filter(({ method }) => ownNotifications.has(method))).toEqual([]);
  });

  test('when it lags too far behind is told what it missed in words that it knows', async () => {
    const long = 'a long answer, '.repeat(1024 * 1024);
    const scene = await startScene({ script: [text(long, { chunks: 256 })] });
    const thread = await startThread(await scene.connect());
    const plain = await scene.connect(PLAIN);
    await plain.request(threadResume, { threadId: thread.id });
    plain.raw.socket.pause();

    await thread.run('tell me a lot');
    plain.raw.socket.resume();
    await ended(plain);

    const answers = told(plain).filter((what) => what.startsWith('item/completed "a long'));
    expect(answers).toEqual([`item/completed ${JSON.stringify(long)}`]);
    expect(told(plain).length).toBeLessThan(thread.events.length);
    expect(plain.notifications.at(-1)?.method).toBe('thread/status/changed');
  });

  test('is asked before a patch, told thoughts and warnings, and can read the thread afterwards', async () => {
    const patch = '*** Begin Patch\n*** Add File: song.txt\n+la la\n*** End Patch';
    const scene = await startScene({
      config: { envKey: null },
      script: [
        reply([reasoning('I weigh', { raw: 'mm' }), patchCall(patch, { callId: 'edit' })]),
        text('Sung'),
        text(''),
      ],
    });
    const plain = await scene.connect({ ...PLAIN, onAsk: () => ({ decision: 'accept' }) });
    const settings = { approvalPolicy: 'untrusted', sandbox: 'workspace-write' } as const;
    const { thread } = await plain.request(threadStart, { cwd: scene.temp.workspace, ...settings });

    await plain.request(turnStart, { threadId: thread.id, input: [{ type: 'text', text: 'sing' }] });
    await ended(plain);
    const other = await plain.request(threadStart, { cwd: scene.temp.workspace, model: 'unheard-of' });
    await plain.request(turnStart, { threadId: other.thread.id, input: [{ type: 'text', text: 'hum' }] });
    await plain.waitFor('the other end', () =>
      plain.notifications.some(
        ({ method, params }) =>
          method === 'turn/completed' && (params as { threadId: string }).threadId === other.thread.id,
      ),
    );

    expect(plain.asked).toMatchObject([{ method: 'item/fileChange/requestApproval', params: { itemId: 'edit' } }]);
    expect((await plain.notification('warning')).params).toMatchObject({
      message: expect.stringContaining('unheard-of'),
    });
    expect((await plain.notification('item/reasoning/textDelta')).params).toMatchObject({ delta: 'mm' });
    const read = await plain.request(threadRead, { threadId: thread.id, includeTurns: true });
    expect(read.thread.turns[0]?.items.map(({ type }) => type)).toEqual([
      'userMessage',
      'reasoning',
      'fileChange',
      'agentMessage',
    ]);
  });

  test('an idle thread has all of it in the answer, and is told the tokens used so far', async () => {
    const scene = await startScene({ script: [text('Done')] });
    const thread = await startThread(await scene.connect());
    await thread.run('hello');

    const late = await scene.connect(PLAIN);
    const answer = await late.request(threadResume, { threadId: thread.id, excludeTurns: true });
    const usage = await late.notification('thread/tokenUsage/updated');

    expect(answer.thread.turns).toEqual(thread.turns);
    expect(usage.params).toMatchObject({ threadId: thread.id, tokenUsage: thread.snapshot?.tokenUsage });
    expect(told(late)).toEqual([]);
  });
});

const isOfThread = (event: NotificationMessage): event is NotificationMessage & ThreadNotification =>
  event.method.startsWith('item/') || event.method.startsWith('turn/');
