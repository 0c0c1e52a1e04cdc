import { describe, expect, test } from 'vitest';
import { threadRead, threadResume } from '../../machines/protocol/methods/thread.ts';
import { threadInjectItems, threadRevert } from '../../machines/protocol/methods/thread-store.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import { startThread } from '../support/client-turns.ts';
import { text, userTexts } from '../support/fake-openai.ts';
import { logOf, type Scene, startScene } from '../support/scene.ts';

const PLAIN = { isOurs: false, encoding: 'json' } as const;
const asked = (scene: Scene, at: number): string[] =>
  scene.openai.requests
    .slice(at, at + 1)
    .flatMap(userTexts)
    .filter((words) => /^[a-z ]+$/.test(words));

describe('turns that are taken back', () => {
  test('are gone for people and for the model, also after a restart, and the log is only added to', async () => {
    const scene = await startScene({ script: [text('One'), text('Two'), text('Three'), text('Four')] });
    const thread = await startThread(await scene.connect());
    const plain = await scene.connect(PLAIN);
    await thread.run('first');
    const second = await thread.run('second');
    await plain.request(threadResume, { threadId: thread.id });
    const before = logOf(scene.temp, thread.id).length;

    const answer = await plain.request(threadRevert, { threadId: thread.id, beforeTurnId: second.id });

    expect(answer.thread.turns).toHaveLength(1);
    expect((await plain.notification('thread/reverted')).params).toEqual({ threadId: thread.id });
    await thread.waitFor('the turn to go', () => thread.turns.length === 1);
    expect(
      logOf(scene.temp, thread.id)
        .slice(before)
        .map(({ payload }) => payload),
    ).toContainEqual({
      type: 'thread_rolled_back',
      num_turns: 1,
    });

    await thread.run('third');
    expect(asked(scene, 2)).toEqual(['first', 'third']);
    expect(plain.notifications.filter(({ method }) => method === 'turn/started')).toHaveLength(1);

    await scene.daemon.kill9();
    await scene.start();
    const later = await scene.connect(PLAIN);
    const { thread: read } = await later.request(threadRead, { threadId: thread.id, includeTurns: true });
    expect(read.turns.map(({ items }) => items.length)).toEqual([2, 2]);
    expect(read.turns[0]?.id).not.toBe(second.id);
  });

  test('must be known, and no turn may run', async () => {
    const scene = await startScene({ script: [text('One', { gate: 'one' })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('first');
    await scene.openai.gate('one').reached();

    const revert = (beforeTurnId: string) => client.request(threadRevert, { threadId: thread.id, beforeTurnId });
    await expect(revert(turnId)).rejects.toMatchObject({ errorName: 'threadBusy' });
    scene.openai.gate('one').open();
    await thread.ended(turnId);
    await expect(revert('unknown')).rejects.toMatchObject({ errorName: 'turnNotFound' });
    expect(thread.turns).toHaveLength(1);
  });
});

describe('items that a client adds', () => {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'by the way' }] };

  test('are sent to the model before the next prompt, also after a restart, and are shown to nobody', async () => {
    const scene = await startScene({ script: [text('One'), text('Two')] });
    const thread = await startThread(await scene.connect());
    const plain = await scene.connect(PLAIN);
    await thread.run('first');

    expect(await plain.request(threadInjectItems, { threadId: thread.id, items: [item] })).toEqual({});
    await scene.daemon.stop();
    await scene.start();
    const later = await scene.connect();
    const { thread: read } = await later.request(threadRead, { threadId: thread.id, includeTurns: true });
    expect(read.turns.flatMap(({ items }) => items.map(({ type }) => type))).toEqual(['userMessage', 'agentMessage']);
    await later.request(threadResume, { threadId: thread.id });
    await later.request(turnStart, { threadId: thread.id, input: [{ type: 'text', text: 'second' }] });
    await later.notification('turn/completed');
    expect(asked(scene, 1)).toEqual(['first', 'by the way', 'second']);
  });

  test('must be items', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    const items = [item, { type: 'message', role: 'user' }];
    await expect(client.request(threadInjectItems, { threadId: thread.id, items })).rejects.toThrow('items[1]');
  });
});
