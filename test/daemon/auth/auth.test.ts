import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { type Auth, type AuthDeps, createAuth } from '../../../daemon/auth/auth.ts';
import type { AuthNotice } from '../../../daemon/auth/auth-views.ts';
import { type AuthStore, createAuthStore } from '../../../daemon/store/auth-store.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { authParts, chatgptFile, failureOf, keyFile, SECRET } from './auth-fixtures.ts';

let home: string;
let file: string;
let running: Auth[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'auth-'));
  file = join(home, 'auth.json');
  running = [];
});

afterEach(async () => {
  for (const auth of running) auth.stop();
  await rm(home, { recursive: true, force: true });
});

function start(store: AuthStore = createAuthStore({ home, mode: 'file' }), more: Partial<AuthDeps> = {}): Auth {
  const auth = createAuth({ ...authParts(home), store, ...more });
  running.push(auth);
  return auth;
}

const bytes = () => readFile(file, 'utf8').catch(() => null);

/** Notices until the next turn of the loop, which is when they are told. */
async function noticesOf(auth: Auth, run: () => Promise<unknown>): Promise<readonly (AuthNotice | 'answered')[]> {
  const heard: (AuthNotice | 'answered')[] = [];
  const stop = auth.onChange((notice) => heard.push(notice));
  await failureOf(run());
  heard.push('answered');
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  return heard.filter((notice) => notice === 'answered' || notice.type !== 'stateChanged');
}

const calm = { stage: null, reason: null, retryable: null, login: null };
const signedOut = { ...calm, account: null, authMode: null, state: 'signedOut', maskedKey: null, error: null };

describe('read', () => {
  test.each([
    ['nothing', null, signedOut],
    [
      'an API key',
      keyFile,
      {
        ...calm,
        account: { type: 'apiKey' },
        authMode: 'apikey',
        state: 'signedIn',
        maskedKey: 'sk-proj-***ECRET',
        error: null,
      },
    ],
    [
      'a ChatGPT sign-in',
      chatgptFile,
      {
        ...calm,
        account: { type: 'chatgpt', email: 'e@x.test', planType: 'pro' },
        authMode: 'chatgpt',
        state: 'signedIn',
        maskedKey: null,
        error: null,
      },
    ],
    [
      'a key mode without a key',
      '{"auth_mode":"apikey","OPENAI_API_KEY":null}',
      {
        ...calm,
        account: null,
        authMode: 'apikey',
        state: 'signedIn',
        maskedKey: null,
        error: 'API key auth is missing a key',
      },
    ],
    [
      'a broken file',
      '{',
      {
        stage: 'loading',
        reason: expect.stringContaining('auth.json cannot be used'),
        retryable: true,
        login: null,
        account: null,
        authMode: null,
        state: 'error',
        maskedKey: null,
        error: expect.stringContaining('auth.json cannot be used'),
      },
    ],
  ])('shows %s', async (_, text, status) => {
    if (text !== null) await writeFile(file, text);
    expect(await start().read()).toEqual(status);
  });

  test('sees what another program wrote, each time', async () => {
    const auth = start();
    const modes: unknown[] = [];
    for (const text of [keyFile, chatgptFile, 'x', keyFile]) {
      await writeFile(file, text);
      modes.push((await auth.read()).authMode);
    }
    await rm(file);
    modes.push((await auth.read()).authMode);
    expect(modes).toEqual(['apikey', 'chatgpt', null, 'apikey', null]);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['asked who it is', async (auth: Auth) => (await auth.read()).authMode],
    ['needed', async (auth: Auth) => (await auth.getModelAuth()).kind],
  ])('is read again when it is %s, though nothing has changed: a keyring may be unlocked by now', async (_, ask) => {
    await writeFile(file, keyFile);
    const real = createAuthStore({ home, mode: 'file' });
    let isLocked = true;
    const load: AuthStore['load'] = async () => {
      const credentials = await real.load();
      if (isLocked) throw new RpcError('authUnreadable', 'it may be locked');
      return credentials;
    };
    const auth = start({ ...real, load });
    expect(await auth.read()).toMatchObject({ state: 'error', error: 'it may be locked', account: null });
    expect(await failureOf(auth.getModelAuth())).toEqual(['authUnreadable', 'it may be locked']);
    isLocked = false;
    expect(['apikey', 'bearer']).toContain(await ask(auth));
    expect(auth.state).toBe('signedIn');
  });
});

describe('getModelAuth', () => {
  test.each([
    ['an API key', keyFile, { kind: 'bearer', token: `sk-proj-${SECRET}`, accountId: null }],
    ['a ChatGPT sign-in', chatgptFile, { kind: 'bearer', token: `access-${SECRET}`, accountId: 'acc-1' }],
  ])('signs with %s', async (_, text, modelAuth) => {
    if (text !== null) await writeFile(file, text);
    expect(await start().getModelAuth()).toEqual(modelAuth);
  });

  test.each([
    ['a broken file', '{', 'auth.json cannot be used: it is not valid JSON'],
    ['no key', '{"auth_mode":"apikey"}', 'API key auth is missing a key'],
    ['no token', '{}', 'the stored ChatGPT sign-in holds no token'],
    ['a foreign kind', '{"auth_mode":"headers"}', 'a sign-in of the kind headers cannot be used here'],
  ])('refuses %s', async (_, text, message) => {
    await writeFile(file, text);
    expect(await failureOf(start().getModelAuth())).toEqual(['authUnreadable', expect.stringContaining(message)]);
  });
});

