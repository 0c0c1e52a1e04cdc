import { stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createAuth } from '../../../daemon/auth/auth.ts';
import type { AuthNotice } from '../../../daemon/auth/auth-views.ts';
import type { LoginPrompt } from '../../../daemon/auth/login-desk.ts';
import { postOnce } from '../../../daemon/auth/token-call.ts';
import { systemClock } from '../../../daemon/deps.ts';
import { type AuthServer, authServerOf } from '../../../machines/auth/auth-server.ts';
import { FAKE_SECRET } from '../../support/fake-auth-server.ts';
import { authParts } from './auth-fixtures.ts';
import { type AuthRig, nextTurn, simulatedClock, useAuthRig } from './auth-rig.ts';

/** Rows of auth.md §4 and §5 that login.test.ts does not come by. */
let rig: AuthRig;

useAuthRig((given) => {
  rig = given;
});

interface Asked {
  readonly path: string;
  readonly type: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** A server whose answers a test gives one by one; the last one again and again. */
async function serve(...answers: readonly (readonly [number, unknown])[]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { url: path = '', headers } = request;
    asked.push({ path, type: headers['content-type'] ?? '', headers: Object.keys(headers), body });
    const [status, answer] = answers[Math.min(asked.length, answers.length) - 1] ?? [500, {}];
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const given: AuthServer = authServerOf({ variables: {}, issuer: `${issuer}/`, originator: 'o', userAgent: 'u' });
  return { asked, server: given, issuer, close };
}

const callback = (prompt: LoginPrompt, query: (state: string) => string): URL => {
  const { searchParams } = new URL(prompt.type === 'chatgpt' ? prompt.authUrl : '');
  const back = new URL((searchParams.get('redirect_uri') ?? '').replace('localhost', '127.0.0.1'));
  back.search = query(searchParams.get('state') ?? '');
  return back;
};
const withCode = (state: string): string => `code=c-1&state=${state}`;
const tokens = () => ({ id_token: rig.fake.idToken(), access_token: 'a-1', refresh_token: 'r-1' });
const errorOf = (notice: AuthNotice): string | null => (notice.type === 'loginCompleted' ? notice.error : null);

describe('the exchange of a browser’s code', () => {
  test.each<[string, readonly (readonly [number, unknown])[], string | null]>([
    [
      'gives a key beside the tokens',
      [
        [200, 0],
        [200, { access_token: 'sk-1' }],
      ],
      'sk-1',
    ],
    [
      'goes without a key that is refused',
      [
        [200, 0],
        [403, {}],
      ],
      null,
    ],
    [
      'goes without a key that cannot be read',
      [
        [200, 0],
        [200, '<html>'],
      ],
      null,
    ],
  ])('%s', async (_, [first, second], key) => {
    const issuer = await serve([first?.[0] ?? 0, tokens()], second ?? [500, {}]);
    const { auth, completed } = rig.start();
    const prompt = await auth.startLogin('chatgpt', issuer.server);
    const page = await fetch(callback(prompt, withCode), { redirect: 'manual' });
    expect([page.status, page.headers.get('location')]).toEqual([302, '/success']);
    // Stored before the browser is sent on.
    expect(JSON.parse((await rig.text()) ?? '')).toEqual({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: key,
      tokens: { ...tokens(), account_id: 'acc-1' },
      last_refresh: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(await completed()).toMatchObject({ success: true });
    const [exchange, keyExchange] = issuer.asked;
    expect([...new URLSearchParams(exchange?.body)]).toEqual([
      ['grant_type', 'authorization_code'],
      ['code', 'c-1'],
      ['redirect_uri', callback(prompt, () => '').href.replace('127.0.0.1', 'localhost')],
      ['client_id', 'app_EMoamEEZ73f0CkXaXp7hrann'],
      ['code_verifier', expect.stringMatching(/^[\w-]{86}$/)],
    ]);
    expect([exchange?.path, exchange?.type]).toEqual(['/oauth/token', 'application/x-www-form-urlencoded']);
    // Neither name nor agent of ours, as in the reference (auth.md §3).
    expect(exchange?.headers).not.toContain('originator');
    expect([...new URLSearchParams(keyExchange?.body)]).toEqual([
      ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      ['client_id', 'app_EMoamEEZ73f0CkXaXp7hrann'],
      ['requested_token', 'openai-api-key'],
      ['subject_token', tokens().id_token],
      ['subject_token_type', 'urn:ietf:params:oauth:token-type:id_token'],
    ]);
    await issuer.close();
  });

  test.each<[string, number, unknown, string]>([
    ['a description', 400, { error: 'e', error_description: 'said so' }, 'the auth server answered 400: said so'],
    ['a message', 403, { error: { code: 'c', message: 'said' } }, 'the auth server answered 403: said'],
    ['a code', 500, { error: 'The_Code' }, 'the auth server answered 500: the_code'],
    ['plain words', 502, 'bad gateway', 'the auth server answered 502: bad gateway'],
    ['nothing', 503, '', 'the auth server answered 503'],
    ['a redirect', 302, '', 'the auth server answered 302'],
    ['no JSON', 200, '<html>', 'the answer of the auth server cannot be read'],
    [
      'no refresh token',
      200,
      { id_token: 'e30.e30.x', access_token: 'a' },
      'the answer of the auth server cannot be read',
    ],
    [
      'no access token',
      200,
      { id_token: 'e30.e30.x', refresh_token: 'r' },
      'the answer of the auth server cannot be read',
    ],
    ['no id token', 200, { access_token: 'a', refresh_token: 'r' }, 'the answer of the auth server cannot be read'],
    [
      'an id token that is none',
      200,
      { id_token: 'x', access_token: 'a', refresh_token: 'r' },
      'the answer of the auth server cannot be read',
    ],
  ])('that is answered with %s fails with it, and stores nothing', async (_, status, body, why) => {
    const issuer = await serve([status, body]);
    const { auth, completed } = rig.start();
    const page = await fetch(callback(await auth.startLogin('chatgpt', issuer.server), withCode));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('token_exchange_failed')]);
    expect(errorOf(await completed())).toBe(`Login server error: Token exchange failed: ${why}`);
    expect([await rig.text(), issuer.asked.length]).toEqual([null, 1]);
    await issuer.close();
  });
});

describe('the listener', () => {
  test('answers each path to the letter, and lets nobody but the browser in', async () => {
    const { auth, completed } = rig.start();
    const prompt = await auth.startLogin('chatgpt', rig.fake.server);
    const at = (path: string) =>
      new URL(
        path,
        callback(prompt, () => ''),
      );
    const answer = async (url: URL, init?: RequestInit) => {
      const response = await fetch(url, init);
      return [response.status, await response.text()];
    };
    let state = '';
    callback(prompt, (given) => {
      state = given;
      return '';
    });
    // base64url of 32 random bytes.
    expect(state).toMatch(/^[\w-]{43}$/);
    expect(await answer(callback(prompt, () => 'code=x&state=wrong'))).toEqual([400, 'State mismatch']);
    expect(await answer(callback(prompt, () => 'code=x'))).toEqual([400, 'State mismatch']);
    expect(await answer(at('/other'))).toEqual([404, 'Not Found']);
    expect(await answer(at('/cancel'), { method: 'POST' })).toEqual([404, 'Not Found']);
    const authorized = await fetch(prompt.type === 'chatgpt' ? prompt.authUrl : '', { redirect: 'manual' });
    const back = new URL((authorized.headers.get('location') ?? '').replace('localhost', '127.0.0.1'));
    const done = await fetch(back);
    expect([done.status, done.headers.get('content-type'), done.headers.get('connection')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'close',
    ]);
    expect(await completed()).toMatchObject({ success: true });
    expect((await stat(rig.file)).mode & 0o777).toBe(0o600);
    // The code was good once, and the listener is gone.
    await expect(fetch(back)).rejects.toThrow();
  });
});

describe('a sign-in with a code', () => {
  const deviceCode = { device_auth_id: 'd-1', user_code: 'CODE', interval: '0' };
  const authorization = { authorization_code: 'c', code_challenge: 'x', code_verifier: 'v' };

  test.each([
    ['as text', { ...deviceCode }],
    ['under the other name', { device_auth_id: 'd-1', usercode: 'CODE', interval: 0 }],
    ['without an interval', { device_auth_id: 'd-1', user_code: 'CODE' }],
    ['with an interval that is none', { ...deviceCode, interval: 'soon' }],
  ])('takes what the server gives %s', async (_, given) => {
    const issuer = await serve([200, given], [403, {}], [200, authorization], [200, tokens()]);
    const { auth, completed } = rig.start();
    expect(await auth.startLogin('chatgptDeviceCode', issuer.server)).toMatchObject({
      verificationUrl: `${issuer.issuer}/codex/device`,
      userCode: 'CODE',
    });
    expect(await completed()).toMatchObject({ success: true });
    expect(issuer.asked.map(({ path, body }) => [path, body])).toEqual([
      ['/api/accounts/deviceauth/usercode', '{"client_id":"app_EMoamEEZ73f0CkXaXp7hrann"}'],
      ...Array(2).fill(['/api/accounts/deviceauth/token', '{"device_auth_id":"d-1","user_code":"CODE"}']),
      [
        '/oauth/token',
        expect.stringContaining(`redirect_uri=${encodeURIComponent(`${issuer.issuer}/deviceauth/callback`)}`),
      ],
    ]);
    expect(issuer.asked.at(-1)?.body).toContain('code_verifier=v');
    await issuer.close();
  });

  test.each([
    [200, '<html>', 'device code request failed: the answer cannot be read'],
    [200, { device_auth_id: 'd' }, 'device code request failed: the answer cannot be read'],
    [429, { error: { message: 'slow down' } }, 'device code request failed with status 429: slow down'],
  ])('that is answered with %i %j fails', async (status, body, message) => {
    const issuer = await serve([status, body]);
    await expect(rig.start().auth.startLogin('chatgptDeviceCode', issuer.server)).rejects.toMatchObject({
      errorName: 'loginFailed',
      message,
    });
    await issuer.close();
  });

  test.each([
    ['another workspace', () => rig.fake.idToken('acc-1')],
    ['no workspace that is known', () => 'e30.e30.x'],
  ])('to %s than the one that is allowed is refused, and what was stored stays', async (_, idToken) => {
    const old = '{"OPENAI_API_KEY":"sk-old"}';
    await writeFile(rig.file, old);
    const issuer = await serve([200, deviceCode], [200, authorization], [200, { ...tokens(), id_token: idToken() }]);
    const { auth, completed } = rig.start({ restrictions: async () => ({ method: null, workspaces: ['w-1'] }) });
    await auth.startLogin('chatgptDeviceCode', issuer.server);
    expect(errorOf(await completed())).toBe('Login is restricted to workspace w-1 by forced_chatgpt_workspace_id.');
    expect(await rig.text()).toBe(old);
    await issuer.close();
  });

  test.each([
    ['0', 1_000],
    ['5', 5_000],
  ])('whose interval is "%s" waits %i ms between two questions, and 15 minutes in all', async (interval, waitMs) => {
    const { clock, waits, increment } = simulatedClock();
    const issuer = await serve([200, { ...deviceCode, interval }], [403, {}]);
    const { minPollMs: _, ...parts } = authParts(rig.home);
    const auth = createAuth({ ...parts, clock });
    const ends: AuthNotice[] = [];
    const ended = new Promise<AuthNotice>((resolve) => {
      auth.onChange((notice) => notice.type === 'loginCompleted' && resolve(notice));
    });
    void ended.then((notice) => ends.push(notice));
    await auth.startLogin('chatgptDeviceCode', issuer.server);
    while (!waits.includes(waitMs)) await nextTurn();
    // The first question was asked at once.
    expect([issuer.asked.length, waits.filter((ms) => ms < 10_000)]).toEqual([2, [waitMs]]);
    increment(15 * 60_000 - 1);
    await nextTurn();
    expect(ends).toEqual([]);
    increment(1);
    expect(await ended).toMatchObject({ success: false, error: 'device auth timed out after 15 minutes' });
    auth.stop();
    await issuer.close();
  });

  test('is cancelled also while the server keeps it waiting', async () => {
    rig.fake.fail('deviceToken', { kind: 'hang' });
    const { auth, completed } = rig.start();
    const { loginId } = await auth.startLogin('chatgptDeviceCode', rig.fake.server);
    await rig.fake.waitForRequests('/api/accounts/deviceauth/token', 1);
    expect(auth.cancelLogin(loginId)).toBe(true);
    expect(await completed()).toMatchObject({ success: false, error: 'Login cancelled' });
  });
});

describe('a call about tokens', () => {
  test('is given up after its limit, whatever the server does', async () => {
    const { clock, increment } = simulatedClock();
    rig.fake.fail('revoke', { kind: 'hang' });
    const url = `${rig.fake.url}/oauth/revoke`;
    const call = { url, proxy: null, headers: {}, body: '{}', limitMs: 10_000, wantsBody: true };
    const asked = postOnce({ fetch: globalThis.fetch, clock }, call, null);
    const failure = asked.catch((error: unknown) => String(error));
    await rig.fake.waitForRequests('/oauth/revoke', 1);
    increment(10_000);
    expect(await failure).toBe('Error: no answer within 10 seconds');
  });

  test.each([
    ['a server that is gone', null, 'the connection was refused'],
    ['no address', 'no address', 'its address is not valid'],
  ])('to %s says what is wrong, and nothing of what it carried', async (_, address, message) => {
    const gone = await serve([200, {}]);
    await gone.close();
    const call = { proxy: null, headers: {}, body: FAKE_SECRET, limitMs: 10_000, wantsBody: true };
    const asked = postOnce(
      { fetch: globalThis.fetch, clock: systemClock },
      { ...call, url: address ?? gone.issuer },
      null,
    );
    await expect(asked).rejects.toThrow(new Error(message));
  });
});
