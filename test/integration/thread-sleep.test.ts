import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import {
  threadAttach,
  threadList,
  threadNameSet,
  threadSettingsUpdate,
  threadUnsubscribe,
} from '../../machines/protocol/methods/thread.ts';
import { threadLoadedList } from '../../machines/protocol/methods/thread-history.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { call, message, reasoning, reply, text, userTexts } from '../support/fake-openai.ts';
import { logPathOf, type SceneOptions, startScene } from '../support/scene.ts';
import { WAIT_LIMIT_MS } from '../support/wait-limit.ts';

const sleepyScene = (options: SceneOptions) =>
  startScene({ ...options, config: { tables: ['[daemon]', 'unload_after_seconds = 1'] } });

/** Asks again and again, for nobody is told. */
async function asleep(client: DaemonClient): Promise<void> {
  const giveUpAtMs = Date.now() + WAIT_LIMIT_MS;
  while ((await client.request(daemonStatus, {})).threads.loaded > 0) {
    if (Date.now() > giveUpAtMs) throw new Error('the thread stays in memory');
  }
}

const textsOf = (thread: ClientThread): string[] => thread.itemsOf('agentMessage').map((item) => item.text);

describe('an idle thread that is watched', () => {
  test('leaves the memory, and its followers notice nothing: the next prompt goes on where it was', async () => {
    const scene = await sleepyScene({
      script: [
        reply([reasoning('Hm'), call('exec_command', { cmd: 'echo out', login: false }, { callId: 'c1' })]),
        reply([message('First answer')]),
        text('Second answer', { chunks: 4 }),
      ],
    });
    const other = await scene.connect();
    const thread = await startThread(await scene.connect());
    const watching = await attachThread(await scene.connect({ encoding: 'json' }), thread.id, 'observer');
    await thread.run('first');
    await other.request(threadSettingsUpdate, { threadId: thread.id, effort: 'high' });
    await watching.waitFor('the change', () => watching.snapshot?.settings.effort === 'high');
    const [events, snapshot] = [watching.events.length, watching.snapshot];

    await asleep(other);
    const listed = (await other.request(threadList, {})).data[0];
    expect([listed?.id, listed?.status]).toEqual([thread.id, { type: 'idle' }]);
    expect((await other.request(threadLoadedList, {})).data).toEqual([thread.id]);
    expect((await other.request(daemonStatus, {})).threads.loaded).toBe(0);
    const again = await other.request(threadAttach, { threadId: thread.id, afterSeq: watching.seq });
    await other.request(threadUnsubscribe, { threadId: thread.id });

    expect([again.snapshot, again.events.map(({ method }) => method)]).toEqual([null, ['presence/changed']]);
    await asleep(other);
    await thread.run('second');
    await watching.waitFor('the second answer', () => textsOf(watching).length === 2 && watching.seq === thread.seq);

    const seen = watching.events.slice(events).map(({ method }) => method);
    expect(seen).not.toContain('thread/closed');
    expect(seen).not.toContain('thread/snapshot');
    expect([watching.gaps, thread.gaps]).toEqual([[], []]);
    expect(watching.snapshot?.thread.turns[0]).toEqual(snapshot?.thread.turns[0]);
    const fresh = await attachThread(other, thread.id);
    await watching.waitFor('the same number', () => watching.seq === fresh.seq);
    expect(watching.snapshot).toEqual(fresh.snapshot);
    expect(watching.snapshot?.settings.effort).toBe('high');
    expect(userTexts(await scene.openai.waitForRequest(3)).slice(-2)).toEqual(['first', 'second']);
  });

  test('wakes to tell that somebody left or gave it a name, and is closed when the last one has left', async () => {
    const scene = await sleepyScene({ script: [text('An answer')] });
    const other = await scene.connect();
    const thread = await startThread(await scene.connect());
    const watching = await attachThread(await scene.connect(), thread.id);
    await thread.run('hello');
    await asleep(other);

    await thread.client.cut();
    await watching.waitFor('one client', () => watching.snapshot?.presence.length === 1);
    await asleep(other);
    await other.request(threadNameSet, { threadId: thread.id, name: 'Sleeper' });
    await watching.waitFor('the name', () => watching.snapshot?.thread.name === 'Sleeper');
    await asleep(other);
    await watching.client.close();

    await other.waitFor('its end', () => other.notifications.some(({ method }) => method === 'thread/closed'));
    expect(watching.gaps).toEqual([]);
    expect((await other.request(threadList, {})).data[0]?.status).toEqual({ type: 'notLoaded' });
  });

  test('is read anew when another program wrote to it meanwhile: its followers get a snapshot', async () => {
    const scene = await sleepyScene({ script: [text('one'), text('two')] });
    const other = await scene.connect();
    const thread = await startThread(await scene.connect());
    await thread.run('first');
    await asleep(other);

    const line = {
      type: 'response_item',
      payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'from elsewhere' }] },
    };
    const stamped = { timestamp: new Date(0).toISOString(), ...line };
    appendFileSync(logPathOf(scene.temp, thread.id), `${JSON.stringify(stamped)}\n`);
    await thread.run('second');

    expect(thread.events.map(({ method }) => method)).toContain('thread/snapshot');
    const fresh = await attachThread(other, thread.id);
    await thread.waitFor('the same number', () => thread.seq === fresh.seq);
    expect(thread.snapshot).toEqual(fresh.snapshot);
  });

  test('keeps what was allowed for the session', async () => {
    const touch = (callId: string) =>
      reply([
        call('exec_command', { cmd: 'touch made', login: false, sandbox_permissions: 'require_escalated' }, { callId }),
      ]);
    const scene = await sleepyScene({ script: [touch('c1'), text('one'), touch('c2'), text('two')] });
    const other = await scene.connect();
    const thread = await startThread(await scene.connect(), { approvalPolicy: 'on-request', sandbox: 'read-only' });
    await thread.prompt('first');
    const { params } = await thread.event('approval/requested');
    await thread.client.request(approvalRespond, {
      threadId: thread.id,
      approvalId: params.approvalId,
      decision: 'acceptForSession',
    });
    await thread.event('turn/completed');
    await asleep(other);

    expect(await thread.run('second')).toMatchObject({ status: 'completed' });
    expect(thread.events.filter(({ method }) => method === 'approval/requested')).toHaveLength(1);
  });
});
