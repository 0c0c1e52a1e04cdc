import { describe, expect, test } from 'vitest';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { threadSettingsUpdate, threadUnsubscribe } from '../../machines/protocol/methods/thread.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

/** More than a connection's own buffers, the daemon's mark for it, and what a thread keeps at hand, together. */
const LONG_ANSWER = 'a line of a long answer, again and again, to the end\n'.repeat(300_000);
const PIECES = 3_000;

describe('the followers of a thread', () => {
  test('are told who is attached, from which terminal, whenever that changes', async () => {
    const scene = await startScene();
    const client = await scene.connect({ terminal: '/dev/pts/71' });
    const thread = await startThread(client);
    const other = await scene.connect({ terminal: '/dev/pts/72' });
    await attachThread(other, thread.id, 'observer');

    const isBoth = ({ presence }: Presence) => presence.length === 2;
    const both = await thread.waitFor('both clients', () => presences(thread.events).find(isBoth));
    expect(both.presence).toMatchObject([
      { clientId: client.clientId, terminal: '/dev/pts/71', role: 'operator' },
      { clientId: other.clientId, terminal: '/dev/pts/72', role: 'observer' },
    ]);

    await other.request(threadUnsubscribe, { threadId: thread.id });
    await thread.waitFor('one client', () => thread.snapshot?.presence.length === 1);
  });

  test('are told what the next turn runs with, and it does', async () => {
    const scene = await startScene({ script: [text('done')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const watching = await attachThread(await scene.connect(), thread.id);

    await client.request(threadSettingsUpdate, { threadId: thread.id, model: 'gpt-5.4', effort: 'high' });

    const told = await watching.event('thread/settings/updated');
    expect(told.params.threadSettings).toMatchObject({ model: 'gpt-5.4', effort: 'high' });
    await thread.run('hello');
    expect(scene.openai.requests[0]?.body).toMatchObject({ model: 'gpt-5.4', reasoning: { effort: 'high' } });
  });

  test('wait for none of them: who stops reading is given a snapshot later, and ends in the same state', async () => {
    const scene = await startScene({ script: [text(LONG_ANSWER, { chunks: PIECES })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const slow = await attachThread(await scene.connect(), thread.id);
    slow.client.raw.socket.pause();

    const turn = await thread.run('tell me a lot');
    slow.client.raw.socket.resume();

    await slow.event('thread/snapshot');
    await slow.waitFor('the end of the turn', () => slow.turns.at(-1)?.status === turn.status);
    await slow.waitFor('the last number', () => slow.seq === thread.seq);
    expect(slow.snapshot).toEqual(thread.snapshot);
    expect(slow.events.length).toBeLessThan(thread.events.length);
    expect(slow.gaps).toEqual([]);
  });
});

type Presence = Extract<ThreadNotification, { method: 'presence/changed' }>['params'];

const presences = (events: readonly ThreadNotification[]): Presence[] =>
  events.flatMap((event) => (event.method === 'presence/changed' ? [event.params] : []));
