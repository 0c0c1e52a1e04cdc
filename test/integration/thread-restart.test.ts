import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  threadAttach,
  threadList,
  threadResume,
  threadSettingsUpdate,
} from '../../machines/protocol/methods/thread.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { call, message, reasoning, reply, text, userTexts } from '../support/fake-openai.ts';
import { logPathOf, startScene } from '../support/scene.ts';

describe('a restart', () => {
  test.each(['stop', 'kill9'] as const)(
    'by %s between turns: the whole history is there, numbers go on above',
    async (how) => {
      const answers = [
        reply([reasoning('Hm'), call('exec_command', { cmd: 'echo out', login: false }, { callId: 'c1' })]),
        reply([message('First answer')]),
        text('Second answer'),
        text('Third answer'),
        text('Fourth answer'),
      ];
      const scene = await startScene({ script: answers });
      const before = await startThread(await scene.connect());
      await before.run('first');
      await before.run('second');

      await scene.daemon[how]();
      await scene.start();
      const client = await scene.connect();
      const { thread } = await client.request(threadResume, {
        threadId: before.id,
        sandbox: 'danger-full-access',
        approvalPolicy: 'never',
      });
      const after = await attachThread(client, before.id);

      expect(thread.turns).toEqual(before.turns.map((turn) => ({ ...turn, itemsView: 'full' })));
      expect(after.seq).toBeGreaterThan(before.seq ?? 0);
      const gone = await client.request(threadAttach, { threadId: before.id, afterSeq: before.seq });
      expect([gone.events.length, gone.snapshot?.thread.id]).toEqual([0, before.id]);

      await after.run('third');
      const next = await scene.openai.waitForRequest(4);
      expect(userTexts(next).slice(-3)).toEqual(['first', 'second', 'third']);
      const asked = scene.openai.requests[2]?.body.input ?? [];
      expect(next.body.input.slice(0, asked.length)).toEqual(asked);
      const known = after.turns.map(({ id }) => id);
      expect(known).not.toContain((await after.run('fourth')).id);
    },
  );

  test.each([
    { was: 'read-only', configured: 'danger-full-access', is: 'readOnly' },
    { was: 'danger-full-access', configured: 'read-only', is: 'readOnly' },
    { was: 'workspace-write', configured: 'danger-full-access', is: 'workspaceWrite' },
  ] as const)(
    'gives a thread that ran in $was no more rights, whatever the files say',
    async ({ was, configured, is }) => {
      const scene = await startScene({ script: [text('ok')], config: { top: [`sandbox_mode = "${configured}"`] } });
      const thread = await startThread(await scene.connect(), { sandbox: was });
      await thread.run('hi');

      await scene.daemon.kill9();
      await scene.start();
      const client = await scene.connect();
      expect((await attachThread(client, thread.id)).snapshot?.settings.sandboxPolicy.type).toBe(is);

      // Who resumes it asks for what the files say now, as in the reference (agent.md §11).
      const { sandbox } = await client.request(threadResume, { threadId: thread.id });
      expect(sandbox.type).toBe(configured === 'read-only' ? 'readOnly' : 'dangerFullAccess');
    },
  );

  test('keeps the model that was chosen for a thread; who resumes it gets that of the files', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const client = await scene.connect();
    const [chosen, resumed] = [await startThread(client), await startThread(client)];
    for (const thread of [chosen, resumed]) {
      await client.request(threadSettingsUpdate, { threadId: thread.id, model: 'gpt-5.4', effort: 'high' });
      await thread.run('hi');
    }

    await scene.daemon.kill9();
    await scene.start();
    const again = await scene.connect();

    const { snapshot } = await attachThread(again, chosen.id);
    expect(snapshot?.settings).toMatchObject({ model: 'gpt-5.4', effort: 'high' });
    const { model, reasoningEffort } = await again.request(threadResume, { threadId: resumed.id });
    expect([model, reasoningEffort]).toEqual(['gpt-5.5', null]);
  });

  test('keeps what was chosen when no turn came after it, and gives no more rights than that', async () => {
    const scene = await startScene({
      script: () => text('ok'),
      config: { top: ['sandbox_mode = "danger-full-access"'] },
    });
    const client = await scene.connect();
    const thread = await startThread(client, { sandbox: 'danger-full-access' });
    await thread.run('hi');
    const choice = {
      collaborationMode: { mode: 'plan' as const, settings: { model: 'gpt-5.4', reasoning_effort: 'high' } },
      sandboxPolicy: { type: 'readOnly' as const, networkAccess: false },
    };
    await client.request(threadSettingsUpdate, { threadId: thread.id, ...choice });

    await scene.daemon.kill9();
    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);
    const chosen = { model: 'gpt-5.4', effort: 'high', mode: 'plan', sandboxPolicy: choice.sandboxPolicy };
    expect(again.snapshot?.settings).toMatchObject(chosen);

    await again.run('go', { model: 'gpt-5.5', effort: 'low' });
    await scene.daemon.kill9();
    await scene.start();
    const last = await attachThread(await scene.connect(), thread.id);
    expect(last.snapshot?.settings).toMatchObject({ ...chosen, model: 'gpt-5.5', effort: 'low' });
  });

  test('leaves the listing as it was', async () => {
    const scene = await startScene({ script: () => text('ok') });
    const client = await scene.connect();
    const threads = [await startThread(client), await startThread(client)];
    for (const thread of threads) await thread.run(`prompt of ${thread.id}`);
    const before = await client.request(threadList, {});

    await scene.daemon.kill9();
    await scene.start();
    const after = await (await scene.connect()).request(threadList, {});

    const plain = ({ data }: typeof before) =>
      data.map(({ status, updatedAt, recencyAt, canAcceptDirectInput, ...rest }) => rest);
    expect(plain(after)).toEqual(plain(before));
    expect(after.data.map(({ status }) => status.type)).toEqual(['notLoaded', 'notLoaded']);
  });
});

describe('another program that writes to a thread’s log', () => {
  const line = (said: string) =>
    `${JSON.stringify({
      timestamp: new Date(0).toISOString(),
      type: 'response_item',
      payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: said }] },
    })}\n`;

  test('while nothing runs: the log is read anew, followers get it and go on following', async () => {
    const scene = await startScene({ script: [text('one'), text('two')] });
    const first = await startThread(await scene.connect());
    const watcher = await attachThread(await scene.connect(), first.id, 'observer');
    await first.run('first');

    appendFileSync(logPathOf(scene.temp, first.id), line('from elsewhere'));
    const turn = await first.run('second');
    await watcher.ended(turn.id);

    expect(turn.status).toBe('completed');
    expect(userTexts(await scene.openai.waitForRequest(2)).slice(-3)).toEqual(['first', 'from elsewhere', 'second']);
    expect(watcher.snapshot?.thread.turns).toEqual(first.snapshot?.thread.turns);
    expect(first.turns).toHaveLength(2);
  });

  test('while a turn runs: the turn fails with the reason, and nothing is mixed', async () => {
    const scene = await startScene({ script: [text('never told', { gate: 'go' }), text('two')] });
    const first = await startThread(await scene.connect());
    const turnId = await first.prompt('first');
    await scene.openai.waitForRequest(1);

    appendFileSync(logPathOf(scene.temp, first.id), line('from elsewhere'));
    scene.openai.gate('go').open();
    const turn = await first.ended(turnId);

    expect(turn).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('another program wrote to this thread') },
    });
    expect(readFileSync(logPathOf(scene.temp, first.id), 'utf8')).not.toContain('never told');
    expect(await first.run('second')).toMatchObject({ status: 'completed', items: [{ text: 'two' }] });
  });
});
