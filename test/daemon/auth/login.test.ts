import { stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { AuthDeps } from '../../../daemon/auth/auth.ts';
import type { LoginPrompt } from '../../../daemon/auth/login-desk.ts';
import { LOGIN_PORTS } from '../../../daemon/auth/login-listener.ts';
import { externalCredentials } from '../../../machines/auth/credentials.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { chatgptAuthFile, FAKE_SECRET, type FakeAuthServer } from '../../support/fake-auth-server.ts';
import { authParts, failureOf } from './auth-fixtures.ts';
import { type AuthRig, useAuthRig } from './auth-rig.ts';

let rig: AuthRig;
let home: string;
let file: string;
let fake: FakeAuthServer;

useAuthRig((given) => {
  rig = given;
  ({ home, file, fake } = rig);
});

const start = (more: Partial<AuthDeps> = {}) => rig.start(more);
const text = () => rig.text();
const urlOf = (prompt: LoginPrompt): URL => new URL(prompt.type === 'chatgpt' ? prompt.authUrl : '');
const callbackOf = (url: URL): URL =>
  new URL((url.searchParams.get('redirect_uri') ?? '').replace('localhost', '127.0.0.1'));

/** What a browser does: follows the redirects one by one. */
async function browse(first: URL): Promise<{ status: number; body: string; path: string; hops: string[] }> {
  let url = first;
  const hops: string[] = [];
  while (true) {
    const response = await fetch(url, { redirect: 'manual' });
    const location = response.headers.get('location');
    if (location === null) return { status: response.status, body: await response.text(), path: url.pathname, hops };
    url = new URL(location, url);
    if (url.hostname === 'localhost') url.hostname = '127.0.0.1';
    hops.push(url.href);
  }
}

describe('a sign-in with a browser', () => {
  test('goes through authorize, exchange and API key, is stored, and shows the last page', async () => {
    const { auth, notices, completed } = start();
    const prompt = await auth.startLogin('chatgpt', fake.server);
    const url = urlOf(prompt);
    expect([...url.searchParams.keys()]).toEqual([
      'response_type',
      'client_id',
      'redirect_uri',
      'scope',
      'code_challenge',
      'code_challenge_method',
      'id_token_add_organizations',
      'codex_cli_simplified_flow',
      'state',
      'originator',
    ]);
    expect(url.search).toContain('scope=openid%20profile%20email%20offline_access%20api.connectors.read');
    expect(auth.state).toBe('signingIn');

    const page = await browse(url);

    expect(page).toMatchObject({ status: 200, path: '/success', body: expect.stringContaining('Signed in') });
    expect(page.hops.join(' ')).not.toMatch(/id_token|access/);
    expect(await completed()).toEqual({ type: 'loginCompleted', loginId: prompt.loginId, success: true, error: null });
    const stored = JSON.parse((await text()) ?? '');
    expect(stored).toMatchObject({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: `sk-exchanged-${FAKE_SECRET}`,
      tokens: { account_id: 'acc-1', refresh_token: expect.any(String) },
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await auth.read()).toMatchObject({ account: { type: 'chatgpt', email: 'e@x.test', planType: 'pro' } });
    expect(notices.map(({ type }) => type).filter((type) => type !== 'stateChanged')).toEqual([
      'loginCompleted',
      'accountUpdated',
    ]);
    const exchange = fake.requestsTo('/oauth/token')[0]?.body ?? {};
    expect(Object.keys(exchange)).toEqual(['grant_type', 'code', 'redirect_uri', 'client_id', 'code_verifier']);
    expect(exchange.code_verifier).toMatch(/^[\w-]{86}$/);
    expect(JSON.stringify(notices)).not.toContain(FAKE_SECRET);
  });

  test('does not mind a wrong state, an unknown path, or a key that cannot be had', async () => {
    const { auth, completed } = start();
    const url = urlOf(await auth.startLogin('chatgpt', fake.server));
    const callback = callbackOf(url);
    expect((await fetch(`${callback.href}?code=x&state=wrong`)).status).toBe(400);
    expect((await fetch(`${callback.href}?code=x`)).status).toBe(400);
    expect((await fetch(new URL('/other', callback))).status).toBe(404);
    expect((await fetch(new URL('/success', callback))).status).toBe(404);
    await browse(url);
    expect(await completed()).toMatchObject({ success: true });
  });

  const state = (url: URL) => url.searchParams.get('state') ?? '';
  test.each<[string, (url: URL) => string, readonly string[], string]>([
    [
      'an error',
      (url) => `error=%3Ci%3Ex&error_description=%3Cb%3Ebad&state=${state(url)}`,
      ['<h1>Sign-in failed</h1>', 'Code: &lt;i&gt;x<', '&lt;b&gt;bad<'],
      'Sign-in failed: <b>bad',
    ],
    [
      'an error without words',
      (url) => `error=server_error&state=${state(url)}`,
      ['Code: server_error<'],
      'server_error',
    ],
    ['no code', (url) => `state=${state(url)}`, ['Code: missing_authorization_code<'], 'missing_authorization_code'],
    [
      'a code that is not good',
      (url) => `code=no&state=${state(url)}`,
      ['Code: token_exchange_failed<', 'the code is not good<'],
      'Token exchange failed: the auth server answered 400: the code is not good',
    ],
    [
      'no entitlement',
      (url) => `error=access_denied&error_description=missing_codex_entitlement&state=${state(url)}`,
      ['<h1>No access to Codex</h1>', 'Code: access_denied<', 'not enabled for your workspace'],
      'Sign-in failed: Codex is not enabled for your workspace. Ask its administrator for access.',
    ],
  ])('ends with a page that says why on %s; nothing is stored', async (_, query, shows, says) => {
    const { auth, notices, completed } = start();
    const { loginId, ...prompt } = await auth.startLogin('chatgpt', fake.server);
    const url = urlOf(prompt);
    const page = await fetch(`${callbackOf(url).href}?${query(url)}`);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const part of shows) expect(html).toContain(part);
    expect(html).not.toMatch(/<[ib]>/);
    const error = says.includes(': ') ? says : `Sign-in failed: ${says}`;
    const end = { type: 'loginCompleted', loginId, success: false, error: `Login server error: ${error}` };
    expect(await completed()).toEqual(end);
    expect([await text(), (await auth.read()).state]).toEqual([null, 'signedOut']);
    // Of a sign-in that failed nothing but its end is told.
    expect(notices.filter(({ type }) => type !== 'stateChanged')).toEqual([end]);
  });

  test('to a workspace that is not allowed ends with its page; the old sign-in stays', async () => {
    const old = '{"OPENAI_API_KEY":"sk-old"}';
    await writeFile(file, old);
    const { auth, completed } = start({ restrictions: async () => ({ method: null, workspaces: ['w-1', 'w-2'] }) });
    const url = urlOf(await auth.startLogin('chatgpt', fake.server));
    expect(url.searchParams.get('allowed_workspace_id')).toBe('w-1,w-2');
    expect(await browse(url)).toMatchObject({ status: 200, body: expect.stringContaining('workspace_restriction') });
    expect(await completed()).toMatchObject({
      error:
        'Login server error: Login is restricted to one of the workspaces w-1, w-2 by forced_chatgpt_workspace_id.',
    });
    expect(await text()).toBe(old);
  });

  test('that cannot be stored says so on its page', async () => {
    const parts = authParts(home);
    const save = () => Promise.reject(new RpcError('internal', 'the disk is full'));
    const { auth, completed } = start({ store: { ...parts.store, save } });
    expect((await browse(urlOf(await auth.startLogin('chatgpt', fake.server)))).body).toContain('persist_failed');
    expect(await completed()).toMatchObject({ success: false, error: expect.stringContaining('the disk is full') });
  });

  test('can be cancelled by its id, and by the path that another sign-in uses', async () => {
    const { auth, completed } = start();
    const { loginId } = await auth.startLogin('chatgpt', fake.server);
    expect([auth.cancelLogin('other'), auth.cancelLogin(loginId), auth.cancelLogin(loginId)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(await completed()).toMatchObject({ loginId, success: false, error: 'Login cancelled' });
    const second = start();
    const url = urlOf(await second.auth.startLogin('chatgpt', fake.server));
    const answer = await fetch(new URL('/cancel', callbackOf(url)));
    expect([answer.status, await answer.text()]).toEqual([200, 'Login cancelled']);
    expect(await second.completed()).toMatchObject({ success: false, error: 'Login cancelled' });
  });

  test('takes over the port of another one, in this program or the next', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const [one, two] = [start({ loginPorts: [port] }), start({ loginPorts: [port] })];
    await one.auth.startLogin('chatgpt', fake.server);
    const url = urlOf(await two.auth.startLogin('chatgpt', fake.server));
    expect(callbackOf(url).port).toBe(String(port));
    expect(await one.completed()).toMatchObject({ success: false, error: 'Login cancelled' });
    const third = await two.auth.startLogin('chatgpt', fake.server);
    expect(await two.completed()).toMatchObject({ success: false, error: 'Login cancelled' });
    expect(callbackOf(urlOf(third)).port).toBe(String(port));
  });

  test('uses the ports that the vendor allows, in their order', () => {
    expect(LOGIN_PORTS).toEqual([1455, 1457]);
  });

  test('goes to the next port when a stranger keeps the first, and fails when there is none', async () => {
    const asked: unknown[] = [];
    // The first time it says nothing at all, which is waited for no longer than two seconds.
    const stranger = createServer(({ method, url }, response) => {
      if (asked.push(`${method} ${url}`) > 1) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    const { auth } = start({ loginPorts: [port, 0] });
    expect(callbackOf(urlOf(await auth.startLogin('chatgpt', fake.server))).port).not.toBe(String(port));
    const failing = start({ loginPorts: [port] });
    expect(await failureOf(failing.auth.startLogin('chatgpt', fake.server))).toEqual([
      'loginFailed',
      `Port 127.0.0.1:${port} is already in use`,
    ]);
    expect(failing.notices.filter(({ type }) => type === 'loginCompleted')).toEqual([]);
    // Once for each sign-in, however often the port is tried.
    expect(asked).toEqual(['GET /cancel', 'GET /cancel']);
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('replaces a ChatGPT sign-in and revokes the old one', async () => {
    const refreshToken = fake.issue();
    await writeFile(file, chatgptAuthFile(fake, { refreshToken }));
    const { auth, completed } = start();
    await browse(urlOf(await auth.startLogin('chatgpt', fake.server)));
    expect(await completed()).toMatchObject({ success: true });
    await auth.whenResting();
    expect(fake.revoked).toEqual([refreshToken]);
  });

  test('is cancelled by a logout, which then ends what is stored', async () => {
    await writeFile(file, chatgptAuthFile(fake));
    const { auth, completed } = start();
    await auth.startLogin('chatgpt', fake.server);
    expect(await auth.logout({ server: fake.server })).toEqual({ wasSignedIn: true, notice: null });
    expect(await completed()).toMatchObject({ success: false, error: 'Login cancelled' });
    expect([await text(), fake.revoked.length]).toEqual([null, 1]);
  });
});

describe('a sign-in with a code', () => {
  test.each([403, 404] as const)('asks until the person has answered, %i meaning not yet', async (status) => {
    fake.pending(3, status);
    const { auth, completed } = start();
    expect(await auth.startLogin('chatgptDeviceCode', fake.server)).toEqual({
      type: 'chatgptDeviceCode',
      loginId: expect.any(String),
      verificationUrl: `${fake.url}/codex/device`,
      userCode: 'ABCD-1234',
    });
    expect(await completed()).toMatchObject({ success: true });
    expect(fake.requestsTo('/api/accounts/deviceauth/token').length).toBe(4);
    expect(JSON.parse((await text()) ?? '')).toMatchObject({ auth_mode: 'chatgpt', OPENAI_API_KEY: null });
    expect(fake.requestsTo('/oauth/token').map(({ body }) => body.redirect_uri)).toEqual([
      `${fake.url}/deviceauth/callback`,
    ]);
  });

  test.each([
    [404, 'deviceCodeDisabled', 'device code login is not enabled for this server'],
    [500, 'loginFailed', 'device code request failed with status 500: {}'],
  ] as const)('that the server refuses with %i is told to the asker alone', async (status, name, message) => {
    fake.fail('usercode', { kind: 'status', status });
    const { auth, notices } = start();
    expect(await failureOf(auth.startLogin('chatgptDeviceCode', fake.server))).toEqual([name, message]);
    expect([auth.state, notices.filter(({ type }) => type === 'loginCompleted')]).not.toContain('signingIn');
  });

  test('stops at once at any other answer, without its secrets', async () => {
    fake.fail('deviceToken', { kind: 'echo', status: 500 });
    const { auth, completed } = start();
    await auth.startLogin('chatgptDeviceCode', fake.server);
    const end = await completed();
    expect(end).toMatchObject({ success: false, error: expect.stringContaining('status 500') });
    expect(JSON.stringify(end)).not.toContain(FAKE_SECRET);
    expect(fake.requestsTo('/api/accounts/deviceauth/token').length).toBe(1);
  });

  test('is cancelled during its wait', async () => {
    fake.pending(1_000_000);
    const { auth, completed } = start({ minPollMs: 60_000 });
    const { loginId } = await auth.startLogin('chatgptDeviceCode', fake.server);
    await fake.waitForRequests('/api/accounts/deviceauth/token', 1);
    expect(auth.cancelLogin(loginId)).toBe(true);
    expect(await completed()).toMatchObject({ success: false, error: 'Login cancelled' });
  });
});

describe('tokens of another program', () => {
  const supplied = (token: string, account = 'acc-1') => externalCredentials(`${token}-${FAKE_SECRET}`, account, 'pro');

  test('win over what is stored, never reach the disk, and are renewed by the program that gave them', async () => {
    const old = '{"OPENAI_API_KEY":"sk-old"}';
    await writeFile(file, old);
    const asked: string[] = [];
    const { auth } = start({
      askHost: async ({ hostId }) => {
        asked.push(hostId);
        return supplied('two');
      },
    });
    await auth.useExternal({ credentials: supplied('one'), hostId: 'client-7' });
    expect(await auth.read()).toMatchObject({ authMode: 'chatgptAuthTokens', account: { planType: 'pro' } });
    const rejected = await auth.getModelAuth(fake.server);
    expect(rejected).toEqual({ kind: 'bearer', token: `one-${FAKE_SECRET}`, accountId: 'acc-1' });
    const given = await Promise.all([1, 2, 3].map(() => auth.recoverModelAuth(rejected, fake.server)));
    expect(given.map((each) => each?.kind === 'bearer' && each.token)).toEqual(Array(3).fill(`two-${FAKE_SECRET}`));
    expect([asked, await text(), fake.requests]).toEqual([['client-7'], old, []]);
    const active = ['externalAuthActive', expect.stringMatching(/^External auth is active\. /)];
    expect(await failureOf(auth.login('sk-new'))).toEqual(active);
    expect(await failureOf(auth.startLogin('chatgpt', fake.server))).toEqual(active);

    expect(await auth.logout({ server: fake.server })).toEqual({ wasSignedIn: true, notice: null });
    expect([await text(), (await auth.read()).account]).toEqual([null, null]);
  });

  test.each([
    ['of another workspace', async () => supplied('two', 'acc-9'), /another workspace/],
    ['never', () => Promise.reject(new RpcError('refreshFailed', 'the program is gone')), /the program is gone/],
  ])('that come %s are an error for the request', async (_, askHost, message) => {
    const { auth } = start({ askHost });
    await auth.useExternal({ credentials: supplied('one'), hostId: 'h' });
    const rejected = await auth.getModelAuth(fake.server);
    const failure = await failureOf(auth.recoverModelAuth(rejected, fake.server));
    expect(failure).toEqual(['refreshFailed', expect.stringMatching(message)]);
    expect(await auth.getModelAuth(fake.server)).toEqual(rejected);
  });

  test('of a workspace that is not allowed are refused', async () => {
    const { auth } = start({ restrictions: async () => ({ method: null, workspaces: ['w'] }) });
    expect((await failureOf(auth.useExternal({ credentials: supplied('one'), hostId: 'h' })))?.[0]).toBe(
      'loginDisabled',
    );
    expect(auth.state).toBe('signedOut');
  });
});

test.each([
  ['api', 'chatgpt', 'ChatGPT login is disabled. Use API key login instead.'],
  ['api', 'chatgptDeviceCode', 'ChatGPT login is disabled. Use API key login instead.'],
] as const)('with forced_login_method = "%s" %s is refused', async (method, login, message) => {
  const { auth } = start({ restrictions: async () => ({ method, workspaces: null }) });
  expect(await failureOf(auth.startLogin(login, fake.server))).toEqual(['loginDisabled', message]);
});
