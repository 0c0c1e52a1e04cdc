import { describe, expect, test } from 'vitest';
import { ALL_SOURCE_KINDS } from '../../../machines/protocol/methods/thread-search.ts';
import { startCli } from '../../support/cli-context.ts';
import { makeSnapshot, makeThread, THREAD_ID } from '../../support/client-thread.ts';
import { makeScene, openedThread } from '../../support/exec-scene.ts';

describe('codex exec resume', () => {
  const list = (ids: readonly string[]) => ({
    'thread/list': () => ({ data: ids.map((id) => makeThread({ id })), nextCursor: null, presence: {} }),
  });

  test('goes on in the thread of the id, with the permissions of now', async () => {
    const { run, paramsOf, cwd } = await makeScene();
    const { exitCode } = await run('exec', 'resume', THREAD_ID, 'go on').done;

    expect(exitCode).toBe(0);
    expect(paramsOf('thread/resume')).toEqual([
      { threadId: THREAD_ID, excludeTurns: true, cwd, sandbox: 'read-only', approvalPolicy: 'never' },
    ]);
  });

  test('takes the newest thread of this folder with --last, and the argument as prompt', async () => {
    const { run, paramsOf, cwd } = await makeScene({ answers: list([THREAD_ID]) });
    await run('exec', 'resume', '--last', 'go on').done;

    expect(paramsOf('thread/list')).toEqual([{ limit: 20, sourceKinds: ALL_SOURCE_KINDS, cwd }]);
    expect(paramsOf('turn/start')).toMatchObject([{ input: [{ text: 'go on' }] }]);
  });

  test('looks in all folders with --all, and starts a new thread when there is none', async () => {
    const { run, paramsOf } = await makeScene({ answers: list([]) });
    const { exitCode, stderr } = await run('exec', 'resume', '--last', '--all', 'go on').done;

    expect(exitCode).toBe(0);
    expect(paramsOf('thread/list')).toEqual([{ limit: 20, sourceKinds: ALL_SOURCE_KINDS }]);
    expect(paramsOf('thread/start')).toHaveLength(1);
    expect(stderr).toContain('there is no thread to resume here; starting a new one');
  });

  test('fails for an unknown id without an event', async () => {
    const { run } = await makeScene({ answers: list([]) });
    const { exitCode, stdout, stderr } = await run('exec', 'resume', '--json', 'nope', 'go on').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('ERROR: no rollout found for thread id nope; `codex threads` lists them');
  });
});

describe('codex exec fork', () => {
  test('runs the prompt in a copy of the thread, with the permissions of now', async () => {
    const { run, paramsOf, fake, cwd } = await makeScene({
      answers: {
        'thread/fork': () => {
          fake.addThread(makeSnapshot());
          return openedThread();
        },
      },
    });
    const { exitCode, stdout } = await run('e', 'fork', THREAD_ID, '--ephemeral', 'another way').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Done.\n' });
    expect(paramsOf('thread/fork')).toEqual([
      {
        threadId: THREAD_ID,
        excludeTurns: true,
        cwd,
        sandbox: 'read-only',
        approvalPolicy: 'never',
        ephemeral: true,
        threadSource: 'exec',
      },
    ]);
    expect(paramsOf('turn/start')).toMatchObject([{ input: [{ text: 'another way' }] }]);
  });
});

describe('codex try without a terminal', () => {
  test('repairs a fresh copy of the example', async () => {
    const { run, paramsOf } = await makeScene({ isRepository: false });
    const { exitCode, stdout } = await run('try').done;

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Done.\n' });
    expect(paramsOf('thread/start')).toEqual([
      { sandbox: 'workspace-write', approvalPolicy: 'never', threadSource: 'example' },
    ]);
  });

  test('runs a prompt in this folder', async () => {
    const { run, paramsOf, cwd } = await makeScene({ isRepository: false });
    await run('try', 'what', 'is', 'here?').done;

    expect(paramsOf('thread/start')).toMatchObject([{ cwd, threadSource: 'exec' }]);
    expect(paramsOf('turn/start')).toMatchObject([{ input: [{ text: 'what is here?' }] }]);
  });
});

describe('the terminal interface', () => {
  test.each([[[]], [['fix it']], [['attach']], [['try', '--no-such']]])('is not opened for %j here', async (args) => {
    const { run } = await makeScene();
    const { exitCode, stdout, stderr } = await run(...args).done;

    expect(exitCode).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('is opened on a new thread, and the way back is said at its end', async () => {
    const { env, cwd, paramsOf } = await makeScene({ notices: ['careful'] });
    const seen: unknown[] = [];
    const { exitCode, stderr } = await startCli(['fix it'], {
      env,
      cwd,
      isTerminal: true,
      loadTui: () =>
        Promise.resolve({
          runTui: async ({ threadId, initialPrompt, role, notices, newThread }) => {
            seen.push({ threadId, initialPrompt, role, notices, next: await newThread() });
            return { threadId, isKept: true, reason: 'quit', message: 'bye' };
          },
        }),
    }).done;

    expect(seen).toEqual([
      { threadId: THREAD_ID, initialPrompt: 'fix it', role: 'operator', notices: ['careful'], next: THREAD_ID },
    ]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `bye\nTo come back to this thread: codex resume ${THREAD_ID}\n`,
    });
    expect(paramsOf('thread/start')).toEqual([
      { cwd, threadSource: 'user' },
      { cwd, threadSource: 'user' },
    ]);
  });

  test.each([
    ['threds', 'codex threads'],
    ['resum', 'codex resume'],
    ['dameon', 'codex daemon'],
    ['loggin', 'codex login'],
  ])('is not opened for a command that is mistyped: %s', async (word, meant) => {
    const { run } = await makeScene();

    expect(await run(word).done).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`there is no command \`${word}\`; did you mean \`${meant}\`?`),
    });
  });

  test.each(['who', 'explain', 'Threads', 'fix threds', 'summarize'])('takes %j for a prompt', async (prompt) => {
    const { run } = await makeScene();

    expect((await run(prompt).done).stderr).toContain('this needs a terminal');
  });

  test('watches as an observer, without touching the thread', async () => {
    const { env, cwd, paramsOf } = await makeScene();
    const roles: string[] = [];
    await startCli(['attach', THREAD_ID, '--watch'], {
      env,
      cwd,
      isTerminal: true,
      loadTui: () =>
        Promise.resolve({
          runTui: ({ role, threadId }) => {
            roles.push(role);
            return Promise.resolve({ threadId, isKept: true, reason: 'linkClosed', message: null });
          },
        }),
    }).done;

    expect(roles).toEqual(['observer']);
    expect([...paramsOf('thread/start'), ...paramsOf('thread/resume')]).toEqual([]);
  });

  test('resumes a thread that was chosen from the list', async () => {
    const { env, cwd, paramsOf } = await makeScene({
      answers: { 'thread/list': () => ({ data: [makeThread({ name: 'mine' })], nextCursor: null, presence: {} }) },
    });
    const { stderr } = await startCli(['resume'], {
      env,
      cwd,
      stdin: '1\n',
      isTerminal: true,
      loadTui: () =>
        Promise.resolve({
          runTui: ({ threadId }) => Promise.resolve({ threadId, isKept: false, reason: 'quit', message: null }),
        }),
    }).done;

    expect(stderr).toMatch(/#\s+ID\s+STATE/);
    // It goes with its last client: there is no way back to speak of.
    expect(stderr).not.toContain('To come back');
    expect(paramsOf('thread/resume')).toEqual([{ threadId: THREAD_ID, excludeTurns: true }]);
  });
});
