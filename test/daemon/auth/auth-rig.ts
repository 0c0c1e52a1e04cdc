import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { SimulatedClock } from 'xstate';
import { type Auth, type AuthDeps, createAuth } from '../../../daemon/auth/auth.ts';
import type { AuthNotice } from '../../../daemon/auth/auth-views.ts';
import type { Clock } from '../../../daemon/deps.ts';
import { type FakeAuthServer, startFakeAuthServer } from '../../support/fake-auth-server.ts';
import { authParts } from './auth-fixtures.ts';

export interface Started {
  readonly auth: Auth;
  /** All that was told, in order. */
  readonly notices: readonly AuthNotice[];
  /** The end of the first sign-in that ends. */
  completed(): Promise<AuthNotice>;
}

/** A home, an auth server, and the sign-ins that a test starts on them. */
export interface AuthRig {
  readonly home: string;
  /** auth.json of the home. */
  readonly file: string;
  readonly fake: FakeAuthServer;
  /** Its text; null when there is none. */
  text(): Promise<string | null>;
  start(more?: Partial<AuthDeps>, home?: string): Started;
  /** Waits for what goes on, and leaves nothing behind. */
  close(): Promise<void>;
}

/** One for each test of a file; `take` is given it before the test. */
export function useAuthRig(take: (rig: AuthRig) => void): void {
  let open: AuthRig | null = null;
  beforeEach(async () => {
    open = await openAuthRig();
    take(open);
  });
  afterEach(() => open?.close());
}

async function openAuthRig(): Promise<AuthRig> {
  const home = await mkdtemp(join(tmpdir(), 'auth-'));
  const file = join(home, 'auth.json');
  const fake = await startFakeAuthServer();
  const running: Auth[] = [];
  return {
    home,
    file,
    fake,
    text: () => readFile(file, 'utf8').catch(() => null),
    start(more = {}, at = home) {
      const auth = createAuth({ ...authParts(at), ...more });
      running.push(auth);
      return { auth, ...listenTo(auth) };
    },
    async close() {
      for (const auth of running) {
        await auth.whenResting();
        auth.stop();
      }
      await fake.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A clock that stands until a test moves it; `waits` are the limits and pauses that were asked of it, in order. */
export function simulatedClock(): {
  readonly clock: Clock;
  readonly waits: readonly number[];
  increment(ms: number): void;
} {
  const simulated = new SimulatedClock();
  const waits: number[] = [];
  return {
    clock: {
      now: () => simulated.now(),
      setTimeout: (run, ms) => {
        waits.push(ms);
        return simulated.setTimeout(run, ms);
      },
      clearTimeout: (id) => simulated.clearTimeout(id as number),
    },
    waits,
    increment: (ms) => simulated.increment(ms),
  };
}

/** Lets everything happen that waits for nothing outside. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function listenTo(auth: Auth): Omit<Started, 'auth'> {
  const notices: AuthNotice[] = [];
  const watchers = new Set<() => void>();
  auth.onChange((notice) => {
    notices.push(notice);
    for (const look of watchers) look();
  });
  const completed = () =>
    new Promise<AuthNotice>((resolve) => {
      const look = (): void => {
        const found = notices.find(({ type }) => type === 'loginCompleted');
        if (found) resolve(found);
      };
      watchers.add(look);
      look();
    });
  return { notices, completed };
}
