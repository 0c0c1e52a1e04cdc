import { fromPromise } from 'xstate';
import { authMachine } from '../../machines/auth/auth-machine.ts';
import type { EraseOutcome, External, Loaded, Login, Saved } from '../../machines/auth/auth-types.ts';
import { type Credentials, revocableToken, type SignIn } from '../../machines/auth/credentials.ts';
import { createBrowserLogin } from '../actors/browser-login.ts';
import { createDeviceLogin } from '../actors/device-login.ts';
import { createRefreshToken } from '../actors/refresh-token.ts';
import { callRevoke, createRevokeToken } from '../actors/revoke-token.ts';
import { codeOf } from '../store/auth-file.ts';
import type { WithAuthLock } from '../store/auth-lock.ts';
import type { AuthStore } from '../store/auth-store.ts';
import type { LogoutMarker } from '../store/logout-marker.ts';
import type { LoginDesk } from './login-desk.ts';
import type { LoginLog } from './login-log.ts';
import type { CallDeps } from './token-call.ts';

export interface EffectDeps extends CallDeps {
  readonly store: AuthStore;
  readonly marker: LogoutMarker;
  readonly withLock: WithAuthLock;
  readonly desk: LoginDesk;
  readonly loginLog: LoginLog;
  readonly loginPorts: readonly number[];
  readonly minPollMs: number;
  readonly askHost: (external: External, signal: AbortSignal) => Promise<Credentials>;
  /** For the log; never given a secret. */
  readonly warn: (what: string, error: unknown) => void;
  /** Keeps the daemon until something is done that nobody waits for. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
}

/** The auth machine with everything it does to the outside. */
export function provideEffects(deps: EffectDeps) {
  const { store, marker, warn } = deps;
  const withLock: WithAuthLock = (run) => deps.track(deps.withLock(run));
  return authMachine.provide({
    actors: {
      loadCredentials: fromPromise<Loaded, void>(async () => {
        const credentials = await store.load();
        // Without its note a logout that was cut short is only not finished by itself.
        const unfinished = await marker.read(credentials).catch((error: unknown) => {
          warn(`logout note: ${codeOf(error)}`, error);
          return null;
        });
        return { credentials, unfinished };
      }),
      saveCredentials: fromPromise<Saved, { signIn: SignIn | null }>(async ({ input: { signIn }, signal }) => {
        if (!signIn) throw new Error('nothing to store');
        return store.save(signIn, signal);
      }),
      eraseCredentials: fromPromise<EraseOutcome, { credentials: Credentials | null }>(async ({ input, signal }) => {
        const outcome = await store.erase(input.credentials, signal);
        await marker.clear().catch((error: unknown) => warn(`logout note: ${codeOf(error)}`, error));
        return outcome;
      }),
      refreshToken: createRefreshToken({ ...deps, withLock }),
      revokeToken: createRevokeToken({ ...deps, withLock }),
      browserLogin: createBrowserLogin({ ...deps, note: deps.loginLog, ports: deps.loginPorts }),
      deviceLogin: createDeviceLogin({ ...deps, note: deps.loginLog, minIntervalMs: deps.minPollMs }),
      askHost: fromPromise<Credentials, { external: External | null }>(async ({ input: { external }, signal }) => {
        if (!external) throw new Error('no program supplied tokens');
        return deps.askHost(external, signal);
      }),
    },
    actions: {
      revokeReplaced: (_, { replaced, login }: { replaced: readonly Credentials[]; login: Login | null }) => {
        for (const credentials of replaced) void deps.track(revokeReplaced(deps, credentials, login));
      },
    },
  });
}

/** Best effort: logout is fail-closed, a new sign-in is not (auth.md §9). */
async function revokeReplaced(deps: EffectDeps, credentials: Credentials, login: Login | null): Promise<void> {
  const revocable = revocableToken(credentials);
  if (!revocable || !login) return;
  await callRevoke(deps, revocable, login.server, null).catch((error: unknown) =>
    deps.warn('the replaced sign-in was not revoked', error),
  );
}
