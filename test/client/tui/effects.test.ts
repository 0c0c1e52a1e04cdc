import { afterEach, describe, expect, test } from 'vitest';
import { ScriptedLink } from '../../support/scripted-link.ts';
import {
  agentMessage,
  approvalOf,
  command,
  emptySnapshot,
  fileChange,
  otherClient,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  thisClient,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { openVirtualScreen, type VirtualScreen, type VirtualScreenOptions } from '../../support/virtual-screen.ts';

const open: VirtualScreen[] = [];
async function show(options: VirtualScreenOptions): Promise<VirtualScreen> {
  const screen = await openVirtualScreen(options);
  open.push(screen);
  return screen;
}
afterEach(async () => {
  for (const screen of open.splice(0)) await screen.close();
});

const inThread = { threadId: THREAD_ID };
const runningSnapshot = (...items: Parameters<typeof turnOf>[0]) =>
  snapshotWith([turnOf(items, { status: 'inProgress', startedAt: Math.floor(Date.now() / 1000) })]);

describe('work that is no prompt', () => {
  test.each([
    { typed: '/compact\r', method: 'thread/compact/start', params: {} },
    {
      typed: '/plan\r',
      method: 'thread/settings/update',
      params: {
        collaborationMode: {
          mode: 'plan',
          settings: { model: 'practice-1', reasoning_effort: 'medium', developer_instructions: null },
        },
      },
    },
    { typed: '/goal tidy up\r', method: 'thread/goal/set', params: { objective: 'tidy up', status: 'active' } },
    { typed: '/goal clear\r', method: 'thread/goal/clear', params: {} },
    { typed: '!echo hi\r', method: 'thread/shellCommand', params: { command: 'echo hi' } },
    {
      typed: '/review base main\r',
      method: 'review/start',
      params: { target: { type: 'baseBranch', branch: 'main' } },
    },
  ])('$typed asks for $method, and a refusal is shown', async ({ typed, method, params }) => {
    const link = new ScriptedLink(emptySnapshot());
    link.refuse(method, 'threadStoreFailed', 'not now');
    const screen = await show({ link, ...inThread });
    screen.type(typed);
    const call = await link.nextCall(method);
    expect(call.params).toEqual({ ...inThread, ...params });
    await screen.waitForText('not now');
  });
});

describe('a prompt', () => {
  test('is echoed, sent, and its answer streams in', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const screen = await show({ link, ...inThread });
    screen.type('say hi\r');
    const call = await link.nextCall('turn/start');
    expect(call.params).toEqual({
      ...inThread,
      input: [{ type: 'text', text: 'say hi', text_elements: [] }],
      clientUserMessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      whenBusy: 'steer',
    });
    await screen.waitForText('sending…');

    const clientId = String(call.params.clientUserMessageId);
    link.emit(THREAD_ID, {
      method: 'turn/started',
      params: { ...inThread, turn: turnOf([], { status: 'inProgress' }) },
    });
    const ofTurn = { ...inThread, turnId: TURN_ID };
    link.emit(THREAD_ID, {
      method: 'item/started',
      params: { ...ofTurn, startedAtMs: 0, item: userMessage('say hi', { clientId }) },
    });
    link.emit(THREAD_ID, { method: 'item/started', params: { ...ofTurn, startedAtMs: 0, item: agentMessage('') } });
    for (const delta of ['He', 'llo ', '**th', 'ere** 你好 ', '👩‍👩‍👧', '!']) {
      link.emit(THREAD_ID, { method: 'item/agentMessage/delta', params: { ...ofTurn, itemId: 'message-1', delta } });
    }
    await screen.waitForText('• Hello there 你好 👩‍👩‍👧!');
    expect(screen.screenText()).toMatch(/Working.*esc to interrupt/);
    expect(screen.screenText()).not.toContain('sending…');
    link.emit(THREAD_ID, { method: 'turn/completed', params: { ...inThread, turn: turnOf([]) } });
    await screen.waitForNoText('Working');
  });

  test('of the command line is sent at once', async () => {
    const link = new ScriptedLink(emptySnapshot());
    await show({ link, ...inThread, initialPrompt: 'begin' });
    expect((await link.nextCall('turn/start')).params.input).toEqual([
      { type: 'text', text: 'begin', text_elements: [] },
    ]);
  });

  test('steers the running turn, and starts one when that ended meanwhile', async () => {
    const link = new ScriptedLink(runningSnapshot(userMessage('go')));
    link.refuse('turn/steer', 'noActiveTurn', 'no active turn');
    const screen = await show({ link, ...inThread });
    screen.type('faster\r');
    const steer = await link.nextCall('turn/steer');
    const start = await link.nextCall('turn/start');
    expect(steer.params.expectedTurnId).toBe(TURN_ID);
    expect(start.params).toMatchObject({ whenBusy: 'steer', clientUserMessageId: steer.params.clientUserMessageId });
  });

  test('waits in the queue with tab', async () => {
    const link = new ScriptedLink(runningSnapshot(userMessage('go')));
    const screen = await show({ link, ...inThread });
    screen.type('later\t');
    expect((await link.nextCall('turn/start')).params).toMatchObject({ whenBusy: 'queue' });
  });

  test('that fails is in the composer again', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.refuse('turn/start', 'connectionClosed', 'the daemon is gone');
    const screen = await show({ link, ...inThread });
    screen.type('precious\r');
    await screen.waitForText('not sent: the daemon is gone');
    await screen.waitForText('› precious\n');
  });
});

