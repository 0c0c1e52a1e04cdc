import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import { withFake } from '../../support/cli-homes.ts';
import type { FakeDaemonOptions } from '../../support/fake-daemon.ts';

const reject = (error: RpcError) => () => {
  throw error;
};

// auth.md §2: every text on stderr, and nothing on stdout.
describe('the account commands', () => {
  const account = (answer: object) => ({
    'account/read': () => ({ account: null, requiresOpenaiAuth: true, maskedKey: null, error: null, ...answer }),
  });
  const chatgpt = { type: 'chatgpt', email: null, planType: 'pro' } as const;
  const unreadable = new RpcError('authUnreadable', 'auth.json is not JSON');
  const onlyChatgpt = new RpcError('loginDisabled', 'API key login is disabled. Use ChatGPT login instead.');
  const onlyKeys = new RpcError('loginDisabled', 'ChatGPT login is disabled. Use API key login instead.');

  test.each<{
    args: string[];
    stdin?: string;
    answers?: NonNullable<FakeDaemonOptions['answers']>;
    exitCode: number;
    stderr: string;
  }>([
    {
      args: ['login', 'status'],
      answers: account({ account: { type: 'apiKey' }, maskedKey: 'sk-proj-***ABCDE' }),
      exitCode: 0,
      stderr: 'Logged in using an API key - sk-proj-***ABCDE\n',
    },
    {
      args: ['login', 'status'],
      answers: account({ account: chatgpt }),
      exitCode: 0,
      stderr: 'Logged in using ChatGPT\n',
    },
    { args: ['login', 'status'], answers: account({}), exitCode: 1, stderr: 'Not logged in\n' },
    {
      args: ['login', 'status'],
      answers: account({ error: 'auth.json is not JSON' }),
      exitCode: 1,
      stderr: 'Error checking login status: auth.json is not JSON\n',
    },
    {
      args: ['login', 'status'],
      answers: { 'account/read': reject(unreadable) },
      exitCode: 1,
      stderr: 'Error checking login status: auth.json is not JSON\n',
    },
    {
      args: ['login', 'status'],
      answers: account({ account: chatgpt, state: 'expired', error: null, reason: 'it was used already.' }),
      exitCode: 0,
      stderr: 'Logged in using ChatGPT\nIt has expired; run `codex login` (it was used already)\n',
    },
    {
      args: ['login', 'status'],
      answers: account({ account: chatgpt, state: 'error', stage: 'revoking', error: 'the server answered 500' }),
      exitCode: 0,
      stderr: 'Logged in using ChatGPT\nLast problem: the server answered 500\n',
    },
    {
      args: ['login', 'status'],
      answers: account({
        account: chatgpt,
        store: { mode: 'auto', kind: 'file', reason: 'the keyring is locked' },
      }),
      exitCode: 0,
      stderr: 'Logged in using ChatGPT\nKept in auth.json: the keyring is locked\n',
    },
    {
      args: ['logout'],
      answers: { 'account/logout': () => ({ wasSignedIn: true }) },
      exitCode: 0,
      stderr: 'Successfully logged out\n',
    },
    {
      args: ['logout'],
      answers: { 'account/logout': () => ({ wasSignedIn: false }) },
      exitCode: 0,
      stderr: 'Not logged in\n',
    },
    {
      args: ['logout'],
      answers: { 'account/logout': reject(new RpcError('revokeFailed', 'ChatGPT sign-ins are kept')) },
      exitCode: 1,
      stderr: 'Error logging out: ChatGPT sign-ins are kept\n',
    },
    {
      args: ['login', '--with-api-key'],
      stdin: ' sk-secret\n',
      answers: { 'account/login/start': () => ({ type: 'apiKey' }) },
      exitCode: 0,
      stderr: 'Reading API key from stdin...\nSuccessfully logged in\n',
    },
    {
      args: ['login', '--with-api-key'],
      stdin: '  \n',
      exitCode: 1,
      stderr: 'Reading API key from stdin...\nNo API key provided via stdin.\n',
    },
    {
      args: ['login', '--with-api-key'],
      stdin: 'sk-secret',
      answers: { 'account/login/start': reject(unreadable) },
      exitCode: 1,
      stderr: 'Reading API key from stdin...\nError logging in: auth.json is not JSON\n',
    },
    {
      args: ['login', '--with-api-key'],
      stdin: 'sk-secret',
      answers: { 'account/login/start': reject(onlyChatgpt) },
      exitCode: 1,
      stderr: 'Reading API key from stdin...\nAPI key login is disabled. Use ChatGPT login instead.\n',
    },
    ...[['login'], ['login', '--device-auth']].map((args) => ({
      args,
      answers: { 'account/login/start': reject(onlyKeys) },
      exitCode: 1,
      stderr: 'ChatGPT login is disabled. Use API key login instead.\n',
    })),
    {
      args: ['login'],
      answers: { 'account/login/start': reject(new RpcError('notSupported', 'not by chatgpt')) },
      exitCode: 1,
      stderr:
        'Error logging in: this daemon cannot sign in that way; an API key it can store: ' +
        'printenv OPENAI_API_KEY | codex login --with-api-key\n',
    },
    {
      args: ['login', '--api-key', 'sk-secret'],
      exitCode: 1,
      stderr:
        'The --api-key flag is gone; pipe the key into it: printenv OPENAI_API_KEY | codex login --with-api-key\n',
    },
  ])('codex $args: $stderr', async ({ args, stdin, answers = {}, exitCode, stderr }) => {
    const { run } = await withFake(answers);

    expect(await run(args, stdin)).toEqual({ exitCode, stdout: '', stderr });
  });

  test('take the key trimmed, and an argument too many is wrong usage', async () => {
    const { fake, run } = await withFake({ 'account/login/start': () => ({ type: 'apiKey' }) });
    await run(['login', '--with-api-key'], ' sk-secret\n');

    expect(fake.calls.at(-1)).toEqual({
      method: 'account/login/start',
      params: { type: 'apiKey', apiKey: 'sk-secret' },
    });
    expect((await run(['logout', 'now'])).exitCode).toBe(2);
  });

  test('say to pipe the key where stdin is a terminal, and know no other way in', async () => {
    const { fake, start, run } = await withFake({});
    expect(await start(['login', '--with-api-key'], { isTerminal: true }).done).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        '--with-api-key reads the key from stdin; pipe the key into it: printenv OPENAI_API_KEY | codex login --with-api-key\n',
    });
    for (const args of [
      ['login', 'now'],
      ['login', 'status', 'now'],
      ['login', '--with-access-token'],
    ]) {
      expect([args, (await run(args)).exitCode]).toEqual([args, 2]);
    }
    expect(fake.calls.map(({ method }) => method)).not.toContain('account/login/start');
  });
});
