import { describe, expect, test } from 'vitest';
import { daemonActorsList } from '../../machines/protocol/methods/daemon.ts';
import { threadWhy } from '../../machines/protocol/methods/thread-why.ts';
import { threadBackgroundTerminalsClean } from '../../machines/protocol/methods/thread-work.ts';
import { asking, respond, waiting } from '../support/asking-turn.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { call, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const actorsOf = async (client: DaemonClient) => (await client.request(daemonActorsList, {})).data;

/** A question that is left open would outlive the daemon. */
async function endTurn(thread: ClientThread, turnId: string, approvalId: string): Promise<void> {
  await respond(thread, approvalId, 'cancel');
  await thread.ended(turnId);
}

describe('the list of actors', () => {
  test('is a tree from the daemon down to the call that waits, each with its state and since when', async () => {
    const before = Date.now();
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);

    const actors = await actorsOf(thread.client);

    const { clientId } = thread.client;
    expect(actors.map(({ sinceMs: _, ...actor }) => actor)).toEqual([
      { kind: 'daemon', id: 'daemon', parentId: null, state: 'listening.busy', about: null },
      { kind: 'auth', id: 'auth', parentId: 'daemon', state: 'signedOut', about: null },
      { kind: 'connection', id: clientId, parentId: 'daemon', state: 'initialized', about: 'asker on /dev/pts/1' },
      { kind: 'thread', id: thread.id, parentId: 'daemon', state: 'running', about: 'go' },
      { kind: 'turn', id: turnId, parentId: thread.id, state: 'awaitingApproval', about: null },
      { kind: 'toolCall', id: 'c1', parentId: turnId, state: 'awaitingApproval.open', about: 'exec_command' },
    ]);
    for (const { sinceMs } of actors) expect(sinceMs).toBeGreaterThanOrEqual(before);
    for (const { sinceMs } of actors) expect(sinceMs).toBeLessThanOrEqual(Date.now());
    await endTurn(thread, turnId, approvalId);
  });

  test('calls the states what `codex why` calls them', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);

    const { chain } = await thread.client.request(threadWhy, { threadId: thread.id });
    const states = new Map((await actorsOf(thread.client)).map(({ id, state }) => [id, state]));

    const known = chain.filter(({ kind }) => kind !== 'approval');
    expect(known).toHaveLength(3);
    expect(known.map(({ id }) => states.get(id))).toEqual(known.map(({ state }) => state));
    await endTurn(thread, turnId, approvalId);
  });

  test('has the command that lives on in the background, until it is ended', async () => {
    const cmd = 'sleep 300';
    const step = call('exec_command', { cmd, login: false, yield_time_ms: 250 }, { callId: 'c1' });
    const scene = await startScene({ script: [reply([step]), text('It goes on')] });
    const thread = await startThread(await scene.connect());
    await thread.run('go');
    const commands = async () => {
      const found = (await actorsOf(thread.client)).filter(({ kind }) => kind === 'execProcess');
      return found.map(({ state, about }) => ({ state, about }));
    };

    expect(await commands()).toEqual([{ state: 'running.background', about: cmd }]);
    await thread.client.request(threadBackgroundTerminalsClean, { threadId: thread.id });
    await thread.event('item/completed', 3);
    expect(await commands()).toEqual([]);
  });

  test('forgets what has ended', async () => {
    const scene = await startScene({ script: asking });
    const { thread, turnId, approvalId } = await waiting(scene);
    const passing = await scene.connect({ name: 'passing' });
    await attachThread(passing, thread.id);
    expect((await actorsOf(thread.client)).map(({ about }) => about)).toContain('passing');

    await respond(thread, approvalId, 'accept');
    await thread.ended(turnId);
    await passing.cut();
    await thread.waitFor('the other client to be gone', () => thread.snapshot?.presence.length === 1);
    const left = await actorsOf(thread.client);

    expect(left.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'daemon listening.busy',
      'auth signedOut',
      'connection initialized',
      'thread idle',
    ]);
  });
});
