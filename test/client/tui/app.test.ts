import { afterEach, describe, expect, test } from 'vitest';
import { ScriptedLink } from '../../support/scripted-link.ts';
import {
  agentMessage,
  command,
  emptySnapshot,
  fileChange,
  snapshotWith,
  THREAD_ID,
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

describe('leaving', () => {
  const MODES_ON = '\u001b[?2004h\u001b[>1u\u001b[?1004h\u001b[?1007s\u001b[?1007l';
  const MODES_OFF = '\u001b[?1004l\u001b[<u\u001b[?2004l\u001b[?1007h\u001b[?1007r';

  test('gives the terminal back and says that the turn goes on', async () => {
    const screen = await show({ link: new ScriptedLink(runningSnapshot(userMessage('go'))), ...inThread });
    screen.type('\u0003');
    await screen.waitForText('press ctrl+c again to quit (the turn goes on)');
    screen.type('\u0003');
    expect(await screen.exit).toEqual({
      threadId: THREAD_ID,
      isKept: true,
      reason: 'quit',
      message: 'The turn goes on in the daemon.',
    });
    expect(screen.output()).toContain(MODES_ON);
    expect(screen.output().lastIndexOf('\u001b[?1049l')).toBeGreaterThan(screen.output().indexOf(MODES_OFF));
    expect(screen.output().split(MODES_OFF)).toHaveLength(2);
  });

  test('when the link is closed for good keeps what was typed', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const screen = await show({ link, ...inThread });
    screen.type('half a thou');
    await screen.waitForText('half a thou');
    link.setState({ kind: 'closed', why: 'the daemon speaks another protocol' });
    expect(await screen.exit).toEqual({
      threadId: THREAD_ID,
      isKept: true,
      reason: 'linkClosed',
      message: 'the daemon speaks another protocol\nNot sent: half a thou',
    });
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('by %s restores the terminal', async (signal) => {
    const screen = await show({ link: new ScriptedLink(emptySnapshot()), ...inThread });
    process.emit(signal, signal);
    expect(await screen.exit).toEqual({
      threadId: THREAD_ID,
      isKept: false,
      reason: 'quit',
      message: `ended by ${signal}`,
    });
    expect(screen.output()).toContain(MODES_OFF);
    expect(process.listenerCount(signal)).toBe(0);
  });

  test('a thread that is not there is an error, and the terminal untouched', async () => {
    await expect(openVirtualScreen({ link: new ScriptedLink(), threadId: 'none' })).rejects.toThrow('no thread none');
  });
});

describe('the screen', () => {
  test('follows the size of the terminal, and typing goes on while the link is down', async () => {
    const link = new ScriptedLink(snapshotWith([turnOf([agentMessage('one two three four five six seven')])]));
    const screen = await show({ link, ...inThread });
    await screen.waitForText('• one two three four five six seven');
    screen.resize(24, 10);
    await screen.waitForText('• one two three four\n  five six seven');
    link.setState({ kind: 'reconnecting', sinceMs: Date.now(), attempt: 1 });
    await screen.waitForText('reconnecting 0s');
    screen.type('still here');
    await screen.waitForText('› still here');
    expect(screen.cursor()).toEqual({ row: 8, column: 12 });
    link.setState({ kind: 'connected' }, 'client-7');
    await screen.waitForNoText('reconnecting');
  });

  test('scrolls, tells that there is more, and goes to the end with a prompt', async () => {
    const turns = Array.from({ length: 40 }, (_, index) =>
      turnOf([agentMessage(`answer ${index}`, `m${index}`)], { id: `t${index}` }),
    );
    const link = new ScriptedLink(snapshotWith(turns));
    const screen = await show({ link, ...inThread });
    await screen.waitForText('answer 39');
    screen.type('\u001b[5~');
    await screen.waitForText(/answer 25[\s\S]*↓ more/);
    const above = screen.screenText().split('\n')[0];
    link.emit(THREAD_ID, {
      method: 'turn/started',
      params: { ...inThread, turn: turnOf([agentMessage('a new answer', 'new')], { status: 'inProgress' }) },
    });
    await screen.waitForText('Working');
    expect(screen.screenText().split('\n')[0]).toBe(above);
    screen.type('on\r');
    await screen.waitForText('a new answer');
    expect(screen.screenText()).not.toContain('↓ more');
  });

  test('tells that the daemon stops', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const screen = await show({ link, ...inThread });
    link.announce({ method: 'daemon/stopping', params: { reason: 'a newer build was installed' } });
    await screen.waitForText('the daemon stops: a newer build was installed');
  });

  test('has no colours with NO_COLOR', async () => {
    const link = new ScriptedLink(snapshotWith([turnOf([fileChange()])]));
    const plain = await show({ link, ...inThread, env: { TERM: 'xterm-256color', NO_COLOR: '1' } });
    await plain.waitForText('+ zwei');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
    expect(plain.output()).not.toMatch(/\u001b\[[0-9;]*(?:3|4|9)[0-8][;m]/);
  });

  test('keeps escape sequences of tools out of the terminal', async () => {
    const evil = command({ aggregatedOutput: 'a\u001b]0;owned\u0007\u001b[2Jb\u009b31mc' });
    const screen = await show({ link: new ScriptedLink(snapshotWith([turnOf([evil])])), ...inThread });
    await screen.waitForText('└ abc');
    expect(screen.output()).not.toContain('owned');
  });
});
