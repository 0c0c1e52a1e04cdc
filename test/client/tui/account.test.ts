import { afterEach, describe, expect, test } from 'vitest';
import type { AccountState } from '../../../machines/protocol/methods/account.ts';
import { ScriptedLink } from '../../support/scripted-link.ts';
import { emptySnapshot, THREAD_ID } from '../../support/thread-fixtures.ts';
import { openVirtualScreen, type VirtualScreen, type VirtualScreenOptions } from '../../support/virtual-screen.ts';

const open: VirtualScreen[] = [];
async function show(options: Partial<VirtualScreenOptions> & Pick<VirtualScreenOptions, 'link'>) {
  const screen = await openVirtualScreen({ threadId: THREAD_ID, ...options });
  open.push(screen);
  return screen;
}
afterEach(async () => {
  for (const screen of open.splice(0)) await screen.close();
});

const AUTH_URL = 'https://auth.example/oauth/authorize?client_id=app';
const browser = { type: 'chatgpt', loginId: 'login-1', authUrl: AUTH_URL };
const device = {
  type: 'chatgptDeviceCode',
  loginId: 'login-1',
  verificationUrl: 'https://auth.example/codex/device',
  userCode: 'ABCD-12345',
};
const stateOf = (state: AccountState['state'], changes: Partial<AccountState> = {}) =>
  ({
    method: 'account/state',
    params: { state, stage: null, reason: null, retryable: null, login: null, ...changes },
  }) as const;
const completed = (success: boolean, error: string | null = null, loginId = 'login-1') =>
  ({ method: 'account/login/completed', params: { loginId, success, error } }) as const;
const ESC = '\u001b';
const copied = (text: string): string => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;

describe('/login', () => {
  test('with a browser opens the address, copies it, and closes when it is done', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => browser);
    const opened: string[] = [];
    const screen = await show({ link, openUrl: (url) => void opened.push(url) });
    screen.type('/login\r');
    await screen.waitForText('› 1 Browser');
    screen.type('\r');
    expect((await link.nextCall('account/login/start')).params).toEqual({ type: 'chatgpt' });
    await screen.waitForText(AUTH_URL);
    await screen.waitForText(/waiting for the browser… \d+s of 10 minutes/);
    screen.type('c');
    link.announce(completed(true, null, 'another'));
    link.announce(completed(true));
    await screen.waitForText('signed in');
    await screen.waitForText('Ask for anything');
    expect(opened).toEqual([AUTH_URL]);
    expect(screen.output()).toContain(copied(AUTH_URL));
  });

  test('with a code shows and copies it, and tells why it failed', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => device);
    const screen = await show({ link });
    screen.type('/login\r2');
    expect((await link.nextCall('account/login/start')).params).toEqual({ type: 'chatgptDeviceCode' });
    await screen.waitForText(/codex\/device[\s\S]*ABCD-12345[\s\S]*waiting… \d+s of 15 minutes/);
    screen.type('cu');
    link.announce(completed(false, 'device auth timed out after 15 minutes'));
    await screen.waitForText('Sign-in failed: device auth timed out after 15 minutes');
    expect(screen.output()).toContain(copied('ABCD-12345'));
    expect(screen.output()).toContain(copied('https://auth.example/codex/device'));
    screen.type(ESC);
    await screen.waitForText('Ask for anything');
  });

  test.each([
    { name: 'typed', keys: 'sk-x\u0015sk-secretx\u007f\r' },
    { name: 'pasted', keys: '\u001b[200~ sk-secret\n\u001b[201~\r' },
  ])('with an API key that is $name shows no letter of it', async ({ keys }) => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => ({ type: 'apiKey' }));
    const screen = await show({ link });
    screen.type('/login\r3');
    await screen.waitForText('It is not shown.');
    screen.type(keys);
    expect((await link.nextCall('account/login/start')).params).toEqual({ type: 'apiKey', apiKey: 'sk-secret' });
    await screen.waitForText('signed in');
    expect(screen.output()).not.toContain('sk-secret');
  });

  test('is cancelled with esc, in the daemon too', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => browser);
    const screen = await show({ link });
    screen.type('/login\r1');
    await screen.waitForText(AUTH_URL);
    screen.type(ESC);
    expect((await link.nextCall('account/login/cancel')).params).toEqual({ loginId: 'login-1' });
    link.announce(completed(false, 'Login cancelled'));
    await screen.waitForText('Sign-in failed: cancelled');
  });

  test('is cancelled when the terminal goes away', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => browser);
    const screen = await show({ link });
    screen.type('/login\r1');
    await screen.waitForText(AUTH_URL);
    await screen.close();
    expect((await link.nextCall('account/login/cancel')).params).toEqual({ loginId: 'login-1' });
  });

  test('tells that the daemon does not know the way', async () => {
    const link = new ScriptedLink(emptySnapshot());
    link.refuse('account/login/start', 'notSupported', 'no');
    const screen = await show({ link });
    screen.type('/login\r1');
    await screen.waitForText('Sign-in failed: this daemon cannot sign in that way; an API key it can store');
  });
});

