import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Auth } from '../../../daemon/auth/auth.ts';
import { externalCredentials } from '../../../machines/auth/credentials.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { chatgptAuthFile, type FakeAuthServer } from '../../support/fake-auth-server.ts';
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

/** A sign-in whose store fails or waits as the test says. */
function start() {
  const parts = authParts(home);
  let gate: Promise<void> = Promise.resolve();
  let isAtGate = (): void => {};
  const atGate = new Promise<void>((resolve) => {
    isAtGate = resolve;
  });
  const faults = { erase: false, loadWaits: false, eraseWaits: false };
  const wait = async (isMeant: boolean): Promise<void> => {
    if (!isMeant) return;
    isAtGate();
    await gate;
  };
  const store: typeof parts.store = {
    ...parts.store,
    load: async () => {
      await wait(faults.loadWaits);
      return parts.store.load();
    },
    erase: async (...given) => {
      await wait(faults.eraseWaits);
      if (faults.erase) throw new RpcError('eraseFailed', 'the disk says no');
      return parts.store.erase(...given);
    },
  };
  const close = (): (() => void) => {
    let open = (): void => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  };
  const begin = (): Auth => rig.start({ store }).auth;
  return { faults, close, atGate, begin };
}

type State = { readonly auth: Auth; readonly goOn: () => void; readonly loginId?: string };

const nothing = (): void => {};
const signIn = (endsInSeconds = 3600) => writeFile(file, chatgptAuthFile(fake, { endsInSeconds }));
const logout = (auth: Auth) => auth.logout({ server: fake.server });

/** Brings a sign-in into a state; `goOn` ends what it waits for. */
const states = {
  restoring: async (): Promise<State> => {
    const { faults, close, begin } = start();
    await signIn();
    faults.loadWaits = true;
    const goOn = close();
    return { auth: begin(), goOn };
  },
  signedOut: async (): Promise<State> => {
    const auth = start().begin();
    await auth.read();
    return { auth, goOn: nothing };
  },
  signingIn: async (): Promise<State> => {
    await signIn();
    const auth = start().begin();
    const { loginId } = await auth.startLogin('chatgpt', fake.server);
    return { auth, goOn: nothing, loginId };
  },
  fresh: async (): Promise<State> => {
    await signIn();
    const auth = start().begin();
    await auth.read();
    return { auth, goOn: nothing };
  },
  external: async (): Promise<State> => {
    await signIn();
    const auth = start().begin();
    await auth.useExternal({ credentials: externalCredentials('theirs', 'acc-1', 'pro'), hostId: 'host' });
    return { auth, goOn: nothing };
  },
  refreshing: async (): Promise<State> => {
    await signIn(10);
    const auth = start().begin();
    const goOn = fake.hold('token');
    void auth.getModelAuth(fake.server).catch(nothing);
    await fake.waitForRequests('/oauth/token', 1);
    return { auth, goOn };
  },
  expired: async (): Promise<State> => {
    await signIn(-10);
    const auth = start().begin();
    fake.fail('token', { kind: 'status', status: 401 });
    await failureOf(auth.getModelAuth(fake.server));
    return { auth, goOn: nothing };
  },
  revoking: async (): Promise<State> => {
    await signIn();
    const auth = start().begin();
    const goOn = fake.hold('revoke');
    void logout(auth).catch(nothing);
    await fake.waitForRequests('/oauth/revoke', 1);
    return { auth, goOn };
  },
  erasing: async (): Promise<State> => {
    await signIn();
    const { faults, close, atGate, begin } = start();
    const auth = begin();
    faults.eraseWaits = true;
    const goOn = close();
    void logout(auth).catch(nothing);
    await atGate;
    return { auth, goOn };
  },
  'error.revoking': async (): Promise<State> => {
    await signIn();
    const auth = start().begin();
    fake.fail('revoke', { kind: 'status', status: 500 });
    await failureOf(logout(auth));
    fake.fail('revoke', null);
    return { auth, goOn: nothing };
  },
  'error.erasing': async (): Promise<State> => {
    await signIn();
    const { faults, begin } = start();
    const auth = begin();
    faults.erase = true;
    await failureOf(logout(auth));
    faults.erase = false;
    return { auth, goOn: nothing };
  },
} as const;

const failedAs = (run: Promise<string>): Promise<string> =>
  run.catch((error: unknown) => (error instanceof RpcError ? error.errorName : String(error)));

const requests = {
  logout: ({ auth }: State) => failedAs(logout(auth).then(({ wasSignedIn }) => (wasSignedIn ? 'done' : 'nobody'))),
  needAuth: ({ auth }: State) => {
    const token = tokenIn(auth);
    return failedAs(token.then(async (given) => ((await storedToken()) === given ? 'token' : 'another token')));
  },
  read: ({ auth }: State) =>
    failedAs(auth.read().then(({ account, reason }) => `${account?.type ?? 'nobody'}${reason === null ? '' : ' why'}`)),
  login: ({ auth }: State) => failedAs(auth.login('sk-new', fake.server).then(() => 'done')),
  cancel: async ({ auth, loginId = randomUUID() }: State) => (auth.cancelLogin(loginId) ? 'canceled' : 'notFound'),
} as const;

