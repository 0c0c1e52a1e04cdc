import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import { accountLoginCompleted } from '../../../machines/protocol/methods/account.ts';
import { withFake } from '../../support/cli-homes.ts';
import type { FakeDaemonOptions } from '../../support/fake-daemon.ts';

type Answers = NonNullable<FakeDaemonOptions['answers']>;

const URL_1457 =
  'https://auth.example/oauth/authorize?client_id=app&redirect_uri=http%3A%2F%2Flocalhost%3A1457%2Fauth%2Fcallback';
const browser = { type: 'chatgpt', loginId: 'login-1', authUrl: URL_1457 } as const;
const device = {
  type: 'chatgptDeviceCode',
  loginId: 'login-1',
  verificationUrl: 'https://auth.example/codex/device',
  userCode: 'ABCD-12345',
} as const;
const completed = (success: boolean, error: string | null = null, loginId = 'login-1') => ({ loginId, success, error });

const BROWSER_PROMPT = `Starting local login server on http://localhost:1457.
If no browser opens, open this address in one on this machine:

${URL_1457}

No browser here? \`codex login --device-auth\` signs in from another device. Ctrl-C cancels.
`;
const DEVICE_PROMPT = `Sign in with ChatGPT on any device:

1. Open this address in a browser and sign in:
   https://auth.example/codex/device
2. Enter this one-time code (it expires in 15 minutes):
   ABCD-12345

Never share the code: whoever enters it elsewhere is given your sign-in. Ctrl-C cancels.
`;

/** Answers a sign-in, and tells these ends right behind the answer. */
const startsWith = (result: typeof browser | typeof device, ...ends: ReturnType<typeof completed>[]): Answers => ({
  'account/login/start': (_params, { peer, afterReply }) => {
    afterReply(() => {
      for (const end of ends) peer.notify(accountLoginCompleted, end);
    });
    return result;
  },
});

// auth.md §2, §4, §5: all on stderr, but for the prompt of the code.
describe('codex login', () => {
  test.each<{
    name: string;
    args: string[];
    answers: Answers;
    outcome: { exitCode: number; stdout: string; stderr: string };
    opened: string[];
  }>([
    {
      name: 'by browser says and opens the address, and ends when the daemon says so',
      args: ['login'],
      answers: startsWith(browser, completed(false, 'of another', 'login-0'), completed(true)),
      outcome: { exitCode: 0, stdout: '', stderr: `${BROWSER_PROMPT}Successfully logged in\n` },
      opened: [URL_1457],
    },
    {
      name: 'by browser tells why it failed, without the words of the wire',
      args: ['login'],
      answers: startsWith(browser, completed(false, 'Login server error: Login cancelled')),
      outcome: { exitCode: 1, stdout: '', stderr: `${BROWSER_PROMPT}Error logging in: Login cancelled\n` },
      opened: [URL_1457],
    },
    {
      name: 'by code prompts on stdout',
      args: ['login', '--device-auth'],
      answers: startsWith(device, completed(true)),
      outcome: { exitCode: 0, stdout: DEVICE_PROMPT, stderr: 'Successfully logged in\n' },
      opened: [],
    },
    {
      name: 'by code wins over the key',
      args: ['login', '--device-auth', '--with-api-key'],
      answers: startsWith(device, completed(false, 'device auth timed out after 15 minutes')),
      outcome: {
        exitCode: 1,
        stdout: DEVICE_PROMPT,
        stderr: 'Error logging in: device auth timed out after 15 minutes\n',
      },
      opened: [],
    },
    {
      name: 'that is refused says why',
      args: ['login', '--device-auth'],
      answers: {
        'account/login/start': () => {
          throw new RpcError('deviceCodeDisabled', 'device code login is not enabled for this server');
        },
      },
      outcome: {
        exitCode: 1,
        stdout: '',
        stderr: 'Error logging in: device code login is not enabled for this server\n',
      },
      opened: [],
    },
  ])('$name', async ({ args, answers, outcome, opened }) => {
    const { start } = await withFake(answers);
    const run = start(args);
    expect([await run.done, run.openedUrls]).toEqual([outcome, opened]);
  });

  test.each([
    { args: ['login'], params: { type: 'chatgpt' } },
    { args: ['login', '--experimental_issuer', 'http://127.0.0.1:1'], params: { type: 'chatgpt' } },
    { args: ['login', '--device-auth'], params: { type: 'chatgptDeviceCode' } },
    {
      args: [
        'login',
        '--device-auth',
        '--experimental_issuer',
        'http://127.0.0.1:1/',
        '--experimental_client-id',
        'app_1',
      ],
      params: { type: 'chatgptDeviceCode', issuer: 'http://127.0.0.1:1/', clientId: 'app_1' },
    },
  ])('$args asks for $params', async ({ args, params }) => {
    const { fake, run } = await withFake(startsWith(device, completed(true)));
    await run(args);
    expect(fake.calls.find(({ method }) => method === 'account/login/start')?.params).toEqual(params);
  });

  test('hides the options for experiments', async () => {
    const { run } = await withFake({});
    const { stdout } = await run(['login', '--help']);
    expect(stdout).toContain('--device-auth');
    expect(stdout).not.toMatch(/experimental|--api-key/);
  });

  test.each([
    { signal: 'SIGINT', deaths: [] },
    { signal: 'SIGTERM', deaths: ['SIGTERM'] },
    { signal: 'SIGHUP', deaths: ['SIGHUP'] },
  ] as const)('$signal cancels it in the daemon', async ({ signal, deaths }) => {
    const { fake, start } = await withFake({
      ...startsWith(browser),
      'account/login/cancel': () => ({ status: 'canceled' }),
    });
    const run = start(['login']);
    await run.stderr.saw('Ctrl-C cancels.');
    run.signal(signal);

    expect(await run.done).toEqual({ exitCode: 130, stdout: '', stderr: `${BROWSER_PROMPT}Login cancelled\n` });
    expect(fake.calls.at(-1)).toEqual({ method: 'account/login/cancel', params: { loginId: 'login-1' } });
    expect(run.deaths).toEqual(deaths);
  });

  test.each([
    {
      name: 'goes on',
      login: { loginId: 'login-1', method: 'chatgpt' },
      exitCode: 0,
      says: 'Successfully logged in\n',
    },
    {
      name: 'is gone',
      login: null,
      exitCode: 1,
      says: 'Error logging in: the connection to the daemon was lost meanwhile; `codex login status` says who is signed in\n',
    },
  ] as const)('over a lost connection asks for its sign-in, which $name', async ({ login, exitCode, says }) => {
    const { fake, start } = await withFake({
      ...startsWith(browser),
      'account/read': (_params, { peer, afterReply }) => {
        afterReply(() => {
          if (login !== null) peer.notify(accountLoginCompleted, completed(true));
        });
        return { account: null, requiresOpenaiAuth: true, login };
      },
    });
    const run = start(['login']);
    await run.stderr.saw('Ctrl-C cancels.');
    fake.cut();

    expect(await run.done).toEqual({ exitCode, stdout: '', stderr: `${BROWSER_PROMPT}${says}` });
  });
});
