import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Auth, AuthDeps } from '../../../daemon/auth/auth.ts';
import type { ModelAuth } from '../../../daemon/model/request-headers.ts';
import { chatgptAuthFile, FAKE_SECRET, type FakeAuthServer } from '../../support/fake-auth-server.ts';
import { failureOf } from './auth-fixtures.ts';
import { type AuthRig, useAuthRig } from './auth-rig.ts';

let rig: AuthRig;
let top: string;
let file: string;
let fake: FakeAuthServer;

useAuthRig((given) => {
  rig = given;
  ({ home: top, file, fake } = rig);
});

const start = (home = top, more: Partial<AuthDeps> = {}): Auth => rig.start(more, home).auth;
const tokenOf = (auth: ModelAuth | null): string => (auth?.kind === 'bearer' ? auth.token : '');
const stored = async () => JSON.parse(await readFile(file, 'utf8'));

describe('before its use', () => {
  test('200 calls with a token that ends soon make one refresh, and all get the new one', async () => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 200 }));
    const auth = start();
    const given = await Promise.all(Array.from({ length: 200 }, () => auth.getModelAuth(fake.server)));
    expect(fake.requestsTo('/oauth/token').length).toBe(1);
    const file2 = await stored();
    expect(new Set(given.map(tokenOf))).toEqual(new Set([file2.tokens.access_token]));
    expect(file2.theirs).toEqual({ kept: true });
    expect(Date.parse(file2.last_refresh)).toBeGreaterThan(Date.now() - 60_000);
    expect(fake.requests[0]?.body).toEqual({
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      grant_type: 'refresh_token',
      refresh_token: expect.stringContaining(FAKE_SECRET),
      refresh_reason: 'proactive_expiry',
    });
    expect(fake.requests[0]?.headers).toMatchObject({ originator: 'test-originator', 'user-agent': 'test-agent' });
  });

  test.each([
    ['lasts longer', 600, 0],
    ['ends within five minutes', 290, 1],
    ['has ended', -10, 1],
    ['does not say and was renewed long ago', null, 1],
  ] as const)('a token that %s', async (_, endsInSeconds, refreshes) => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds }));
    await start().getModelAuth(fake.server);
    expect(fake.requestsTo('/oauth/token').length).toBe(refreshes);
  });

  test('another program that renewed it first is believed, without a call', async () => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 10 }));
    const auth = start();
    await auth.read();
    const newer = chatgptAuthFile(fake, { endsInSeconds: 3_600 });
    await writeFile(file, newer);
    expect(tokenOf(await auth.getModelAuth(fake.server))).toBe(JSON.parse(newer).tokens.access_token);
    expect(fake.requests).toEqual([]);
  });

  test('two daemons that share one file by a link never redeem a token twice', async () => {
    const homes = [join(top, 'a'), join(top, 'b')];
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 10 }));
    for (const home of homes) {
      await mkdir(home);
      await symlink(file, join(home, 'auth.json'));
    }
    const auths = homes.map((home) => start(home));
    const given = await Promise.all([...auths, ...auths, ...auths].map((auth) => auth.getModelAuth(fake.server)));
    expect(fake.redeemed.length).toBe(1);
    expect(new Set(given.map(tokenOf))).toEqual(new Set([(await stored()).tokens.access_token]));
    await Promise.all(auths.map((auth, at) => auth.read({ refresh: at === 0, server: fake.server })));
    await Promise.all(auths.map((auth) => auth.getModelAuth(fake.server)));
    expect(new Set(fake.redeemed).size).toBe(fake.redeemed.length);
  });
});

describe('that fails', () => {
  const codes = ['refresh_token_expired', 'refresh_token_reused', 'refresh_token_invalidated'];
  test.each([
    ...codes.map((code) => [401, { error: { code } }, true] as const),
    ...codes.map((code) => [400, { error: code.toUpperCase() }, true] as const),
    [401, {}, true],
    [403, { code: 'refresh_token_expired' }, true],
    [400, { error: 'invalid_grant' }, true],
    [400, { error: 'other' }, false],
    [500, {}, false],
    [429, {}, false],
  ] as const)('%i %j for ever: %s', async (status, body, isForEver) => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: -10 }));
    const before = await readFile(file, 'utf8');
    fake.fail('token', { kind: 'status', status, body });
    const auth = start();
    for (let call = 0; call < 5; call += 1) {
      expect((await failureOf(auth.getModelAuth(fake.server)))?.[0]).toBe('refreshFailed');
    }
    expect(fake.requestsTo('/oauth/token').length).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(auth.state).toBe(isForEver ? 'expired' : 'signedIn');
    expect(await auth.read()).toMatchObject({ account: { type: 'chatgpt' }, error: null });
  });

  test('stops nobody while the old token lasts', async () => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 100 }));
    fake.fail('token', { kind: 'reset' });
    const auth = start();
    const [first, second] = [await auth.getModelAuth(fake.server), await auth.getModelAuth(fake.server)];
    expect([tokenOf(first), tokenOf(second)]).toEqual(Array(2).fill((await stored()).tokens.access_token));
    expect(fake.requestsTo('/oauth/token').length).toBe(1);
  });

  test('for ever is remembered until another sign-in is stored', async () => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: -10 }));
    fake.fail('token', { kind: 'status', status: 401 });
    const auth = start();
    await failureOf(auth.getModelAuth(fake.server));
    fake.fail('token', null);
    expect((await failureOf(auth.getModelAuth(fake.server)))?.[0]).toBe('refreshFailed');
    await writeFile(file, chatgptAuthFile(fake));
    expect(tokenOf(await auth.getModelAuth(fake.server))).toBe((await stored()).tokens.access_token);
  });

  test('because a program without the lock was first ends in its newer token', async () => {
    await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 10 }));
    const auth = start();
    const release = fake.hold('token');
    fake.fail('token', { kind: 'status', status: 401, body: { error: { code: 'refresh_token_reused' } } });
    const asked = auth.getModelAuth(fake.server);
    await fake.waitForRequests('/oauth/token', 1);
    const newer = chatgptAuthFile(fake);
    await writeFile(file, newer);
    release();
    expect(tokenOf(await asked)).toBe(JSON.parse(newer).tokens.access_token);
  });
});