const tokenIn = async (auth: Auth): Promise<string> => {
  const given = await auth.getModelAuth(fake.server);
  return given.kind === 'bearer' ? given.token : '';
};
const storedToken = async (): Promise<string> => JSON.parse(await readFile(file, 'utf8')).tokens.access_token;

/** `later …`: only when what goes on has ended. The columns are those of the second table of auth.md §9. */
const table: Readonly<Record<keyof typeof states, readonly [string, string, string, string, string]>> = {
  //               logout        needAuth        read            login         cancel
  restoring: ['later done', 'later token', 'later chatgpt', 'later done', 'notFound'],
  signedOut: ['nobody', 'notLoggedIn', 'nobody', 'done', 'notFound'],
  signingIn: ['done', 'token', 'chatgpt', 'done', 'canceled'],
  fresh: ['done', 'token', 'chatgpt', 'done', 'notFound'],
  external: ['done', 'another token', 'chatgpt', 'externalAuthActive', 'notFound'],
  refreshing: ['later done', 'later token', 'chatgpt', 'done', 'notFound'],
  expired: ['done', 'refreshFailed', 'chatgpt why', 'done', 'notFound'],
  // A sign-in asked meanwhile waits, where the table would allow it to be refused.
  revoking: ['later done', 'loggingOut', 'chatgpt', 'later done', 'notFound'],
  erasing: ['later done', 'loggingOut', 'chatgpt', 'later done', 'notFound'],
  'error.revoking': ['done', 'token', 'chatgpt why', 'done', 'notFound'],
  // What is kept is shown, with the reason; it is refused to every request.
  'error.erasing': ['done', 'tokenRevoked', 'chatgpt why', 'done', 'notFound'],
};

const names = ['logout', 'needAuth', 'read', 'login', 'cancel'] as const;
const cells = Object.entries(table).flatMap(([state, answers]) =>
  names.map((name, at) => ({ state: state as keyof typeof states, name, answer: answers[at] ?? '' })),
);

describe('what concurrent requests get (auth.md §9)', () => {
  test.each(cells)('in $state $name: $answer', async ({ state, name, answer }) => {
    const reached = await states[state]();
    let isSettled = false;
    const asked = requests[name](reached).finally(() => {
      isSettled = true;
    });
    if (answer.startsWith('later ')) {
      // Reading the file takes longer than an answer that waits for nothing.
      for (let turn = 0; turn < 5; turn += 1) await readFile(file, 'utf8').catch(() => null);
      expect(isSettled).toBe(false);
    } else expect(await asked).toBe(answer);
    reached.goOn();
    expect(await asked).toBe(answer.replace('later ', ''));
    await reached.auth.whenResting();
    // However many asked, nothing was revoked or redeemed twice.
    expect([new Set(fake.revoked).size, new Set(fake.redeemed).size]).toEqual([
      fake.revoked.length,
      fake.redeemed.length,
    ]);
  });

  test('a second logout joins: one revoke, and the same answer for all, a refusal too', async () => {
    const { auth, goOn } = await states.revoking();
    fake.fail('revoke', { kind: 'status', status: 503 });
    const others = [1, 2, 3].map(() => failureOf(logout(auth)));
    goOn();
    const [first, ...rest] = await Promise.all(others);
    expect(rest).toEqual([first, first]);
    expect([first?.[0], fake.requestsTo('/oauth/revoke').length]).toEqual(['revokeFailed', 1]);
  });

  test('a new token asked for during a refresh is the one of that refresh', async () => {
    const { auth, goOn } = await states.refreshing();
    const asked = [1, 2, 3].map(() => auth.read({ refresh: true, server: fake.server }));
    goOn();
    expect((await Promise.all(asked)).map(({ state }) => state)).toEqual(Array(3).fill('signedIn'));
    expect([await tokenIn(auth), fake.redeemed.length]).toEqual([await storedToken(), 1]);
  });

  test('a sign-in during a refresh stays, whatever that brings', async () => {
    const { auth, goOn } = await states.refreshing();
    await auth.login('sk-new', fake.server);
    goOn();
    await auth.whenResting();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-new' });
    expect(await auth.read()).toMatchObject({ authMode: 'apikey', state: 'signedIn', reason: null });
  });

  test('an erasing that fails says that the token is worth nothing any more; nothing is revoked again', async () => {
    await signIn();
    const { faults, begin } = start();
    const auth = begin();
    const before = await readFile(file, 'utf8');
    faults.erase = true;
    const why = 'logout failed: the token was revoked, but the disk says no. Run `codex logout` again.';
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await failureOf(logout(auth))).toEqual(['eraseFailed', why]);
    }
    expect([await readFile(file, 'utf8'), fake.revoked.length]).toEqual([before, 1]);
    faults.erase = false;
    expect(await logout(auth)).toEqual({ wasSignedIn: true, notice: null });
    expect(fake.revoked.length).toBe(1);
  });
});
