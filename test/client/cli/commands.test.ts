import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import { ALL_SOURCE_KINDS } from '../../../machines/protocol/methods/thread-search.ts';
import type { OpenApproval } from '../../../machines/protocol/types/approval.ts';
import type { ElicitationSchema } from '../../../machines/protocol/types/elicitation.ts';
import { withFake, withTiny } from '../../support/cli-homes.ts';
import { makeThread, THREAD_ID, TURN_ID } from '../../support/client-thread.ts';
import { elicitationOf, userInputOf } from '../../support/thread-fixtures.ts';

const addressForm: OpenApproval['form'] = {
  type: 'mcpUrl',
  server: 'box',
  message: 'Sign in',
  url: 'https://example.test/in',
  elicitationId: 'e1',
};
const formOf = (properties: ElicitationSchema['properties']): OpenApproval['form'] => ({
  type: 'mcpForm',
  server: 'box',
  message: 'Sure?',
  schema: { type: 'object', properties },
});

describe('codex threads', () => {
  test('prints pages as one table or one array', async () => {
    const pages = [makeThread({ id: 'a', name: 'first' }), makeThread({ id: 'b', name: 'second' })];
    const { fake, run } = await withFake({
      'thread/list': ({ cursor }: { cursor?: string }) =>
        cursor === undefined
          ? { data: pages.slice(0, 1), nextCursor: 'more', presence: {} }
          : { data: pages.slice(1), nextCursor: null, presence: {} },
    });

    expect((await run(['threads'])).stdout.split('\n')).toHaveLength(4);
    expect(JSON.parse((await run(['threads', '--json', '--all'])).stdout)).toMatchObject([
      { id: 'a', name: 'first', state: 'idle', attached: [] },
      { id: 'b' },
    ]);
    const sourceKinds = ALL_SOURCE_KINDS;
    expect(fake.calls.filter(({ method }) => method === 'thread/list').map(({ params }) => params)).toEqual([
      { limit: 30, sourceKinds },
      { limit: 29, sourceKinds, cursor: 'more' },
      { limit: 200, sourceKinds },
      { limit: 200, sourceKinds, cursor: 'more' },
    ]);
  });

  test('says how to begin when there are none', async () => {
    const { run } = withTiny();

    expect(await run('threads')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'there are no threads yet; `codex` starts one\n',
    });
  });
});

describe('codex why', () => {
  test('has an exit status for a thread that is not there', async () => {
    const { run } = await withFake({
      'thread/list': () => ({ data: [], nextCursor: null, presence: {} }),
      'thread/why': () => {
        throw new RpcError('threadNotFound', 'no rollout found');
      },
    });

    expect((await run(['why', 'nope'])).exitCode).toBe(4);
    expect((await run(['why', THREAD_ID])).exitCode).toBe(4);
  });
});

