import { describe, expect, test } from 'vitest';
import { type ErrorName, RpcError } from '../../../machines/core/errors.ts';
import { accountStateChanged, type LogoutPlan } from '../../../machines/protocol/methods/account.ts';
import { withFake } from '../../support/cli-homes.ts';
import type { FakeDaemonOptions } from '../../support/fake-daemon.ts';

type Answers = NonNullable<FakeDaemonOptions['answers']>;

const store = { mode: 'file', kind: 'file', reason: null } as const;
const chatgpt = { type: 'chatgpt', email: 'me@example.com', planType: 'pro' } as const;
const signedIn: Answers = { 'account/read': () => ({ account: chatgpt, requiresOpenaiAuth: true, store }) };
const plan: LogoutPlan = {
  account: chatgpt,
  authMode: 'chatgpt',
  store,
  revokes: { token: 'refresh_token', url: 'https://auth.example/oauth/revoke' },
  erases: ['/home/me/.codex/auth.json', 'keyring entry'],
  clients: [
    { clientId: 'c1', name: 'codex-tui', terminal: '/dev/pts/4' },
    { clientId: 'c2', name: 'codex-exec', terminal: null },
  ],
  runningTurns: [{ threadId: 'thread-1', name: 'fix it' }],
  notes: ['auth.json is a link: its target is left.'],
};
const logoutCalls = (calls: readonly { method: string; params: unknown }[]) =>
  calls.filter(({ method }) => method === 'account/logout').map(({ params }) => params);

describe('codex logout', () => {
  test.each<{ errorName: ErrorName; data?: Record<string, unknown>; message: string; stderr: string }>([
    {
      errorName: 'revokeFailed',
      data: { stage: 'revoking' },
      message: 'logout failed: the server answered 500',
      stderr: 'the server answered 500. You are still signed in. Run `codex logout` to try again.',
    },
    {
      errorName: 'revokeFailed',
      data: { stage: 'revoking', why: 'not revoked. You are still signed in. Run `codex logout` again.' },
      message: 'logout failed: whatever',
      stderr: 'not revoked. You are still signed in. Run `codex logout` again.',
    },
    {
      errorName: 'timedOut',
      data: { stage: 'revoking' },
      message: 'logout failed: revoking the token took longer than 10 seconds',
      stderr:
        'revoking the token took longer than 10 seconds. You are still signed in. Run `codex logout` to try again.',
    },
    {
      errorName: 'authUnreadable',
      data: { stage: 'loading' },
      message: 'logout failed: auth.json is\nnot JSON',
      stderr: 'auth.json is not JSON. What is stored was kept. Run `codex logout` to try again.',
    },
    {
      errorName: 'eraseFailed',
      data: { stage: 'erasing' },
      message: 'logout failed: auth.json could not be removed',
      stderr:
        'auth.json could not be removed. What could not be erased is still there. Run `codex logout` to try again.',
    },
    {
      errorName: 'tokenRevoked',
      data: { stage: 'erasing' },
      message: 'logout failed: the token was revoked, but auth.json could not be removed; log out again to remove it',
      stderr: 'the token was revoked, but auth.json could not be removed; log out again to remove it.',
    },
    {
      errorName: 'timedOut',
      message: 'the daemon did not answer account/logout within 60 s',
      stderr:
        'the daemon did not answer account/logout within 60 s; it may go on in the daemon: ' +
        '`codex login status` says how it ended',
    },
    { errorName: 'draining', message: 'the daemon is stopping', stderr: 'the daemon is stopping' },
  ])('tells in one line of $errorName: $message', async ({ errorName, data = {}, message, stderr }) => {
    const { run } = await withFake({
      'account/logout': () => {
        throw new RpcError(errorName, message, { data });
      },
    });
    expect(await run(['logout'])).toEqual({ exitCode: 1, stdout: '', stderr: `Error logging out: ${stderr}\n` });
  });

  test('passes on what was left behind', async () => {
    const { fake, run } = await withFake({
      'account/logout': () => ({ wasSignedIn: true, notice: 'The target of the link\nis left.' }),
    });
    expect((await run(['logout'])).stderr).toBe('Successfully logged out\nThe target of the link is left.\n');
    expect(logoutCalls(fake.calls)).toEqual([{}]);
  });

  test.each([
    { state: 'revoking' as const, says: 'Revoking the sign-in at the server (10 seconds at most)…' },
    { state: 'refreshing' as const, says: 'Signing out…' },
  ])('says what it waits for when it is $state for more than a second', async ({ state, says }) => {
    let answer: () => void = () => {};
    const { start } = await withFake({
      'account/logout': async (_params, { peer }) => {
        peer.notify(accountStateChanged, { state, stage: null, reason: null, retryable: null, login: null });
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return { wasSignedIn: true };
      },
    });
    const run = start(['logout']);
    await run.stderr.saw('Ctrl-C leaves it to the daemon.');
    answer();
    expect(await run.done).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `${says} Ctrl-C leaves it to the daemon.\nSuccessfully logged out\n`,
    });
  });

  test('goes on in the daemon after Ctrl-C, and says so', async () => {
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { start } = await withFake({
      'account/logout': () => {
        asked();
        return new Promise(() => {});
      },
    });
    const run = start(['logout']);
    await isAsked;
    run.signal('SIGINT');
    expect(await run.done).toEqual({
      exitCode: 130,
      stdout: '',
      stderr: 'The logout goes on in the daemon; `codex login status` says how it ended.\n',
    });
  });

  test('is not asked for a second time over a lost connection', async () => {
    const { fake, start } = await withFake({
      'account/logout': () => {
        setImmediate(() => fake.cut());
        return new Promise(() => {});
      },
    });
    const { exitCode, stderr } = await start(['logout']).done;
    expect([exitCode, logoutCalls(fake.calls)]).toEqual([1, [{}]]);
    expect(stderr).toMatch(/^Error logging out: .*; it may go on in the daemon: `codex login status` says .*\n$/);
  });
});

