import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountLoginStart, accountLogout, accountRead } from '../../machines/protocol/methods/account.ts';
import { signedInScene, startAuthScene, statesOf, writtenIn } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { chatgptAuthFile, FAKE_SECRET, type Fault, startFakeAuthServer } from '../support/fake-auth-server.ts';
import { hang, text } from '../support/fake-openai.ts';

describe('a logout of a ChatGPT sign-in', () => {
  test('revokes first, then erases; many at once are one revocation, and everybody hears of it', async () => {
    const fake = await startFakeAuthServer();
    const refreshToken = fake.issue();
    const { scene, connect, path } = await startAuthScene({ fake, file: chatgptAuthFile(fake, { refreshToken }) });
    const [client, other] = [await connect(), await connect()];
    const release = fake.hold('revoke');

    const asked = [client, other, client, other].map((each) => each.request(accountLogout, {}));
    await fake.waitForRequests('/oauth/revoke', 1);
    expect(existsSync(path)).toBe(true);
    expect(await other.request(accountRead, {})).toMatchObject({ state: 'revoking', account: { email: 'e@x.test' } });
    release();

    expect(await Promise.all(asked)).toEqual(Array(4).fill({ wasSignedIn: true, notice: null }));
    expect(existsSync(path)).toBe(false);
    expect(fake.requests.map(({ path: to, body }) => [to, body])).toEqual([
      [
        '/oauth/revoke',
        { token: refreshToken, token_type_hint: 'refresh_token', client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' },
      ],
    ]);
    expect(fake.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      accept: '*/*',
      originator: 'codex_cli_rs',
      'user-agent': expect.stringMatching(/^codex_cli_rs\/\S+ \(.+; .+\) /),
    });
    expect(fake.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(fake.requests[0]?.headers).not.toHaveProperty('cookie');
    expect((await other.notification('account/updated')).params).toEqual({ authMode: null, planType: null });
    await other.waitFor('the end', () => statesOf(other).at(-1) === 'signedOut');
    expect(statesOf(other)).toEqual(['restoring', 'revoking', 'erasing', 'signedOut']);
    // Once, however many asked.
    expect(other.notifications.filter(({ method }) => method === 'account/updated')).toHaveLength(1);
    expect(await client.request(accountLogout, {})).toEqual({ wasSignedIn: false, notice: null });
    expect(scene.daemon.log()).not.toContain(FAKE_SECRET);
  });

  test.each<[string, Fault, RegExp]>([
    [
      'a 500',
      { kind: 'status', status: 500, body: '' },
      /answered 500.*\. You are still signed in; run `codex logout` again\.$/,
    ],
    ['a 401', { kind: 'status', status: 401, body: { error: { message: 'no' } } }, /answered 401 \(no\).*--local-only/],
    ['a 302', { kind: 'status', status: 302 }, /answered 302/],
    ['an error that repeats the token', { kind: 'echo', status: 400 }, /answered 400 \(.*\[redacted\]/],
    ['a reset connection', { kind: 'reset' }, /could not be asked: the connection was/],
  ])('fails closed on %s: every byte is kept, and the next one works', async (_, fault, message) => {
    const fake = await startFakeAuthServer();
    const { scene, connect, path } = await signedInScene({ fake });
    const [client, other] = [await connect(), await connect()];
    const before = readFileSync(path, 'utf8');
    fake.fail('revoke', fault);

    const failure: unknown = await client.request(accountLogout, {}).catch((error: unknown) => error);

    expect(failure).toMatchObject({ errorName: 'revokeFailed', code: -32603, data: { stage: 'revoking' } });
    const words = failure instanceof Error ? failure.message : '';
    expect(words).toMatch(/^logout failed: the refresh token was not revoked: /);
    expect(words).toMatch(message);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(fake.requestsTo('/oauth/revoke').length).toBe(1);
    expect(await other.request(accountRead, {})).toMatchObject({
      account: { type: 'chatgpt' },
      state: 'error',
      stage: 'revoking',
      error: null,
    });
    expect(other.notifications.map(({ method }) => method)).not.toContain('account/updated');
    expect(existsSync(join(scene.temp.home, 'daemon', 'logout.json'))).toBe(false);

    fake.fail('revoke', null);
    expect(await client.request(accountLogout, {})).toEqual({ wasSignedIn: true, notice: null });
    expect(existsSync(path)).toBe(false);
    const told = JSON.stringify([words, client.notifications, other.notifications]);
    expect(`${told}${scene.daemon.log()}${writtenIn(scene.temp)}`).not.toContain(FAKE_SECRET);
  });

  test.each<[string, Fault, boolean]>([
    ['before the headers', { kind: 'hang' }, false],
    ['in the body of an error', { kind: 'hangInBody', status: 500 }, false],
    ['in the body of a success', { kind: 'hangInBody', status: 200 }, true],
  ])('with a server that hangs %s ends within its limit', async (_, fault, isDone) => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await signedInScene({ fake });
    const client = await connect();
    fake.fail('revoke', fault);
    const startedMs = performance.now();

    const failure: unknown = await client.request(accountLogout, {}).then(
      () => null,
      (error: unknown) => error,
    );

    expect(performance.now() - startedMs).toBeLessThan(isDone ? 8_000 : 14_000);
    expect(failure === null).toBe(isDone);
    expect(existsSync(path)).toBe(!isDone);
  });

  test('with a server that is not there fails', async () => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await signedInScene({ fake });
    const client = await connect();
    await fake.close();
    await expect(client.request(accountLogout, {})).rejects.toMatchObject({
      message: expect.stringContaining('the connection was refused'),
    });
    expect(existsSync(path)).toBe(true);
  });

  test.each([
    ['with an empty refresh token the access token is revoked, without a client', { refreshToken: '' }, 1],
    ['a sign-in without tokens is only erased', null, 0],
  ] as const)('%s', async (_, given, revocations) => {
    const fake = await startFakeAuthServer();
    const file = given ? chatgptAuthFile(fake, given) : '{"auth_mode":"chatgpt","OPENAI_API_KEY":null}';
    const { connect, path } = await startAuthScene({ fake, file });
    expect(await (await connect()).request(accountLogout, {})).toEqual({ wasSignedIn: true, notice: null });
    const bodies = fake.requestsTo('/oauth/revoke').map(({ body }) => Object.keys(body));
    expect(bodies).toEqual(Array(revocations).fill(['token', 'token_type_hint']));
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['{ half', 'malformed'],
    ['', 'empty'],
    ['[]', 'of the wrong shape'],
    ['{"auth_mode":"later"}', 'of an unknown mode'],
  ])('%j, a file that is %s, fails without a call and is kept', async (file) => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await startAuthScene({ fake, file });
    await expect((await connect()).request(accountLogout, {})).rejects.toMatchObject({
      errorName: 'authUnreadable',
      message: expect.stringMatching(/^logout failed: .*auth\.json/),
    });
    expect([readFileSync(path, 'utf8'), fake.requests]).toEqual([file, []]);
  });

  test('a folder in its place fails and is kept', async () => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await startAuthScene({
      fake,
      prepare: ({ home }) => mkdirSync(join(home, 'auth.json')),
    });
    const client = await connect();
    await expect(client.request(accountLogout, {})).rejects.toMatchObject({ errorName: 'authUnreadable' });
    expect(existsSync(path)).toBe(true);
  });

  test('a sign-in that lands while the server is asked is kept, and the logout says so', async () => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await signedInScene({ fake });
    const client = await connect();
    const release = fake.hold('revoke');
    const asked = client.request(accountLogout, {});
    const failure = asked.catch((error: unknown) => error);
    await fake.waitForRequests('/oauth/revoke', 1);
    const key = '{"auth_mode":"apikey","OPENAI_API_KEY":"sk-somebody-else"}';
    writeFileSync(path, key);
    release();
    expect(await failure).toMatchObject({ errorName: 'eraseFailed' });
    expect(readFileSync(path, 'utf8')).toBe(key);
    expect(await client.request(accountRead, {})).toMatchObject({ account: { type: 'apiKey' } });
  });

  test('a dry run says what would be done and does nothing; a local one leaves the server out and says so', async () => {
    const fake = await startFakeAuthServer();
    const { connect, path } = await signedInScene({ fake });
    const [client] = [await connect(), await connect()];
    expect(await client.request(accountLogout, { dryRun: true })).toEqual({
      plan: {
        account: { type: 'chatgpt', email: 'e@x.test', planType: 'pro' },
        authMode: 'chatgpt',
        store: { mode: 'file', kind: 'file', reason: null },
        revokes: { token: 'refresh_token', url: `${fake.url}/oauth/revoke` },
        erases: [path],
        clients: [{ clientId: expect.any(String), name: 'test-client', terminal: null }],
        runningTurns: [],
        notes: [],
      },
    });
    expect([existsSync(path), fake.requests]).toEqual([true, []]);

    expect(await client.request(accountLogout, { localOnly: true })).toEqual({
      wasSignedIn: true,
      notice: expect.stringContaining('without being revoked'),
    });
    expect([existsSync(path), fake.requests]).toEqual([false, []]);
  });

  test('a running turn keeps its token; the next request is told that nobody is signed in', async () => {
    const fake = await startFakeAuthServer();
    const { scene, connect } = await signedInScene({ fake, script: [hang('model', text('late'))] });
    const client = await connect();
    const thread = await startThread(client);
    const running = thread.run('hi');
    await scene.openai.waitForRequest(1);
    expect((await client.request(accountLogout, { dryRun: true })).plan?.runningTurns).toMatchObject([
      { threadId: thread.id },
    ]);
    await client.request(accountLogout, {});
    scene.openai.gate('model').open();
    expect(await running).toMatchObject({ status: 'completed' });
    expect(await thread.run('again')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('Not logged in') },
    });
  });

  test('an API key login replaces it and revokes it beside that', async () => {
    const fake = await startFakeAuthServer();
    const refreshToken = fake.issue();
    const { connect, path } = await startAuthScene({ fake, file: chatgptAuthFile(fake, { refreshToken }) });
    await (await connect()).request(accountLoginStart, { type: 'apiKey', apiKey: 'sk-new' });
    await fake.waitForRequests('/oauth/revoke', 1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      auth_mode: 'apikey',
      OPENAI_API_KEY: 'sk-new',
      theirs: { kept: true },
    });
    expect(fake.requests[0]?.body.token).toBe(refreshToken);
  });

  test('through a link removes the link and names what is left', async () => {
    const fake = await startFakeAuthServer();
    let real = '';
    const { connect, path } = await startAuthScene({
      fake,
      prepare: ({ root, home }) => {
        real = join(root, 'shared.json');
        writeFileSync(real, chatgptAuthFile(fake), { mode: 0o600 });
        symlinkSync(real, join(home, 'auth.json'));
      },
    });
    const outcome = await (await connect()).request(accountLogout, {});
    expect(outcome).toEqual({ wasSignedIn: true, notice: expect.stringContaining(real) });
    expect([existsSync(path), existsSync(real), fake.live.size]).toEqual([false, true, 0]);
  });
});