describe('codex approvals', () => {
  const approval: OpenApproval = {
    approvalId: 'approval-1',
    kind: 'command',
    threadId: THREAD_ID,
    turnId: TURN_ID,
    itemId: 'call-1',
    command: 'npm test',
    cwd: '/repo',
    reason: 'it needs the network',
    availableDecisions: ['accept', 'decline'],
    startedAtMs: 1,
  };

  const waiting = (open: readonly OpenApproval[] = [approval]) =>
    withFake({ 'approval/list': () => ({ data: [...open] }), 'approval/respond': () => ({}) });

  test('lists the open questions of all threads', async () => {
    const { run } = await waiting();

    expect((await run(['approvals'])).stdout).toBe(
      'approval-1  thread 01a2037f-348c  npm test in /repo (it needs the network)\n',
    );
  });

  test.each([
    ['allow', 'accept', 'allowed: npm test\n'],
    ['deny', 'decline', 'denied: npm test\n'],
  ])('%s answers one', async (word, decision, stderr) => {
    const { fake, run } = await waiting();

    expect(await run(['approvals', word, 'approval'])).toEqual({ exitCode: 0, stdout: '', stderr });
    expect(fake.calls.at(-1)).toEqual({
      method: 'approval/respond',
      params: { threadId: THREAD_ID, approvalId: 'approval-1', decision },
    });
  });

  test('says when there is no such question', async () => {
    const { run } = await waiting();

    expect(await run(['approvals', 'allow', 'other'])).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'error: no open question begins with other; `codex approvals` lists them\n',
    });
  });

  test('an id that could mean two is refused, with none answered', async () => {
    const { fake, run } = await waiting([approval, { ...approval, approvalId: 'approval-12' }]);

    expect(await run(['approvals', 'deny', '1'])).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'error: 2 open questions begin with 1; `codex approvals` lists them\n',
    });
    expect(fake.calls.map(({ method }) => method)).not.toContain('approval/respond');
  });

  test.each([
    { given: ['2', 'as it was'], answers: ['SQLite', 'as it was'] },
    { given: ['a FILE', '9'], answers: ['A file', '9'] },
  ])('answer $given answers what the model asks', async ({ given, answers: [store = '', name = ''] }) => {
    const { fake, run } = await waiting([userInputOf({ threadId: THREAD_ID })]);

    const done = await run(['approvals', 'answer', '1', ...given]);
    expect(done.stderr).toBe('answered: Where are the notes kept when the program ends? What is the command called?\n');
    expect(fake.calls.at(-1)?.params).toEqual({
      threadId: THREAD_ID,
      approvalId: 'approval-1',
      decision: 'accept',
      content: { answers: { store: { answers: [store] }, name: { answers: [name] } } },
    });
    expect((await run(['approvals', 'show', '1'])).stdout).toMatch(
      /answers +accept, decline, cancel\nStore: Where .*\n {2}1 A file: Simple.*\n {2}2 SQLite: .*\nName: What/,
    );
  });

  test.each([
    { args: ['answer', '1', 'x'], says: 'approval-1 asks 2 questions: give one answer for each' },
    { args: ['allow', '1'], says: 'approval-1 asks something: codex approvals answer approval-1 ANSWER…' },
  ])('$args is refused for two questions, with none answered', async ({ args, says }) => {
    const { fake, run } = await waiting([userInputOf()]);

    expect(await run(['approvals', ...args])).toEqual({ exitCode: 2, stdout: '', stderr: `error: ${says}\n` });
    expect(fake.calls.map(({ method }) => method)).not.toContain('approval/respond');
  });

  test.each([
    {
      args: ['answer', '1', 'name=Al', 'age=7', 'sure=no', 'pets=dog'],
      content: { name: 'Al', age: 7, sure: false, pets: ['d'] },
    },
    { args: ['answer', '1', 'name=A=B', 'color=2', 'sure='], content: { name: 'A=B', color: 'blue' } },
    { args: ['answer', '1', 'name=Al', 'color=RED'], content: { name: 'Al', color: 'red', sure: true } },
  ])('$args fills in the form of an MCP server', async ({ args, content }) => {
    const { fake, run } = await waiting([elicitationOf({ threadId: THREAD_ID })]);

    expect((await run(['approvals', ...args])).stderr).toBe('answered: the MCP server box asks: Who are you?\n');
    expect(fake.calls.at(-1)?.params).toEqual({
      threadId: THREAD_ID,
      approvalId: 'approval-1',
      decision: 'accept',
      content,
    });
  });

  test.each([
    { args: ['allow', '1'], says: 'approval-1 asks something: codex approvals answer approval-1 NAME=VALUE…' },
    { args: ['answer', '1', 'Al'], says: 'Al: write NAME=VALUE; the names are name, age, color, sure, pets' },
    { args: ['answer', '1', 'nom=Al'], says: 'approval-1 has no field nom; there are: name, age, color, sure, pets' },
    { args: ['answer', '1', 'name=A'], says: 'approval-1: field `name`: it needs at least 2 characters' },
    { args: ['answer', '1', 'name=Al', 'pets=cat,dog'], says: 'approval-1: field `pets`: at most 1 may be chosen' },
    {
      args: ['answer', '1', 'name=Al', 'age=old'],
      says: 'approval-1: field `age`: Invalid type: Expected number but received "old"',
    },
  ])('$args is refused for a form, which stays unanswered', async ({ args, says }) => {
    const { fake, run } = await waiting([elicitationOf()]);

    expect(await run(['approvals', ...args])).toEqual({ exitCode: 2, stdout: '', stderr: `error: ${says}\n` });
    expect(fake.calls.map(({ method }) => method)).not.toContain('approval/respond');
  });

  test.each([
    { name: 'an address', form: addressForm, content: {} },
    {
      name: 'a form that can be sent as it is',
      form: formOf({ sure: { type: 'boolean', default: true } }),
      content: { content: { sure: true } },
    },
    { name: 'a form without fields', form: formOf({}), content: { content: {} } },
  ])('allow says yes to $name, deny no', async ({ form, content }) => {
    const { fake, run } = await waiting([elicitationOf({ threadId: THREAD_ID, form })]);
    const of = { threadId: THREAD_ID, approvalId: 'approval-1' };

    await run(['approvals', 'allow', '1']);
    expect(fake.calls.at(-1)?.params).toEqual({ ...of, decision: 'accept', ...content });
    await run(['approvals', 'deny', '1']);
    expect(fake.calls.at(-1)?.params).toEqual({ ...of, decision: 'decline' });
  });

  test('show tells what a form wants, or where an address leads; control characters stay out', async () => {
    const form = await waiting([elicitationOf({ reason: 'the MCP server box asks: Who\u001b[2J?' })]);
    const shown = (await form.run(['approvals', 'show', '1'])).stdout;
    expect(shown).toContain('reason      the MCP server box asks: Who?\n');
    expect(shown).toContain(
      [
        'name (string, required): Name: As your friends say it',
        'age (integer)',
        'color (one of)',
        '  1 Red (red)',
        '  2 Blue (blue)',
        'sure (boolean, else true)',
        'pets (some of)',
        '  1 Cat (c)',
        '  2 Dog (d)',
      ].join('\n'),
    );
    const address = await waiting([elicitationOf({ form: addressForm })]);
    expect((await address.run(['approvals', 'show', '1'])).stdout).toContain('address     https://example.test/in\n');
  });

  test('answer is refused where a decision is asked for', async () => {
    const { run } = await waiting();
    expect((await run(['approvals', 'answer', '1', 'yes'])).stderr).toBe(
      'error: approval-1 asks for a decision: allow or deny it\n',
    );
  });

  test('--for-session allows equal calls too; everything has JSON', async () => {
    const { fake, run } = await waiting();

    const allowed = await run(['approvals', 'allow', '1', '--for-session', '--json']);
    expect(JSON.parse(allowed.stdout)).toEqual({
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      decision: 'acceptForSession',
    });
    expect(fake.calls.at(-1)?.params).toMatchObject({ decision: 'acceptForSession' });
    expect(JSON.parse((await run(['approvals', 'list', '--json'])).stdout)).toEqual([approval]);
    expect(JSON.parse((await run(['approvals', 'show', 'approval-1', '--json'])).stdout)).toEqual(approval);
    expect((await run(['approvals', 'show', '1'])).stdout).toMatch(
      /command +npm test\nfolder +\/repo\nreason +it needs/,
    );
  });
});

