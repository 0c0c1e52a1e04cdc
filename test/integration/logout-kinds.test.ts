import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  accountLoginStart,
  accountLogout,
  accountRead,
  getAuthStatus,
} from '../../machines/protocol/methods/account.ts';
import { signedInScene, startAuthScene } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { chatgptAuthFile, type FakeAuthServer, startFakeAuthServer } from '../support/fake-auth-server.ts';

const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
const chatgpt = (fake: FakeAuthServer, tokens: Record<string, unknown> | null, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    ...(tokens && { tokens: { id_token: fake.idToken(), ...tokens } }),
    ...more,
  });

// auth.md §7: what is asked of the server for each kind of stored sign-in, to the letter.
describe('a logout of', () => {
  test.each<{ name: string; file: (fake: FakeAuthServer) => string; asks: readonly unknown[] }>([
    {
      name: 'a refresh token',
      file: (fake) => chatgpt(fake, { access_token: 'a', refresh_token: 'r-1' }),
      asks: [{ token: 'r-1', token_type_hint: 'refresh_token', client_id: CLIENT_ID }],
    },
    {
      name: 'tokens beside an API key, which are ChatGPT still',
      file: (fake) => chatgpt(fake, { access_token: 'a', refresh_token: 'r-1' }, { OPENAI_API_KEY: 'sk' }),
      asks: [{ token: 'r-1', token_type_hint: 'refresh_token', client_id: CLIENT_ID }],
    },
    {
      name: 'tokens in a file without a mode',
      file: (fake) => JSON.stringify({ tokens: { id_token: fake.idToken(), access_token: 'a', refresh_token: 'r-1' } }),
      asks: [{ token: 'r-1', token_type_hint: 'refresh_token', client_id: CLIENT_ID }],
    },
    {
      name: 'an access token alone',
      file: (fake) => chatgpt(fake, { access_token: 'a-1', refresh_token: '' }),
      asks: [{ token: 'a-1', token_type_hint: 'access_token' }],
    },
    { name: 'two empty tokens', file: (fake) => chatgpt(fake, { access_token: '', refresh_token: '' }), asks: [] },
    { name: 'no tokens', file: (fake) => chatgpt(fake, null), asks: [] },
    { name: 'an empty object', file: () => '{}', asks: [] },
    { name: 'an API key', file: () => '{"OPENAI_API_KEY":"sk-1"}', asks: [] },
    { name: 'a key mode without a key', file: () => '{"auth_mode":"apikey","OPENAI_API_KEY":null}', asks: [] },
    {
      name: 'tokens of another program',
      file: (fake) => chatgpt(fake, { access_token: 'a', refresh_token: 'r' }, { auth_mode: 'chatgptAuthTokens' }),
      asks: [],
    },
    { name: 'an agent identity', file: () => '{"auth_mode":"agentIdentity","agent_identity":"x"}', asks: [] },
  ])('$name asks the server for $asks, and erases', async ({ file, asks }) => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await startAuthScene({ fake, file: file(fake) });
    const client = await connect();
    expect(await client.request(accountLogout, {})).toEqual({ wasSignedIn: true, notice: null });
    expect(fake.requests.map(({ path: to, body }) => [to, body])).toEqual(asks.map((body) => ['/oauth/revoke', body]));
    expect(existsSync(path)).toBe(false);
  });

  test('nobody is done at once, and all the same everybody is told who is signed in', async () => {
    const { fake, connect } = await startAuthScene();
    const [client, other] = [await connect(), await connect()];
    expect(await client.request(accountLogout, {})).toEqual({ wasSignedIn: false, notice: null });
    for (const each of [client, other]) {
      expect((await each.notification('account/updated')).params).toEqual({ authMode: null, planType: null });
    }
    expect(fake.requests).toEqual([]);
  });

  test.each([200, 204, 299])('a server that answers %i has revoked it', async (status) => {
    const { fake, connect, text } = await signedInScene();
    fake.fail('revoke', { kind: 'status', status });
    await (await connect()).request(accountLogout, {});
    expect(text()).toBeNull();
  });
});