describe('a question', () => {
  const asking = () => ({
    ...runningSnapshot(command({ status: 'inProgress', aggregatedOutput: null })),
    approvals: [approvalOf()],
  });
  const resolved = (by: typeof thisClient, decision: 'accept' | 'decline') =>
    ({
      method: 'approval/resolved',
      params: {
        ...inThread,
        approvalId: 'approval-1',
        turnId: TURN_ID,
        itemId: 'command-1',
        decision,
        by,
        waitedMs: 2100,
      },
    }) as const;

  test('is answered with a key, and closes when the thread says so', async () => {
    const link = new ScriptedLink(asking());
    const screen = await show({ link, ...inThread });
    await screen.waitForText('Run this command?');
    screen.type('y');
    expect((await link.nextCall('approval/respond')).params).toEqual({
      ...inThread,
      approvalId: 'approval-1',
      decision: 'accept',
    });
    await screen.waitForText('sending the answer…');
    link.emit(THREAD_ID, resolved(thisClient, 'accept'));
    await screen.waitForText('✔ approved by you after 2.1 s');
    expect(screen.screenText()).not.toContain('Run this command?');
  });

  test('is cancelled with esc', async () => {
    const link = new ScriptedLink(asking());
    const screen = await show({ link, ...inThread });
    screen.type('\u001b');
    expect((await link.nextCall('approval/respond')).params.decision).toBe('cancel');
  });

  test('answered elsewhere closes here and tells by whom', async () => {
    const link = new ScriptedLink(asking());
    const screen = await show({ link, ...inThread });
    link.emit(THREAD_ID, resolved(otherClient, 'decline'));
    await screen.waitForText('✘ declined by codex-tui on /dev/pts/4 (pid 456) after 2.1 s');
    expect(link.calls.map(({ method }) => method)).toEqual(['account/read', 'draft/take']);
  });

  test('answered too late says so', async () => {
    const link = new ScriptedLink(asking());
    link.answer('approval/respond', () => {
      link.emit(THREAD_ID, resolved(otherClient, 'accept'));
      throw Object.assign(new Error('already approved by codex-tui on /dev/pts/4'), {});
    });
    const screen = await show({ link, ...inThread });
    screen.type('n');
    await screen.waitForText('✔ approved by codex-tui on /dev/pts/4');
  });

  test('about a change shows the diff', async () => {
    const snapshot = runningSnapshot(fileChange({ status: 'inProgress' }));
    const approvals = [approvalOf({ kind: 'fileChange', itemId: 'change-1', command: null, cwd: null, reason: null })];
    const screen = await show({ link: new ScriptedLink({ ...snapshot, approvals }), ...inThread });
    await screen.waitForText(/Make this change\?[\s\S]*src\/words.txt \(\+1 -1\)[\s\S]*- two[\s\S]*\+ zwei/);
  });
});