describe('after a 401', () => {
  test('50 requests with the same token make one refresh', async () => {
    await writeFile(file, chatgptAuthFile(fake));
    const auth = start();
    const rejected = await auth.getModelAuth(fake.server);
    const given = await Promise.all(Array.from({ length: 50 }, () => auth.recoverModelAuth(rejected, fake.server)));
    expect(fake.requestsTo('/oauth/token').map(({ body }) => body.refresh_reason)).toEqual(['unauthorized_recovery']);
    expect(new Set(given.map(tokenOf))).toEqual(new Set([(await stored()).tokens.access_token]));
  });

  test('a newer token of the same account is taken from the store without a call', async () => {
    await writeFile(file, chatgptAuthFile(fake));
    const auth = start();
    const rejected = await auth.getModelAuth(fake.server);
    await writeFile(file, chatgptAuthFile(fake));
    expect(tokenOf(await auth.recoverModelAuth(rejected, fake.server))).not.toBe(tokenOf(rejected));
    expect(fake.requests).toEqual([]);
  });

  test.each([
    ['another account', 'acc-1', 'acc-2'],
    ['one that names no account', 'acc-1', null],
    ['an account, where there was none known,', null, 'acc-2'],
  ])('%s in the store is an error for the asker, and the file is left alone', async (_, first, second) => {
    const signedInto = (account: string | null): string => {
      const { tokens, ...rest } = JSON.parse(chatgptAuthFile(fake));
      return JSON.stringify({ ...rest, tokens: { ...tokens, account_id: account } });
    };
    await writeFile(file, signedInto(first));
    const auth = start();
    const rejected = await auth.getModelAuth(fake.server);
    const other = signedInto(second);
    await writeFile(file, other);
    expect(await failureOf(auth.recoverModelAuth(rejected, fake.server))).toEqual([
      'refreshFailed',
      'you signed out or switched to another account since the request was sent; send it again',
    ]);
    expect([await readFile(file, 'utf8'), fake.requests]).toEqual([other, []]);
  });

  test('a refused refresh gives its reason, and is not tried again at once', async () => {
    await writeFile(file, chatgptAuthFile(fake));
    const auth = start();
    const rejected = await auth.getModelAuth(fake.server);
    fake.fail('token', { kind: 'echo', status: 500 });
    const failures = [];
    for (let call = 0; call < 4; call += 1)
      failures.push(await failureOf(auth.recoverModelAuth(rejected, fake.server)));
    expect(failures).toEqual(Array(4).fill(['refreshFailed', expect.stringContaining('answered 500')]));
    expect(fake.requestsTo('/oauth/token').length).toBe(1);
    expect(JSON.stringify(failures)).not.toContain(FAKE_SECRET);
  });

  test('an API key has nothing to renew', async () => {
    await writeFile(file, '{"OPENAI_API_KEY":"sk-1"}');
    const auth = start();
    expect(await auth.recoverModelAuth(await auth.getModelAuth(fake.server), fake.server)).toBeNull();
  });
});

test('a logout during a refresh revokes the newest token', async () => {
  await writeFile(file, chatgptAuthFile(fake, { endsInSeconds: 10 }));
  const auth = start();
  const release = fake.hold('token');
  const refreshing = auth.getModelAuth(fake.server);
  const failure = failureOf(refreshing);
  await fake.waitForRequests('/oauth/token', 1);
  const out = auth.logout({ server: fake.server });
  release();
  expect(await out).toEqual({ wasSignedIn: true, notice: null });
  await failure;
  expect([fake.redeemed.length, fake.revoked.length, fake.live.size]).toEqual([1, 1, 0]);
  expect(fake.revoked).not.toEqual(fake.redeemed);
});

test.each([
  ['of another workspace', {}, 'but the stored sign-in is of acc-1. It was signed out.'],
  [
    'of a workspace that is not known',
    { id_token: 'e30.e30.x', account_id: null },
    'but the stored sign-in is of none that is known. It was signed out.',
  ],
])('a sign-in %s than the configuration allows is revoked and erased before it is used', async (_, tokens, says) => {
  const { tokens: given, ...rest } = JSON.parse(chatgptAuthFile(fake));
  await writeFile(file, JSON.stringify({ ...rest, tokens: { ...given, ...tokens } }));
  const auth = start(top, { restrictions: async () => ({ method: null, workspaces: ['acc-2'] }) });
  expect(await failureOf(auth.getModelAuth(fake.server))).toEqual([
    'loginDisabled',
    `The configuration allows the workspace acc-2 only, ${says}`,
  ]);
  expect([fake.revoked.length, await readFile(file, 'utf8').catch(() => null)]).toEqual([1, null]);
});