describe('codex logout --dry-run', () => {
  test('prints what would be done, and asks for nothing else', async () => {
    const { fake, run } = await withFake({ ...signedIn, 'account/logout': () => ({ plan }) });
    expect(await run(['logout', '--dry-run'])).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `sign-in      ChatGPT (me@example.com, plan pro), kept in auth.json
revokes      the refresh token, at https://auth.example/oauth/revoke
erases       /home/me/.codex/auth.json
             keyring entry
clients      codex-tui on /dev/pts/4 shows it at once
             codex-exec shows it at once
turns        fix it (thread-1): its next request to the model is refused
note         auth.json is a link: its target is left.
This is only what would be done; nothing was changed.
`,
    });
    expect(logoutCalls(fake.calls)).toEqual([{ dryRun: true }]);
  });

  test('with --local-only says that nothing would be revoked', async () => {
    const { fake, run } = await withFake({
      ...signedIn,
      'account/logout': () => ({ plan: { ...plan, revokes: null, notes: ['The token stays valid at the server.'] } }),
    });
    const { stdout } = await run(['logout', '--dry-run', '--local-only']);
    expect(stdout).toMatch(/\nrevokes {6}nothing\n[\s\S]*\nnote {9}The token stays valid at the server\.\n/);
    expect(logoutCalls(fake.calls)).toEqual([{ dryRun: true, localOnly: true }]);
  });

  test('of nobody is short', async () => {
    const nothing = { ...plan, account: null, authMode: null, revokes: null };
    const empty = { ...nothing, erases: [], clients: [], runningTurns: [], notes: [] };
    const { run } = await withFake({ ...signedIn, 'account/logout': () => ({ plan: empty }) });
    expect((await run(['logout', '--dry-run'])).stdout).toBe(`sign-in      none
revokes      nothing
erases       nothing
clients      no other is attached
turns        none is running
This is only what would be done; nothing was changed.
`);
  });
});

describe('codex logout --local-only', () => {
  const answers: Answers = { ...signedIn, 'account/logout': () => ({ wasSignedIn: true }) };
  const QUESTION =
    'Erase the sign-in here WITHOUT revoking it? A ChatGPT sign-in stays valid at the server: ' +
    'whoever has a copy of it can go on using it.\nType yes to go on: ';

  test.each([
    { name: 'with --yes', args: ['--yes'], run: {}, exitCode: 0, stderr: 'Successfully logged out\n', erases: true },
    {
      name: 'where nobody can be asked',
      args: [],
      run: { stdin: 'yes\n' },
      exitCode: 1,
      stderr: '--local-only needs --yes where nobody can be asked\n',
      erases: false,
    },
    {
      name: 'confirmed',
      args: [],
      run: { isTerminal: true, stdin: 'YES\nmore' },
      exitCode: 0,
      stderr: `${QUESTION}Successfully logged out\n`,
      erases: true,
    },
    {
      name: 'not confirmed',
      args: [],
      run: { isTerminal: true, stdin: 'y\n' },
      exitCode: 1,
      stderr: `${QUESTION}Nothing was changed.\n`,
      erases: false,
    },
  ])('$name', async ({ args, run, exitCode, stderr, erases }) => {
    const { fake, start } = await withFake(answers);
    expect(await start(['logout', '--local-only', ...args], run).done).toEqual({ exitCode, stdout: '', stderr });
    expect(logoutCalls(fake.calls)).toEqual(erases ? [{ localOnly: true }] : []);
  });

  test('of nobody needs no confirmation', async () => {
    const { run } = await withFake({
      'account/read': () => ({ account: null, requiresOpenaiAuth: true, store }),
      'account/logout': () => ({ wasSignedIn: false }),
    });
    expect(await run(['logout', '--local-only'])).toEqual({ exitCode: 0, stdout: '', stderr: 'Not logged in\n' });
  });
});

test.each([['--dry-run'], ['--local-only']])(
  '%s is never sent to a daemon that would sign out for it',
  async (option) => {
    const { fake, run } = await withFake({
      'account/read': () => ({ account: chatgpt, requiresOpenaiAuth: true }),
      'account/logout': () => ({ wasSignedIn: true }),
    });
    expect(await run(['logout', option, '--yes'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        `Error logging out: the running daemon does not know ${option}; nothing was changed ` +
        '(try `codex daemon restart`)\n',
    });
    expect(logoutCalls(fake.calls)).toEqual([]);
  },
);
