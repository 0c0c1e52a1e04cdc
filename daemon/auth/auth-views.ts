import type { SnapshotFrom } from 'xstate';
import { activeCredentials, isRevoked } from '../../machines/auth/auth-facts.ts';
import type { authMachine } from '../../machines/auth/auth-machine.ts';
import {
  type Account,
  accountOf,
  authModeOf,
  type Credentials,
  maskKey,
  unusableReason,
} from '../../machines/auth/credentials.ts';
import { RpcError } from '../../machines/core/errors.ts';
import type { AccountState } from '../../machines/protocol/methods/account.ts';
import type { ModelAuth } from '../model/request-headers.ts';

/** Who is signed in, for `account/read`. No secret in it but the masked key. */
export interface AuthStatus extends AccountState {
  readonly account: Account | null;
  /** As auth.json names it: apikey, chatgpt … */
  readonly authMode: string | null;
  readonly maskedKey: string | null;
  /** Why what is stored cannot be read or used; null when all is well. */
  readonly error: string | null;
}

/** What every client is told (auth.md §8). A completed login comes before the update it brings. */
export type AuthNotice =
  | {
      readonly type: 'loginCompleted';
      readonly loginId: string | null;
      readonly success: boolean;
      readonly error: string | null;
    }
  | { readonly type: 'accountUpdated'; readonly authMode: string | null; readonly planType: string | null }
  | { readonly type: 'stateChanged'; readonly state: AccountState };

export type AuthSnapshot = SnapshotFrom<typeof authMachine>;

/** `signedOut`, `signedIn.fresh`, `error.revoking` … */
export function stateOf({ value }: AuthSnapshot): string {
  return typeof value === 'string' ? value : Object.entries(value).flat().join('.');
}

const SHOWN: Readonly<Record<string, AccountState['state']>> = {
  'signedIn.reloading': 'refreshing',
  'signedIn.refreshing': 'refreshing',
  'signedIn.askingHost': 'refreshing',
  'signedIn.expired': 'expired',
  signedOut: 'signedOut',
  revoking: 'revoking',
  erasing: 'erasing',
};
const SHOWN_GROUPS: Readonly<Record<string, AccountState['state']>> = {
  restoring: 'restoring',
  signingIn: 'signingIn',
  signedIn: 'signedIn',
  error: 'error',
};

/** The state as people and programs are told it: without the parts that only order the work. */
export function toAccountState(snapshot: AuthSnapshot): AccountState {
  const state = stateOf(snapshot);
  const { error, login } = snapshot.context;
  const group = state.split('.')[0] ?? '';
  return {
    state: SHOWN[state] ?? SHOWN_GROUPS[group] ?? 'restoring',
    stage: error?.stage ?? null,
    reason: error?.message ?? null,
    retryable: error?.retryable ?? null,
    login: login ? { loginId: login.id, method: login.method } : null,
  };
}

/** What `account/read` answers. A store that cannot be read shows no account, whatever was known before. */
export function toStatus(snapshot: AuthSnapshot): AuthStatus {
  const isUnreadable = stateOf(snapshot) === 'error.loading';
  const credentials = isUnreadable ? null : activeCredentials(snapshot.context);
  const account = accountOf(credentials);
  const unusable = credentials && account === null ? unusableReason(credentials) : null;
  return {
    ...toAccountState(snapshot),
    account,
    authMode: authModeOf(credentials),
    maskedKey: credentials?.kind === 'apikey' && credentials.apiKey !== null ? maskKey(credentials.apiKey) : null,
    error: isUnreadable ? (snapshot.context.error?.message ?? null) : unusable,
  };
}

/** What a model request is signed with; throws the RpcError that says why there is nothing to sign with. */
export function toModelAuth(snapshot: AuthSnapshot): ModelAuth {
  const state = stateOf(snapshot);
  const { error, refreshFailure } = snapshot.context;
  if (state === 'error.loading') {
    throw new RpcError('authUnreadable', error?.message ?? 'the stored sign-in cannot be read');
  }
  if (state === 'revoking' || state === 'erasing') throw new RpcError('loggingOut', 'a logout is going on');
  if (state === 'error.erasing' && isRevoked(snapshot.context)) {
    throw new RpcError('tokenRevoked', 'signed out: the token was revoked. Sign in again.');
  }
  if (state === 'signedIn.expired') {
    throw new RpcError('refreshFailed', refreshFailure?.error.message ?? 'the sign-in cannot be renewed');
  }
  const credentials = activeCredentials(snapshot.context);
  if (credentials === null) throw new RpcError('notLoggedIn', 'Not logged in. Run `codex login`.');
  const reason = unusableReason(credentials);
  if (reason !== null) throw new RpcError('authUnreadable', reason);
  return toBearer(credentials);
}

function toBearer(credentials: Credentials): ModelAuth {
  if (credentials.kind === 'apikey') return { kind: 'bearer', token: credentials.apiKey ?? '', accountId: null };
  const tokens = credentials.kind === 'other' ? null : credentials.tokens;
  return { kind: 'bearer', token: tokens?.accessToken ?? '', accountId: tokens?.accountId ?? null };
}