test('whoever is not signed in is told how to', async () => {
  expect(await failureOf(start().getModelAuth())).toEqual(['notLoggedIn', 'Not logged in. Run `codex login`.']);
});

describe('login', () => {
  test('stores the trimmed key, then tells of the login and of the account, after the answer', async () => {
    const auth = start();
    await auth.read();
    expect(await noticesOf(auth, () => auth.login(' sk-new \n'))).toEqual([
      'answered',
      { type: 'loginCompleted', loginId: null, success: true, error: null },
      { type: 'accountUpdated', authMode: 'apikey', planType: null },
    ]);
    expect(JSON.parse((await bytes()) ?? '')).toEqual({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-new' });
    expect(await auth.getModelAuth()).toEqual({ kind: 'bearer', token: 'sk-new', accountId: null });
  });

  test.each([
    ['a blank key', ' \n', null, 'invalidParams', 'The API key is empty.'],
    ['a forbidden method', 'k', 'chatgpt', 'loginDisabled', 'API key login is disabled. Use ChatGPT login instead.'],
  ] as const)('refuses %s and leaves the store alone', async (_, key, method, name, message) => {
    await writeFile(file, keyFile);
    const auth = start(undefined, { restrictions: async () => ({ method, workspaces: null }) });
    expect(await failureOf(auth.login(key))).toEqual([name, message]);
    expect(await bytes()).toBe(keyFile);
  });

  test('of several at once one is stored whole, and each gets an answer', async () => {
    const auth = start();
    const answers = await Promise.all(['a', 'b', 'c'].map((key) => failureOf(auth.login(key))));
    expect(answers.filter((answer) => answer === null).length).toBeGreaterThan(0);
    const stored = JSON.parse((await bytes()) ?? '').OPENAI_API_KEY;
    expect(await auth.getModelAuth()).toEqual({ kind: 'bearer', token: stored, accountId: null });
  });
});

describe('logout', () => {
  test('erases an API key and tells of it after the answer', async () => {
    await writeFile(file, keyFile);
    const auth = start();
    await auth.read();
    expect(await noticesOf(auth, () => auth.logout())).toEqual([
      'answered',
      { type: 'accountUpdated', authMode: null, planType: null },
    ]);
    expect([await bytes(), await auth.read()]).toEqual([null, signedOut]);
  });

  test('many at once are one erase with one answer', async () => {
    await writeFile(file, keyFile);
    const real = createAuthStore({ home, mode: 'file' });
    let erases = 0;
    const erase: AuthStore['erase'] = (...given) => {
      erases += 1;
      return real.erase(...given);
    };
    const auth = start({ ...real, erase });
    const answers = await Promise.all([1, 2, 3, 4].map(() => auth.logout()));
    expect([erases, answers]).toEqual([1, Array(4).fill({ wasSignedIn: true, notice: null })]);
  });

  test('a store that hangs is given up after its limit, and can be tried again', async () => {
    await writeFile(file, keyFile);
    const real = createAuthStore({ home, mode: 'file' });
    const clock = new SimulatedClock();
    let asked = (): void => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const hangsOnce: AuthStore['erase'] = () => {
      store.erase = real.erase;
      asked();
      return new Promise(() => undefined);
    };
    const store = { ...real, erase: hangsOnce };
    const simulated = {
      now: () => clock.now(),
      setTimeout: clock.setTimeout.bind(clock),
      clearTimeout: (id: unknown) => clock.clearTimeout(id as number),
    };
    const auth = start({ ...store, erase: (...given) => store.erase(...given) }, { clock: simulated });

    const first = failureOf(auth.logout());
    await isAsked;
    clock.increment(10_000);
    expect(await first).toEqual([
      'timedOut',
      'logout failed: erasing the stored sign-in took longer than 10 seconds. Run `codex logout` again.',
    ]);
    expect([auth.state, await bytes()]).toEqual(['error', keyFile]);
    expect(await auth.logout()).toEqual({ wasSignedIn: true, notice: null });
  });
});

test('after stop every request is answered with an error', async () => {
  const auth = start();
  const open = [auth.read(), auth.logout(), auth.login('k'), auth.getModelAuth()].map(failureOf);
  auth.stop();
  const after = [auth.read(), auth.logout(), auth.login('k'), auth.getModelAuth()].map(failureOf);
  expect(await Promise.all([...open, ...after])).toEqual(Array(8).fill(['draining', 'the daemon is stopping']));
});