describe('/logout', () => {
  test.each([
    { answer: { wasSignedIn: true }, message: 'Successfully logged out.' },
    { answer: { wasSignedIn: false }, message: 'Not logged in.' },
    { answer: { wasSignedIn: true, notice: 'A link is left.' }, message: 'Successfully logged out.\nA link is left.' },
  ])('leaves with "$message"', async ({ answer, message }) => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/logout', () => answer);
    const screen = await show({ link });
    screen.type('/logout\r');
    expect(await screen.exit).toMatchObject({ threadId: THREAD_ID, reason: 'quit', message });
    expect((await link.nextCall('account/logout')).params).toEqual({});
  });

  test('that fails stays, says why, and can be asked for again', async () => {
    const link = new ScriptedLink(emptySnapshot());
    let refuse: (error: Error) => void = () => {};
    link.answer('account/logout', () => new Promise((_, reject) => (refuse = reject)));
    const screen = await show({ link });
    screen.type('/logout\r/logout\r');
    await screen.waitForText('signing out…');
    await link.nextCall('account/logout');
    refuse(new Error('logout failed: the server answered 500'));
    await screen.waitForText('Logout failed: the server answered 500');
    await screen.waitForNoText('signing out…');
    expect(link.calls.filter(({ method }) => method === 'account/logout')).toEqual([]);
    screen.type('/logout\r');
    await link.nextCall('account/logout');
    refuse(new Error('again'));
    await screen.waitForText('Logout failed: again');
  });

  test('is not for those who only watch', async () => {
    const link = new ScriptedLink(emptySnapshot());
    const screen = await show({ link, role: 'observer' });
    screen.type('/logout\r/login\r');
    await screen.waitForText(/(watching only: signing in and out is for operators\s*){2}/);
    expect(link.calls.map(({ method }) => method)).toEqual(['account/read']);
  });
});

describe('the state of the sign-in', () => {
  test.each<{ name: string; states: ReturnType<typeof stateOf>[]; shows: string | RegExp }>([
    { name: 'a revocation', states: [stateOf('revoking')], shows: /signing out… · practice-1/ },
    { name: 'an erasing', states: [stateOf('erasing')], shows: /signing out… · practice-1/ },
    {
      name: 'a logout elsewhere',
      states: [stateOf('erasing'), stateOf('signedOut')],
      shows: /\nsigned out\n[\s\S]*signed out · practice-1/,
    },
    { name: 'a sign-in', states: [stateOf('signingIn')], shows: /signing in… · practice-1/ },
    {
      name: 'a logout that failed',
      states: [stateOf('error', { stage: 'revoking', reason: 'the server answered 500.' })],
      shows: /⚠ signing out failed: the server answered 500\n[\s\S]*signing out failed: the server answered 500 · p/,
    },
    {
      name: 'an expired sign-in',
      states: [stateOf('expired', { reason: 'it cannot be renewed.' })],
      shows: /it cannot be renewed · practice-1/,
    },
    {
      name: 'an unreadable store',
      states: [stateOf('error', { stage: 'loading', reason: 'auth.json is not JSON' })],
      shows: /sign-in problem: auth.json is not JSON · practice-1/,
    },
  ])('shows $name at once', async ({ states, shows }) => {
    const link = new ScriptedLink(emptySnapshot());
    const screen = await show({ link });
    for (const state of states) link.announce(state);
    await screen.waitForText(shows);
    link.announce(stateOf('signedIn'));
    await screen.waitForNoText(/(signing|signed out|sign-in|renewed)[^\n]* · practice-1/);
  });

  test.each([
    { provider: 'openai', requiresOpenaiAuth: false, isShown: true },
    { provider: 'mine', requiresOpenaiAuth: true, isShown: true },
    { provider: 'practice', requiresOpenaiAuth: false, isShown: false },
  ])('is shown from the start when it matters: $provider', async ({ provider, requiresOpenaiAuth, isShown }) => {
    const snapshot = emptySnapshot();
    const link = new ScriptedLink({ ...snapshot, settings: { ...snapshot.settings, modelProvider: provider } });
    link.answer('account/read', () => ({ account: null, requiresOpenaiAuth, state: 'signedOut' }));
    const screen = await show({ link });
    await link.nextCall('account/read');
    await (isShown ? screen.waitForText('signed out · ') : screen.waitForNoText('signed out'));
  });
});

describe('over a lost link', () => {
  const reconnect = (link: ScriptedLink, answer: object): void => {
    link.setState({ kind: 'reconnecting', sinceMs: Date.now(), attempt: 1 });
    link.answer('account/read', () => ({ account: null, requiresOpenaiAuth: true, ...answer }));
    link.setState({ kind: 'connected' }, 'client-2');
  };

  test.each([
    {
      name: 'an attempt that goes on is waited for',
      answer: { state: 'signingIn', login: { loginId: 'login-1', method: 'chatgpt' } },
      shows: 'signing in… · ',
      waits: true,
    },
    {
      name: 'one that has succeeded closes the screen',
      answer: { account: { type: 'chatgpt', email: 'me@example.com', planType: 'pro' }, state: 'signedIn' },
      shows: 'signed in with ChatGPT (me@example.com, plan pro)',
      waits: false,
    },
    {
      name: 'one that is gone says so',
      answer: { state: 'signedOut', login: null },
      shows: 'Sign-in failed: the daemon lost sight of it; try again',
      waits: false,
    },
  ])('$name', async ({ answer, shows, waits }) => {
    const link = new ScriptedLink(emptySnapshot());
    link.answer('account/login/start', () => browser);
    const screen = await show({ link });
    screen.type('/login\r1');
    await screen.waitForText(AUTH_URL);
    reconnect(link, answer);
    await screen.waitForText(shows);
    expect(screen.screenText().includes(AUTH_URL)).toBe(waits);
  });
});
