import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import {
  commandItem,
  itemCompleted,
  itemStarted,
  makeTurn,
  THREAD_ID,
  TURN_ID,
  turnCompleted,
  turnStarted,
} from '../../support/client-thread.ts';
import { makeScene, message } from '../../support/exec-scene.ts';
import { elicitationOf } from '../../support/thread-fixtures.ts';

describe('codex exec', () => {
  test('prints the answer alone on stdout and the course on stderr', async () => {
    const { run, paramsOf, cwd } = await makeScene({ notices: ['the practice model answers'] });
    const { exitCode, stdout, stderr } = await run('exec', 'do it').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Done.\n' });
    expect(stderr).toMatch(
      /^Reading additional input from stdin\.\.\.\nthe practice model answers\ncodex v0\.1\.0 \(daemon pid 42\)\n/,
    );
    expect(stderr).toMatch(/\nuser\ndo it\ncodex\nDone\.\ntokens used\n0\n$/);
    expect(paramsOf('thread/start')).toEqual([
      { cwd, sandbox: 'read-only', approvalPolicy: 'never', ephemeral: false, threadSource: 'exec' },
    ]);
    expect(paramsOf('turn/start')).toMatchObject([
      { threadId: THREAD_ID, input: [{ type: 'text', text: 'do it' }], whenBusy: 'queue' },
    ]);
  });

  test.each(['--json', '--experimental-json'])('prints JSON lines alone on stdout with %s', async (flag) => {
    const { run } = await makeScene();
    const { exitCode, stdout } = await run('exec', flag, 'do it').done;

    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { type: 'thread.started', thread_id: THREAD_ID },
      { type: 'turn.started' },
      { type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text: 'Done.' } },
      { type: 'turn.completed', usage: expect.any(Object) },
    ]);
  });

  test('takes flags, overrides and files along', async () => {
    const { run, paramsOf, cwd } = await makeScene({
      answers: { 'config/read': () => ({ config: { sandbox_mode: 'workspace-write' }, origins: {} }) },
    });
    const answer = join(cwd, 'answer.txt');
    const args = ['exec', '-m', 'gpt', '-c', 'x=1', '--ephemeral', '-i', 'a.png,/b.png', '-o', 'answer.txt', 'do it'];
    await run(...args).done;

    expect(paramsOf('thread/start')).toMatchObject([
      { model: 'gpt', config: { x: '1' }, sandbox: 'workspace-write', ephemeral: true },
    ]);
    expect(paramsOf('turn/start')).toMatchObject([
      {
        input: [
          { type: 'localImage', path: join(cwd, 'a.png') },
          { type: 'localImage', path: '/b.png' },
          { type: 'text', text: 'do it' },
        ],
      },
    ]);
    expect(readFileSync(answer, 'utf8')).toBe('Done.');
  });

  test('answers with the plan that the turn proposes, not with what is said beside it', async () => {
    const plan: ThreadItem = { type: 'plan', id: 'p', text: '# Notes\n\n1. Write' };
    const turn = [message('Planning.'), plan, message('Shall I?')].map(itemCompleted);
    const { run, cwd } = await makeScene({ turn: [turnStarted(), ...turn, turnCompleted()] });

    const shown = await run('exec', '-o', 'answer.txt', 'do it').done;
    expect({ exitCode: shown.exitCode, stdout: shown.stdout }).toEqual({
      exitCode: 0,
      stdout: '# Notes\n\n1. Write\n',
    });
    expect(shown.stderr).toMatch(/codex\nPlanning\.\nproposed plan\n# Notes\n\n1\. Write\ncodex\nShall I\?\n/);
    expect(readFileSync(join(cwd, 'answer.txt'), 'utf8')).toBe('# Notes\n\n1. Write');

    const { stdout } = await run('exec', '--json', 'do it').done;
    expect(stdout.split('\n')).toContain(
      '{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"# Notes\\n\\n1. Write"}}',
    );
  });

  test('ends with 1 and an empty answer file when the turn fails', async () => {
    const failed = turnCompleted({ status: 'failed', error: { message: 'out of luck' } });
    const { run, cwd } = await makeScene({ turn: [turnStarted(), itemCompleted(message('half')), failed] });
    const { exitCode, stdout } = await run('exec', '--json', '-o', 'answer.txt', 'do it').done;

    expect(exitCode).toBe(1);
    expect(stdout.trim().split('\n').at(-1)).toBe('{"type":"turn.failed","error":{"message":"out of luck"}}');
    expect(readFileSync(join(cwd, 'answer.txt'), 'utf8')).toBe('');
  });

  test('refuses a folder that is neither a repository nor trusted, before it asks the model', async () => {
    const { run, cwd, paramsOf } = await makeScene({ isRepository: false });
    mkdirSync(join(cwd, '.git')); // What a sandbox leaves, and git would not take for a repository.
    const { exitCode, stdout, stderr } = await run('exec', '--json', 'do it').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`ERROR: ${cwd} is neither in a git repository nor trusted; add --skip-git-repo-check`);
    expect(paramsOf('thread/start')).toEqual([]);
  });

  test.each([
    { name: 'the flag', args: ['--skip-git-repo-check'], trust: false },
    { name: 'trust', args: [], trust: true },
  ])('works there with $name', async ({ args, trust }) => {
    const scene = await makeScene({
      isRepository: false,
      answers: {
        'config/read': () => ({
          config: trust ? { projects: { [scene.cwd]: { trust_level: 'trusted' } } } : {},
          origins: {},
        }),
      },
    });

    expect((await scene.run('exec', ...args, 'do it').done).exitCode).toBe(0);
  });

  test('says a daemon error in one line', async () => {
    const { run } = await makeScene({
      answers: {
        'config/read': () => {
          throw new RpcError('configInvalid', 'config.toml:1:5:\n  bad value');
        },
      },
    });
    const { exitCode, stderr } = await run('exec', 'do it').done;

    expect(exitCode).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toBe('ERROR: config.toml:1:5: bad value');
  });

  test('says that it waits for an answer, and to what', async () => {
    const params = elicitationOf({ threadId: THREAD_ID, turnId: TURN_ID });
    const asked: ThreadNotification = { method: 'approval/requested', params };
    const { run } = await makeScene({ turn: [turnStarted(), asked, turnCompleted()] });

    expect((await run('exec', 'do it').done).stderr).toContain(
      'waiting for an answer (the MCP server box asks: Who are you?); answer it with `codex attach`',
    );
  });

  test('says that it waits for an approval which another client made the thread ask', async () => {
    const asked: ThreadNotification = {
      method: 'approval/requested',
      params: {
        approvalId: 'a',
        kind: 'command',
        threadId: THREAD_ID,
        turnId: TURN_ID,
        itemId: 'call-1',
        command: 'rm x',
        cwd: '/repo',
        reason: null,
        availableDecisions: ['accept', 'decline'],
        startedAtMs: 1,
      },
    };
    const { run } = await makeScene({ turn: [turnStarted(), asked, turnCompleted()] });

    expect((await run('exec', 'do it').done).stderr).toContain('waiting for an approval of rm x');
  });

  test('goes on over a lost connection, and shows each item once', async () => {
    const { run, fake, called } = await makeScene({ turn: [turnStarted(), itemStarted(commandItem())] });
    const started = run('exec', '--json', 'do it');
    await called('turn/start');
    fake.cut();
    fake.emit(THREAD_ID, itemCompleted(commandItem({ status: 'completed', exitCode: 0, aggregatedOutput: 'hi\n' })));
    fake.emit(THREAD_ID, turnCompleted());
    const { exitCode, stdout } = await started.done;

    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['thread.started', 'turn.started', 'item.started', 'item.completed', 'turn.completed']);
  });

  test('waits behind a running turn and shows its own only', async () => {
    const { run, fake } = await makeScene({
      answers: {
        'turn/start': ({ clientUserMessageId }: { clientUserMessageId: string }, { afterReply }) => {
          afterReply(() => {
            fake.emit(THREAD_ID, itemCompletedIn('other', message('not mine')));
            fake.emit(THREAD_ID, turnIn('turn/completed', 'other', 'completed'));
            fake.emit(THREAD_ID, turnIn('turn/started', 'mine', 'inProgress'));
            const content = [{ type: 'text' as const, text: 'do it' }];
            fake.emit(
              THREAD_ID,
              itemCompletedIn('mine', { type: 'userMessage', id: 'u', content, clientId: clientUserMessageId }),
            );
            fake.emit(THREAD_ID, itemCompletedIn('mine', message('mine')));
            fake.emit(THREAD_ID, turnIn('turn/completed', 'mine', 'completed'));
          });
          return { turn: makeTurn({ id: 'other' }), queued: true };
        },
      },
    });
    const { exitCode, stdout, stderr } = await run('exec', 'do it').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'mine\n' });
    expect(stderr).toContain('the thread is at work; the prompt waits until that turn ends');
    expect(stderr).not.toContain('not mine');
  });

  test.each([
    { signal: 'SIGINT', deaths: [] },
    { signal: 'SIGTERM', deaths: ['SIGTERM'] },
    { signal: 'SIGHUP', deaths: ['SIGHUP'] },
  ] as const)('interrupts its turn at $signal', async ({ signal, deaths }) => {
    const { run, called, paramsOf } = await makeScene({ turn: [turnStarted()] });
    const started = run('exec', '--json', 'do it');
    await called('turn/start');
    started.signal(signal);
    const { exitCode, stdout } = await started.done;

    expect(exitCode).toBe(1);
    expect(started.deaths).toEqual(deaths);
    expect(paramsOf('turn/interrupt')).toEqual([{ threadId: THREAD_ID, turnId: TURN_ID }]);
    expect(stdout).not.toContain('turn.completed');
  });

  const runsOn = [itemStarted(commandItem()), itemStarted(commandItem({ id: 'ended' }))];
  const terminal = (itemId: string, processId: string) => ({ itemId, processId, osPid: 1, command: itemId, cwd: '/' });
  const terminals = {
    'thread/backgroundTerminals/list': () => ({
      data: [terminal('call-1', '7'), terminal('of another turn', '8')],
      nextCursor: null,
    }),
    'thread/backgroundTerminals/terminate': () => ({ terminated: true }),
  };

  test('ends the commands that its turn has left running, and no others', async () => {
    const turn = [...runsOn, itemCompleted(commandItem({ id: 'ended', status: 'completed', exitCode: 0 }))];
    const { run, paramsOf } = await makeScene({ turn: [turnStarted(), ...turn, turnCompleted()], answers: terminals });
    const { exitCode, stderr } = await run('exec', 'do it').done;

    expect(exitCode).toBe(0);
    expect(paramsOf('thread/backgroundTerminals/terminate')).toEqual([{ threadId: THREAD_ID, processId: '7' }]);
    expect(stderr).toMatch(/\nended what the turn had left running: \/bin\/bash -lc 'echo hi'\n$/);
  });

  test('shows nothing of a turn after its end, also when a command that it left ends then', async () => {
    const late = itemCompleted(commandItem({ status: 'failed', exitCode: null }));
    const { run } = await makeScene({ turn: [turnStarted(), ...runsOn, turnCompleted(), late], answers: terminals });
    const { stdout } = await run('exec', '--json', 'do it').done;

    expect(stdout.trim().split('\n').at(-1)).toContain('"type":"turn.completed"');
  });

  test('asks for no list when its turn has left nothing running', async () => {
    const ended = itemCompleted(commandItem({ status: 'completed', exitCode: 0 }));
    const turn = [turnStarted(), itemStarted(commandItem()), ended, turnCompleted()];
    const { run, paramsOf } = await makeScene({ turn, answers: terminals });
    await run('exec', 'do it').done;

    expect(paramsOf('thread/backgroundTerminals/list')).toEqual([]);
  });

  test('ends them at a signal too', async () => {
    const { run, paramsOf } = await makeScene({ turn: [turnStarted(), ...runsOn], answers: terminals });
    const started = run('exec', '--json', 'do it');
    await started.stdout.saw('"item_1"');
    started.signal('SIGTERM');
    await started.done;

    expect(started.deaths).toEqual(['SIGTERM']);
    expect(paramsOf('thread/backgroundTerminals/terminate')).toEqual([{ threadId: THREAD_ID, processId: '7' }]);
  });

  test('keeps its exit status and says so when they cannot be ended', async () => {
    const refuse = () => {
      throw new RpcError('threadNotFound', 'thread not found');
    };
    const { run } = await makeScene({
      turn: [turnStarted(), ...runsOn, turnCompleted()],
      answers: { 'thread/backgroundTerminals/list': refuse },
    });
    const { exitCode, stdout, stderr } = await run('exec', 'do it').done;

    expect(exitCode).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('commands of this turn may still run: thread not found');
  });

  test('interrupts its turn when nobody reads its output any more', async () => {
    const { run, called, paramsOf } = await makeScene({ turn: [turnStarted()] });
    const started = run('exec', '--json', 'do it');
    await called('turn/start');
    started.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));

    expect((await started.done).exitCode).toBe(1);
    expect(paramsOf('turn/interrupt')).toHaveLength(1);
  });
});

const turnIn = (method: 'turn/started' | 'turn/completed', id: string, status: 'inProgress' | 'completed') =>
  ({ method, params: { threadId: THREAD_ID, turn: makeTurn({ id, status }) } }) satisfies ThreadNotification;
const itemCompletedIn = (turnId: string, item: ThreadItem): ThreadNotification => ({
  method: 'item/completed',
  params: { threadId: THREAD_ID, turnId, item, completedAtMs: 1 },
});
