import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { ModelAuth } from '../../../daemon/model/request-headers.ts';
import { chatgptAuthFile, FAKE_SECRET } from '../../support/fake-auth-server.ts';
import { failureOf } from './auth-fixtures.ts';
import { type AuthRig, nextTurn, simulatedClock, useAuthRig } from './auth-rig.ts';

/** Rows of auth.md §6 that refresh.test.ts does not come by. */
let rig: AuthRig;

useAuthRig((given) => {
  rig = given;
});

const stored = async () => JSON.parse((await rig.text()) ?? '');
const tokenOf = (auth: ModelAuth | null): string => (auth?.kind === 'bearer' ? auth.token : '');
const signIn = (endsInSeconds: number | null = 3600) =>
  writeFile(rig.file, chatgptAuthFile(rig.fake, { endsInSeconds }));

describe('a refresh', () => {
  test.each([
    ['proactive_expiry', 10, (auth: ReturnType<AuthRig['start']>['auth']) => auth.getModelAuth(rig.fake.server)],
    ['scheduled', null, (auth: ReturnType<AuthRig['start']>['auth']) => auth.getModelAuth(rig.fake.server)],
    [
      'forced',
      3600,
      (auth: ReturnType<AuthRig['start']>['auth']) => auth.read({ refresh: true, server: rig.fake.server }),
    ],
  ] as const)('gives its reason: %s', async (reason, endsInSeconds, ask) => {
    await signIn(endsInSeconds);
    await ask(rig.start().auth);
    const headers = rig.fake.requests[0]?.headers ?? {};
    const body = rig.fake.requests[0]?.body ?? {};
    expect(Object.keys(body)).toEqual(['client_id', 'grant_type', 'refresh_token', 'refresh_reason']);
    expect(body.refresh_reason).toBe(reason);
    expect(headers).toMatchObject({ 'content-type': 'application/json', accept: '*/*', originator: 'test-originator' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
  });

  test.each<[string, object, readonly string[]]>([
    [
      'all three',
      { id_token: 'ID', access_token: 'a-2', refresh_token: 'r-2' },
      ['id_token', 'access_token', 'refresh_token'],
    ],
    ['an access token alone', { access_token: 'a-2' }, ['access_token']],
    ['nulls', { id_token: null, access_token: 'a-2', refresh_token: null }, ['access_token']],
    ['an id token that cannot be read', { id_token: 'x', access_token: 'a-2' }, ['access_token']],
    ['nothing', {}, []],
  ])('that gives %s replaces that alone', async (_, given, replaced) => {
    await signIn(10);
    const before = await stored();
    const answer =
      'id_token' in given && given.id_token === 'ID' ? { ...given, id_token: rig.fake.idToken('acc-1') } : given;
    rig.fake.fail('token', { kind: 'status', status: 200, body: answer });
    await rig.start().auth.getModelAuth(rig.fake.server);
    const after = await stored();
    const fields = Object.fromEntries(replaced.map((name) => [name, answer[name as keyof typeof answer]]));
    expect(after).toEqual({ ...before, tokens: { ...before.tokens, ...fields }, last_refresh: expect.any(String) });
    expect(after.last_refresh).not.toBe(before.last_refresh);
  });

  test.each([
    ['no JSON', { kind: 'notJson' }],
    ['a cut connection', { kind: 'reset' }],
    ['a 429', { kind: 'status', status: 429 }],
  ] as const)('that is answered with %s changes nothing, and may be tried again', async (_, fault) => {
    await signIn(-10);
    const before = await rig.text();
    rig.fake.fail('token', fault);
    const { auth } = rig.start();
    const failure = await failureOf(auth.getModelAuth(rig.fake.server));
    expect(failure).toEqual(['refreshFailed', expect.stringMatching(/^a new token could not be had: /)]);
    expect(await rig.text()).toBe(before);
    expect([auth.state, JSON.stringify(failure).includes(FAKE_SECRET)]).toEqual(['signedIn', false]);
  });

  test('that fails is tried again after a second, then after two; callers in between get the last error', async () => {
    await signIn();
    const { clock, increment } = simulatedClock();
    const { auth } = rig.start({ clock });
    const ask = async () => {
      const { state, reason } = await auth.read({ refresh: true, server: rig.fake.server });
      return [state, reason, rig.fake.requestsTo('/oauth/token').length];
    };
    const why = 'a new token could not be had: the auth server answered 500';
    rig.fake.fail('token', { kind: 'status', status: 500 });
    expect(await ask()).toEqual(['signedIn', why, 1]);
    increment(999);
    expect(await ask()).toEqual(['signedIn', why, 1]);
    increment(1);
    expect(await ask()).toEqual(['signedIn', why, 2]);
    increment(1_999);
    expect(await ask()).toEqual(['signedIn', why, 2]);
    rig.fake.fail('token', null);
    increment(1);
    expect(await ask()).toEqual(['signedIn', null, 3]);
  });

  test.each([
    ['refresh', 'token', /^a new token could not be had: no answer within 10 seconds$/],
    ['logout', 'revoke', /^the refresh token was not revoked: .*: no answer within 10 seconds$/],
  ] as const)('like a %s has ten seconds for its call', async (what, endpoint, why) => {
    await signIn();
    const { clock, increment } = simulatedClock();
    const { auth } = rig.start({ clock });
    await auth.read();
    rig.fake.fail(endpoint, { kind: 'hang' });
    let isSettled = false;
    const { server } = rig.fake;
    const asked = failureOf(what === 'logout' ? auth.logout({ server }) : auth.read({ refresh: true, server })).then(
      () => {
        isSettled = true;
      },
    );
    await rig.fake.waitForRequests(`/oauth/${endpoint}`, 1);
    increment(9_999);
    await nextTurn();
    expect(isSettled).toBe(false);
    increment(1);
    await asked;
    expect((await auth.read()).reason).toMatch(why);
  });

  test('is nobody’s news: the account is the same', async () => {
    await signIn(10);
    const { auth, notices } = rig.start();
    await auth.read();
    await nextTurn();
    const before = notices.length;
    await auth.getModelAuth(rig.fake.server);
    await nextTurn();
    expect(rig.fake.redeemed.length).toBe(1);
    expect(notices.slice(before).filter(({ type }) => type !== 'stateChanged')).toEqual([]);
  });

  test('that is refused for ever says why and what to do, and the account stays', async () => {
    await signIn(-10);
    rig.fake.fail('token', { kind: 'status', status: 401, body: { error: { code: 'refresh_token_expired' } } });
    const { auth } = rig.start();
    const why = 'the sign-in cannot be renewed: it has expired. Log out and sign in again.';
    expect(await failureOf(auth.getModelAuth(rig.fake.server))).toEqual(['refreshFailed', why]);
    expect(await auth.read()).toMatchObject({ state: 'expired', reason: why, account: { type: 'chatgpt' } });
  });
});

describe('after a 401', () => {
  test('whoever signed out meanwhile is told so, without a call', async () => {
    await signIn();
    const { auth } = rig.start();
    const rejected = await auth.getModelAuth(rig.fake.server);
    await rm(rig.file);
    expect(await failureOf(auth.recoverModelAuth(rejected, rig.fake.server))).toEqual([
      'notLoggedIn',
      'Not logged in. Run `codex login`.',
    ]);
    expect(rig.fake.requests).toEqual([]);
  });

  test('the store is read before a refresh token is spent, and a token of the same account taken', async () => {
    await signIn();
    const { auth } = rig.start();
    const rejected = await auth.getModelAuth(rig.fake.server);
    await signIn();
    const renewed = await auth.recoverModelAuth(rejected, rig.fake.server);
    expect(tokenOf(renewed)).toBe((await stored()).tokens.access_token);
    expect(rig.fake.requests).toEqual([]);
    // The newer is refused as well: now the refresh token is spent.
    const third = await auth.recoverModelAuth(renewed ?? rejected, rig.fake.server);
    expect([tokenOf(third), rig.fake.redeemed.length]).toEqual([(await stored()).tokens.access_token, 1]);
  });
});
