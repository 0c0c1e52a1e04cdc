import { describe, expect, test } from 'vitest';
import { threadAttach } from '../../machines/protocol/methods/thread.ts';
import { threadShellCommand } from '../../machines/protocol/methods/thread-work.ts';
import { turnInterrupt, turnSteer } from '../../machines/protocol/methods/turn.ts';
import { attachThread, type ClientThread, startThread } from '../support/client-turns.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { call, reply, text, userTexts } from '../support/fake-openai.ts';
import { logOf, type Scene, startScene } from '../support/scene.ts';
import { isAlive, until } from '../support/start-daemon.ts';

async function shell(client: DaemonClient, thread: ClientThread, command: string, timeoutMs?: number) {
  const known = thread.turns.length;
  await client.request(threadShellCommand, { threadId: thread.id, command, ...(timeoutMs ? { timeoutMs } : {}) });
  return (await thread.waitFor('the turn', () => thread.turns[known])).id;
}

/** A client with a variable of its own. */
const marked = ({ temp }: Scene, mark: string) => ({
  environment: { variables: { PATH: process.env.PATH ?? '', HOME: temp.root, MARK: mark } },
});

/** What the model reads of a command: its time is left out. */
const told = (words: string) => words.replace(/Duration: \d+\.\d{4} seconds/, 'Duration: …');
const toldOf = (command: string, exitCode: number, output: string) =>
  `<user_shell_command>\n<command>\n${command}\n</command>\n<result>\nExit code: ${exitCode}\nDuration: …\nOutput:\n${output}\n</result>\n</user_shell_command>`;

