import { join } from 'node:path';
import type { InspectionEvent } from 'xstate';
import type { External } from '../../machines/auth/auth-types.ts';
import { accountIdOf, type Credentials, externalCredentials } from '../../machines/auth/credentials.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { checkAgainst, type ResultOf } from '../../machines/protocol/define.ts';
import { chatgptAuthTokensRefresh } from '../../machines/protocol/methods/account.ts';
import type { OwnSettings } from '../config/own-settings.ts';
import type { Clock } from '../deps.ts';
import type { Logger } from '../log/logger.ts';
import type { Broadcast } from '../server/broadcast.ts';
import { createAuthLock } from '../store/auth-lock.ts';
import { type AuthStore, createAuthStore } from '../store/auth-store.ts';
import { createKeyring } from '../store/keyring.ts';
import { createLogoutMarker } from '../store/logout-marker.ts';
import type { HomePaths } from '../store/paths.ts';
import { type Auth, createAuth } from './auth.ts';
import { createLoginLog } from './login-log.ts';
import { createRestrictions } from './restrictions.ts';

export interface HomeAuthDeps {
  readonly paths: HomePaths;
  readonly own: OwnSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly broadcast: Broadcast;
  /** Path of the bundled keychain process. */
  readonly keychainEntry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly inspect: (event: InspectionEvent) => void;
}

/** The sign-in of a daemon's home, with its store, its lock and the note of a logout beside the daemon's other files. */
export function createHomeAuth({ paths, own, clock, logger, broadcast, keychainEntry, env, inspect }: HomeAuthDeps): {
  readonly auth: Auth;
  readonly store: AuthStore;
} {
  const keyring = createKeyring({
    home: paths.home,
    notePath: join(paths.daemonDir, 'keyring.json'),
    keychain: { entry: keychainEntry, clock, env },
  });
  const store = createAuthStore({ home: paths.home, mode: own.credentialsStore, now: clock.now, keyring });
  const auth = createAuth({
    store,
    marker: createLogoutMarker(join(paths.daemonDir, 'logout.json')),
    withLock: createAuthLock(paths.home),
    clock,
    inspect,
    askHost: (external) => askHost(broadcast, external),
    restrictions: createRestrictions(paths.home),
    loginLog: createLoginLog(paths.loginLogPath),
    onFault: (error) => logger.error('auth machine', error),
    warn: (what, error) => logger.error(what, error),
  });
  return { auth, store };
}

/** Asks the client that supplied the tokens, if it is still there; the machine limits the wait (auth.md §8). */
async function askHost({ connections }: Broadcast, { hostId, credentials }: External): Promise<Credentials> {
  const host = [...connections].find(({ clientId }) => clientId === hostId);
  if (!host) throw refused('the program that supplied the tokens is not attached any more');
  const params = { reason: 'unauthorized', previousAccountId: accountIdOf(credentials) } as const;
  const answer: unknown = await host.peer.request(chatgptAuthTokensRefresh, params).catch(() => {
    throw refused('the program that supplied the tokens gave no new ones');
  });
  const checked = checkAgainst(chatgptAuthTokensRefresh.result, answer);
  if (!checked.ok) throw refused('the program that supplied the tokens answered with none');
  // The cast: it was checked against this very declaration.
  const { accessToken, chatgptAccountId, chatgptPlanType } = checked.value as ResultOf<typeof chatgptAuthTokensRefresh>;
  return externalCredentials(accessToken, chatgptAccountId, chatgptPlanType ?? null);
}

const refused = (message: string): RpcError => new RpcError('refreshFailed', message);

/** Tells every client of every change. */
export function announceAuth(auth: Auth, broadcast: Broadcast): void {
  auth.onChange((notice) => {
    switch (notice.type) {
      case 'accountUpdated': {
        const { authMode, planType } = notice;
        return broadcast.toAll({ method: 'account/updated', params: { authMode, planType } });
      }
      case 'loginCompleted': {
        const { loginId, success, error } = notice;
        return broadcast.toAll({ method: 'account/login/completed', params: { loginId, success, error } });
      }
      case 'stateChanged':
        return broadcast.toAll({ method: 'account/state', params: notice.state });
      default:
        return notice satisfies never;
    }
  });
}