describe('codex completion', () => {
  test('completes commands and options in bash', async () => {
    const { run } = withTiny();
    const { stdout: script } = await run('completion', 'bash');
    const complete = (...words: string[]) => {
      const line = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _codex; echo "\${COMPREPLY[*]}"`;
      return spawnSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8' }).stdout.trim();
    };

    expect(complete('codex', 'da')).toBe('daemon');
    expect(complete('codex', 'daemon', 'st')).toBe('start stop status');
    expect(complete('codex', 'exec', 'resume', '--la')).toBe('--last');
    expect(complete('codex', '-m', 'x', 'daemon', 'lo')).toBe('logs');
  });

  test.each(['zsh', 'fish'])('names every command in %s', async (shell) => {
    const { run } = withTiny();
    const { stdout } = await run('completion', shell);

    for (const word of ['exec', 'attach', 'threads', 'approvals', 'doctor', 'restart', 'skip-git-repo-check']) {
      expect(stdout).toContain(word);
    }
  });

  test('refuses a shell it does not know', async () => {
    const { run } = withTiny();

    expect((await run('completion', 'tcsh')).exitCode).toBe(2);
  });
});

describe('usage', () => {
  test.each([
    ['--version', 0, 'codex 0.1.0\n'],
    ['--no-such', 2, ''],
  ])('codex %s ends with %i', async (arg, exitCode, stdout) => {
    const { run } = withTiny();

    expect(await run(arg)).toMatchObject({ exitCode, stdout });
  });

  test.each([
    ['exec'],
    ['exec', 'resume'],
    ['attach'],
    ['resume'],
    ['threads'],
    ['login'],
    ['logout'],
    ['daemon'],
    ['doctor'],
    ['completion'],
    ['try'],
    ['approvals'],
  ])('codex %s %s --help shows examples', async (...words) => {
    const { run } = withTiny();
    const { exitCode, stdout } = await run(...words.filter((word) => typeof word === 'string'), '--help');

    expect(exitCode).toBe(0);
    expect(stdout).toContain('Examples:\n  ');
  });
});