describe('a logout', () => {
  test('answers first and tells everybody then, also for a client of the reference', async () => {
    const { fake, connect } = await signedInScene();
    const client = await connect({ isOurs: false, encoding: 'json', name: 'some-editor' });
    const from = client.raw.received.length;
    // Such a client tells nothing of its environment, so the vendor's own server would be asked.
    await client.request(accountLogout, { localOnly: true });
    await client.notification('account/updated');
    const order = client.raw.received.slice(from).map((value) => {
      const { method, result } = value as { method?: string; result?: unknown };
      return method ?? (result ? 'answer' : 'error');
    });
    expect(order.filter((what) => what !== 'account/state')).toEqual(['answer', 'account/updated']);
    expect(fake.requests).toEqual([]);
  });

  test('that revoked and could not erase says so, refuses the token, and does not revoke again', async () => {
    const { fake, scene, connect, path, text } = await signedInScene();
    const client = await connect();
    const before = text();
    const release = fake.hold('revoke');
    const failure = client.request(accountLogout, {}).catch((error: unknown) => error);
    await fake.waitForRequests('/oauth/revoke', 1);
    // Somebody broke the file meanwhile: it cannot be compared, so it is kept.
    writeFileSync(path, '{ half');
    release();
    expect(await failure).toMatchObject({
      errorName: 'authUnreadable',
      data: { stage: 'erasing' },
      message: expect.stringMatching(/^logout failed: the token was revoked, but .*auth\.json cannot be used: /),
    });
    writeFileSync(path, before ?? '');
    expect(await (await startThread(client)).run('hi')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('the token was revoked') },
    });
    expect(await client.request(accountLogout, {})).toMatchObject({ wasSignedIn: true });
    expect([existsSync(path), fake.revoked.length]).toEqual([false, 1]);
    expect(scene.openai.requests).toEqual([]);
    expect(existsSync(join(scene.temp.home, 'daemon', 'logout.json'))).toBe(false);
  });

  test('with tokens of another program over a ChatGPT sign-in ends both: the stored one is revoked', async () => {
    const { fake, connect, text } = await signedInScene();
    const client = await connect();
    await client.request(accountLoginStart, { type: 'chatgptAuthTokens', accessToken: 'x', chatgptAccountId: 'acc-1' });
    expect((await client.notification('account/updated')).params).toMatchObject({ authMode: 'chatgptAuthTokens' });
    const stored = text();
    expect(await client.request(getAuthStatus, {})).toMatchObject({ authMethod: 'chatgptAuthTokens' });
    fake.fail('revoke', { kind: 'status', status: 500 });
    await expect(client.request(accountLogout, {})).rejects.toMatchObject({ errorName: 'revokeFailed' });
    expect(text()).toBe(stored);
    fake.fail('revoke', null);
    await client.request(accountLogout, {});
    expect([text(), fake.revoked.length]).toEqual([null, 1]);
    expect(await client.request(accountRead, {})).toMatchObject({ account: null });
  });

  test('a key in the environment signs nobody in and is none of its business', async () => {
    const { scene, connect, variables } = await startAuthScene();
    const keys = { OPENAI_API_KEY: 'sk-env-1', CODEX_API_KEY: 'sk-env-2', CODEX_ACCESS_TOKEN: 'env-3' };
    const client = await connect({ environment: { variables: { ...variables, ...keys } } });
    expect(await client.request(accountRead, {})).toMatchObject({ account: null, state: 'signedOut' });
    expect(await client.request(accountLogout, {})).toMatchObject({ wasSignedIn: false });
    expect(await (await startThread(client)).run('hi')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('Not logged in') },
    });
    expect(scene.openai.requests).toEqual([]);
  });
});

describe('asking who is signed in', () => {
  test.each([
    ['a ChatGPT file without tokens', '{}', { type: 'chatgpt' }, null],
    ['a null key and no mode', '{"OPENAI_API_KEY":null}', { type: 'chatgpt' }, null],
    ['a key mode without a key', '{"auth_mode":"apikey"}', null, 'API key auth is missing a key'],
    ['an unknown mode', '{"auth_mode":"later"}', null, 'auth_mode'],
  ])('%s asks no server', async (_, file, account, error) => {
    const { fake, connect } = await startAuthScene({ file });
    const read = await (await connect()).request(accountRead, {});
    if (account === null) expect(read.account).toBeNull();
    else expect(read.account).toMatchObject(account);
    if (error === null) expect(read.error).toBeNull();
    else expect(read.error).toContain(error);
    expect(fake.requests).toEqual([]);
  });

  test.each(['account/read', 'getAuthStatus'] as const)(
    '%s may ask for a new token, and minds no refusal',
    async (method) => {
      const fake = await startFakeAuthServer();
      const here = await startAuthScene({ fake, file: chatgptAuthFile(fake) });
      const client = await here.connect();
      const params = { refreshToken: true };
      const ask = (): Promise<unknown> =>
        method === 'account/read'
          ? client.request(accountRead, params)
          : client.request(getAuthStatus, { ...params, includeToken: true });
      await ask();
      expect(fake.requestsTo('/oauth/token').map(({ body }) => body.refresh_reason)).toEqual(['forced']);
      const renewed = readFileSync(here.path, 'utf8');
      fake.fail('token', { kind: 'notJson' });
      const answer =
        method === 'account/read' ? { account: { type: 'chatgpt' } } : { authMethod: 'chatgpt', authToken: null };
      expect(await ask()).toMatchObject({ requiresOpenaiAuth: true, ...answer });
      fake.fail('token', { kind: 'status', status: 401 });
      expect(await ask()).toMatchObject({ requiresOpenaiAuth: true, ...answer });
      expect(readFileSync(here.path, 'utf8')).toBe(renewed);
    },
  );
});
