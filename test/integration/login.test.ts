import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  accountLoginCancel,
  accountLoginStart,
  accountLogout,
  accountRead,
  getAuthStatus,
} from '../../machines/protocol/methods/account.ts';
import { startAuthScene, writtenIn } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { chatgptAuthFile, FAKE_SECRET, startFakeAuthServer } from '../support/fake-auth-server.ts';
import { httpError, text } from '../support/fake-openai.ts';
import { takeLoginPort } from '../support/login-port.ts';

describe('a sign-in over the wire', () => {
  test('with a browser, at the issuer that the client’s environment names; a turn, a 401, a refresh, a logout', async () => {
    await takeLoginPort();
    const { fake, scene, connect, path } = await startAuthScene({
      script: [text('one'), httpError(401), text('two')],
    });
    const [client, other] = [await connect(), await connect({ encoding: 'json' })];
    const started = await client.request(accountLoginStart, { type: 'chatgpt' });
    if (started.type !== 'chatgpt') throw new Error(`started ${started.type}`);
    expect(started.authUrl.startsWith(`${fake.url}/oauth/authorize?`)).toBe(true);
    expect(await other.request(accountRead, {})).toMatchObject({
      state: 'signingIn',
      login: { loginId: started.loginId, method: 'chatgpt' },
    });

    const authorized = await fetch(started.authUrl, { redirect: 'manual' });
    const callback = (authorized.headers.get('location') ?? '').replace('localhost', '127.0.0.1');
    const done = await fetch(callback);
    expect([done.status, new URL(done.url).pathname]).toEqual([200, '/success']);

    expect((await other.notification('account/login/completed')).params).toEqual({
      loginId: started.loginId,
      success: true,
      error: null,
    });
    expect((await other.notification('account/updated')).params).toEqual({ authMode: 'chatgpt', planType: 'pro' });
    const thread = await startThread(client);
    await thread.run('hi');
    await thread.run('again');
    expect(fake.requestsTo('/oauth/token').map(({ body }) => body.grant_type)).toEqual([
      'authorization_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'refresh_token',
    ]);
    const { tokens } = JSON.parse(readFileSync(path, 'utf8'));
    expect(scene.openai.requests.at(-1)?.headers.authorization).toBe(`Bearer ${tokens.access_token}`);
    expect(await client.request(getAuthStatus, { includeToken: true })).toEqual({
      authMethod: 'chatgpt',
      authToken: null,
      requiresOpenaiAuth: true,
    });
    await client.request(accountLogout, {});
    expect(fake.live.size).toBe(0);

    // All that was written and sent, but for the model and the auth server themselves.
    const sent = JSON.stringify([client.raw.received, other.raw.received]);
    const all = `${sent}${scene.daemon.log()}${writtenIn(scene.temp)}`;
    for (const secret of [FAKE_SECRET, tokens.access_token, tokens.refresh_token, tokens.id_token]) {
      expect(all).not.toContain(secret);
    }
  });

  test('with a code, at the issuer of the request; and its cancel', async () => {
    const { fake, connect } = await startAuthScene();
    const elsewhere = await startFakeAuthServer();
    onTestFinished(() => elsewhere.close());
    elsewhere.pending(1_000_000);
    const client = await connect();
    const started = await client.request(accountLoginStart, {
      type: 'chatgptDeviceCode',
      issuer: `${elsewhere.url}/`,
      clientId: 'app_of_the_option',
    });
    expect(elsewhere.requests[0]?.body).toEqual({ client_id: 'app_of_the_option' });
    expect(started).toMatchObject({ verificationUrl: `${elsewhere.url}/codex/device`, userCode: 'ABCD-1234' });
    if (started.type !== 'chatgptDeviceCode') throw new Error(`started ${started.type}`);
    await expect(client.request(accountLoginCancel, { loginId: 'seven' })).rejects.toMatchObject({
      errorName: 'invalidParams',
      code: -32600,
      message: 'invalid login id: seven',
    });
    expect(await client.request(accountLoginCancel, { loginId: started.loginId })).toEqual({ status: 'canceled' });
    expect(await client.request(accountLoginCancel, { loginId: started.loginId })).toEqual({ status: 'notFound' });
    expect((await client.notification('account/login/completed')).params).toMatchObject({ success: false });
    expect(fake.requests).toEqual([]);
  });

  test('with tokens of the client, which is asked for new ones after a 401', async () => {
    const { scene, connect } = await startAuthScene({ script: [httpError(401), text('ok')] });
    const asked: unknown[] = [];
    const client = await connect({
      onAsk: (method, params) => {
        asked.push([method, params]);
        return { accessToken: `host-two-${FAKE_SECRET}`, chatgptAccountId: 'acc-1', chatgptPlanType: 'plus' };
      },
    });
    const given = { accessToken: `host-one-${FAKE_SECRET}`, chatgptAccountId: 'acc-1', chatgptPlanType: 'plus' };
    expect(await client.request(accountLoginStart, { type: 'chatgptAuthTokens', ...given })).toEqual({
      type: 'chatgptAuthTokens',
    });
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });
    expect(asked).toEqual([
      ['account/chatgptAuthTokens/refresh', { reason: 'unauthorized', previousAccountId: 'acc-1' }],
    ]);
    expect(scene.openai.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer host-one-${FAKE_SECRET}`,
      `Bearer host-two-${FAKE_SECRET}`,
    ]);
    for (const params of [{ type: 'chatgpt' }, { type: 'apiKey', apiKey: 'sk' }] as const) {
      await expect(client.request(accountLoginStart, params)).rejects.toMatchObject({
        errorName: 'externalAuthActive',
        code: -32600,
        message: expect.stringMatching(/^External auth is active\. /),
      });
    }
  });

  test('that is kept elsewhere: a turn refreshes where its client says, and one failing turn asks at most three times', async () => {
    const { fake, scene, connect, path } = await startAuthScene({ script: () => httpError(401) });
    writeFileSync(path, chatgptAuthFile(fake, { endsInSeconds: -10 }), { mode: 0o600 });
    fake.fail('token', { kind: 'status', status: 500 });
    const client = await connect();
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'failed' });
    expect(fake.requestsTo('/oauth/token').length).toBeLessThanOrEqual(3);
    expect(await client.request(accountRead, { refreshToken: true })).toMatchObject({ account: { type: 'chatgpt' } });
    expect(scene.daemon.log()).not.toContain(FAKE_SECRET);
  });
});

test('where tokens are sent is said by the environment of each client, and never by that of the daemon', async () => {
  const [first, second, stranger] = await Promise.all([1, 2, 3].map(() => startFakeAuthServer()));
  if (!first || !second || !stranger) throw new Error('three servers were started');
  onTestFinished(async () => void (await Promise.all([second, stranger].map((server) => server.close()))));
  const { connect, variables } = await startAuthScene({
    fake: first,
    file: chatgptAuthFile(first),
    daemon: { env: stranger.variables },
  });
  const { CODEX_REVOKE_TOKEN_URL_OVERRIDE: _, ...onlyRefreshes } = variables;
  const here = await connect();
  const there = await connect({ environment: { variables: { ...variables, ...second.variables } } });
  const refreshOnly = await connect({ environment: { variables: onlyRefreshes } });
  const nowhere = await connect({ isOurs: false, encoding: 'json' });
  const planned = async (client: typeof here) =>
    (await client.request(accountLogout, { dryRun: true })).plan?.revokes?.url;
  expect([await planned(here), await planned(there), await planned(refreshOnly), await planned(nowhere)]).toEqual([
    `${first.url}/oauth/revoke`,
    `${second.url}/oauth/revoke`,
    // Beside the address of refreshing, when only that is named.
    `${first.url}/oauth/revoke`,
    'https://auth.openai.com/oauth/revoke',
  ]);

  await here.request(accountRead, { refreshToken: true });
  const { loginId } = (await there.request(accountLoginStart, { type: 'chatgptDeviceCode' })) as { loginId: string };
  await there.request(accountLoginCancel, { loginId });
  await there.request(accountLogout, {});
  expect(first.requests.map(({ path }) => path)).toEqual(['/oauth/token']);
  expect(second.requests.map(({ path }) => path).filter((path) => !path.endsWith('/deviceauth/token'))).toEqual([
    '/api/accounts/deviceauth/usercode',
    '/oauth/revoke',
  ]);
  expect(stranger.requests).toEqual([]);
});