describe('a command that a person types', () => {
  test.each([
    { encoding: 'msgpack', isOurs: true },
    { encoding: 'json', isOurs: false },
  ] as const)('is a turn of its own, shown with its source and told to the model ($encoding)', async (kind) => {
    const scene = await startScene({ script: [text('I see')], config: { envKey: null } });
    const client = await scene.connect(kind);
    const thread = await startThread(client, { cwd: scene.temp.workspace });
    const command = 'echo out; echo err >&2; exit 3';
    const from = thread.events.length;

    const turnId = await shell(client, thread, command);
    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed', error: null, items: [] });

    expect(thread.outline(from).filter((line) => !line.endsWith('outputDelta'))).toEqual([
      'thread/status/changed active',
      'turn/started',
      'item/started commandExecution',
      'item/completed commandExecution failed',
      'thread/readState/changed',
      'thread/status/changed idle',
      'turn/completed completed',
    ]);
    const [item] = thread.itemsOf('commandExecution');
    expect(item).toMatchObject({
      command: expect.stringMatching(/^\/bin\/\w+ -lc 'echo out; echo err >&2; exit 3'$/),
      cwd: scene.temp.workspace,
      source: 'userShell',
      status: 'failed',
      exitCode: 3,
      commandActions: [{ type: 'unknown', command }],
    });
    expect([...(item?.aggregatedOutput ?? '').split('\n')].sort()).toEqual(['', 'err', 'out']);

    await thread.run('what happened?');
    const [request] = scene.openai.requests;
    const words = request ? userTexts(request).filter((part) => part.startsWith('<user_shell')) : [];
    expect(words.map(told)).toEqual([toldOf(command, 3, item?.aggregatedOutput ?? '')]);
    const core = logOf(scene.temp, thread.id).find(({ payload }) => payload.type === 'item_completed')?.payload.item;
    expect(core).toMatchObject({ type: 'CommandExecution', source: 'user_shell', status: 'failed', exit_code: 3 });
  });

  test('runs in the environment of who typed it, outside of the sandbox', async () => {
    const scene = await startScene();
    const client = await scene.connect(marked(scene, 'mine'));
    const thread = await startThread(client, { cwd: scene.temp.workspace, sandbox: 'read-only' });

    await thread.ended(await shell(client, thread, 'echo $MARK > made.txt && cat made.txt'));
    expect(thread.itemsOf('commandExecution')).toMatchObject([{ status: 'completed', aggregatedOutput: 'mine\n' }]);
  });

  test('beside a running turn belongs to it, and its output is asked about next', async () => {
    const scene = await startScene({ script: [text('Slow', { gate: 'slow' }), text('Seen')] });
    const client = await scene.connect();
    const other = await scene.connect(marked(scene, 'theirs'));
    const thread = await startThread(client, { cwd: scene.temp.workspace });
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);

    await attachThread(other, thread.id);
    await other.request(threadShellCommand, { threadId: thread.id, command: 'echo $MARK' });
    await thread.waitFor('its end', () => thread.itemsOf('commandExecution')[0]?.status === 'completed');
    scene.openai.gate('slow').release();

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed', items: [{ text: 'Seen' }] });
    expect(thread.turns).toHaveLength(1);
    const second = await scene.openai.waitForRequest(2);
    expect(told(userTexts(second).at(-1) ?? '')).toBe(toldOf('echo $MARK', 0, 'theirs\n'));
    expect(second.body.input.filter(({ role }) => role === 'assistant')).toHaveLength(1);
  });

  test('beside a call leaves the history valid', async () => {
    const exec = call('exec_command', { cmd: 'read line < fifo; echo $line', login: false }, { callId: 'c1' });
    const scene = await startScene({ script: ({ index }) => (index === 0 ? reply([exec]) : text('Done')) });
    const client = await scene.connect();
    const thread = await startThread(client, { cwd: scene.temp.workspace });
    await thread.ended(await shell(client, thread, 'mkfifo fifo'));
    const turnId = await thread.prompt('go');
    await thread.waitFor('the call', () => thread.itemsOf('commandExecution').some(({ id }) => id === 'c1'));

    await client.request(threadShellCommand, { threadId: thread.id, command: 'echo hello > fifo' });

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed' });
    expect(thread.itemsOf('commandExecution').find(({ id }) => id === 'c1')).toMatchObject({
      aggregatedOutput: 'hello\n',
    });
  });

  test('is killed by an interrupt with all it started, and its output so far is kept', async () => {
    const scene = await startScene({ script: [text('ok')] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await shell(client, thread, 'echo $$; sleep 300 & wait');
    const { params } = await thread.event('item/commandExecution/outputDelta');
    const pid = Number.parseInt(params.delta, 10);

    await client.request(turnInterrupt, { threadId: thread.id, turnId });

    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted' });
    await until('the command is gone', () => !isAlive(pid));
    expect(thread.itemsOf('commandExecution')).toMatchObject([
      { status: 'failed', exitCode: -1, aggregatedOutput: `${pid}\nended by the user\n` },
    ]);
    await thread.run('next');
  });

  test('ends when its time is over', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    const turn = await thread.ended(await shell(client, thread, 'echo begun; sleep 300', 300));

    expect(turn.status).toBe('completed');
    expect(thread.itemsOf('commandExecution')).toMatchObject([
      { status: 'failed', exitCode: 124, aggregatedOutput: expect.stringContaining('ended after its time of 0.3 s\n') },
    ]);
  });

  test('lets a message that is sent meanwhile wait for a turn of its own', async () => {
    const scene = await startScene({ script: [text('Answer')] });
    const client = await scene.connect();
    const thread = await startThread(client, { cwd: scene.temp.workspace });
    await thread.ended(await shell(client, thread, 'mkfifo fifo'));
    const turnId = await shell(client, thread, 'cat fifo');
    const input = [{ type: 'text' as const, text: 'and then?' }];
    await thread.event('item/started', 2);

    await client.request(turnSteer, { threadId: thread.id, expectedTurnId: turnId, input });
    await client.request(threadShellCommand, { threadId: thread.id, command: 'echo go > fifo' });

    await thread.ended(turnId);
    const answered = await thread.waitFor('the answer', () => thread.turns[2]);
    expect(await thread.ended(answered.id)).toMatchObject({ items: [{ text: 'Answer' }] });
    expect(thread.turns[1]?.items.map(({ type }) => type)).toEqual(['commandExecution', 'commandExecution']);
  });

  test.each(['', '  \n'])('is refused when it is empty: %j', async (command) => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    const asked = client.request(threadShellCommand, { threadId: thread.id, command });
    await expect(asked).rejects.toMatchObject({
      code: -32600,
      message: expect.stringContaining('command must not be empty'),
    });
  });

  test('is refused to those who only look', async () => {
    const scene = await startScene();
    const thread = await startThread(await scene.connect());
    const observer = await scene.connect();
    await observer.request(threadAttach, { threadId: thread.id, role: 'observer' });
    const asked = observer.request(threadShellCommand, { threadId: thread.id, command: 'echo no' });
    await expect(asked).rejects.toMatchObject({ errorName: 'observerOnly' });
  });

  test('that a crash cut is closed when the thread is loaded again', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const thread = await startThread(client);
    await shell(client, thread, 'echo begun; sleep 300');
    await thread.event('item/commandExecution/outputDelta');

    await scene.daemon.kill9();
    await scene.start();

    const after = await attachThread(await scene.connect(), thread.id);
    expect(after.turns).toMatchObject([
      { status: 'interrupted', items: [{ type: 'commandExecution', source: 'userShell', status: 'failed' }] },
    ]);
  });
});
