import { afterEach, describe, expect, test } from 'vitest';
import { ScriptedLink } from '../../../support/scripted-link.ts';
import {
  command,
  emptySnapshot,
  otherClient,
  snapshotWith,
  THREAD_ID,
  turnOf,
  userMessage,
} from '../../../support/thread-fixtures.ts';
import { openVirtualScreen, type VirtualScreen, type VirtualScreenOptions } from '../../../support/virtual-screen.ts';

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
describe('overlays', () => {
  const threadList = (...threads: ReturnType<typeof emptySnapshot>['thread'][]) => ({
    data: threads,
    nextCursor: null,
    presence: { 'thread-2': [{ ...otherClient, role: 'operator', attachedAtMs: 0, lastActiveAtMs: 0 }] },
  });
  const second = () => {
    const snapshot = snapshotWith([turnOf([userMessage('the second thread')])]);
    return {
      ...snapshot,
      thread: {
        ...snapshot.thread,
        id: 'thread-2',
        preview: 'fix the tests',
        status: { type: 'active' as const, activeFlags: [] },
      },
    };
  };

  test('/resume goes to another thread', async () => {
    const link = new ScriptedLink(emptySnapshot(), second());
    link.answer('thread/list', () =>
      threadList({ ...emptySnapshot().thread, preview: 'write a poem' }, second().thread),
    );
    const screen = await show({ link, ...inThread });
    screen.type('/resume\r');
    await screen.waitForText(/› write a poem[\s\S]*fix the tests {2}working 1 attached/);
    screen.type('tests');
    await screen.waitForNoText('write a poem');
    screen.type('\r');
    await screen.waitForText('› the second thread');
    expect([link.isFollowed(THREAD_ID), link.isFollowed('thread-2')]).toEqual([false, true]);
    screen.type('\u0004');
    expect(await screen.exit).toMatchObject({ threadId: 'thread-2', reason: 'quit', message: null });
  });

  test('/new starts one', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const newThread = async () => {
      link.addThread(second());
      return 'thread-2';
    };
    const screen = await show({ link, ...inThread, newThread });
    screen.type('/new\r');
    await screen.waitForText('thread thread-2');
  });

  test('/model changes model and effort', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const effort = (name: string) => ({ reasoningEffort: name, description: `${name} effort` });
    const model = (name: string) => ({
      id: name,
      model: name,
      displayName: name.toUpperCase(),
      description: 'a model',
      hidden: false,
      isDefault: false,
      defaultReasoningEffort: 'low',
      supportedReasoningEfforts: [effort('low'), effort('high')],
    });
    link.answer('model/list', () => ({ data: [model('practice-1'), model('other')], nextCursor: null }));
    const screen = await show({ link, ...inThread });
    screen.type('/model\r');
    await screen.waitForText('› PRACTICE-1');
    screen.type('\u001b[B\r');
    await screen.waitForText('Reasoning effort of OTHER');
    screen.type('high\r');
    expect((await link.nextCall('thread/settings/update')).params).toEqual({
      ...inThread,
      model: 'other',
      effort: 'high',
    });
    await screen.waitForText('model: other high');
  });

  test('/help, the pager and the full detail open and close', async () => {
    const output = Array.from({ length: 40 }, (_, index) => `row ${index}`).join('\n');
    const screen = await show({
      link: new ScriptedLink(snapshotWith([turnOf([command({ aggregatedOutput: output })])])),
      ...inThread,
    });
    await screen.waitForText('… +35 lines (ctrl+o shows all)');
    screen.type('/help\r');
    await screen.waitForText('Keys');
    screen.type('\u001b');
    await screen.waitForNoText('Keys');
    screen.type('\u0014');
    await screen.waitForText('row 30');
    screen.type('\u001b[H');
    await screen.waitForText(/✔ Ran npm test · exit 0\n {2}└ row 0/);
    screen.type('q');
    await screen.waitForText('… +35 lines');
    screen.type('\u000f');
    await screen.waitForText('row 30');
  });

  test('a call that fails is a line', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.refuse('daemon/status', 'timedOut', 'the daemon did not answer');
    const screen = await show({ link, ...inThread });
    screen.type('/status\r');
    await screen.waitForText('the daemon did not answer');
  });
});
