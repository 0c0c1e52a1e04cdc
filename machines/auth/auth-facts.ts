import type { AuthContext, AuthEmitted, AuthEvent, Login, Refresh, Saved } from './auth-types.ts';
import {
  accountOf,
  authModeOf,
  type Credentials,
  isSameCredentials,
  isSameSignIn,
  refreshTokenOf,
  type SignIn,
} from './credentials.ts';
import { readIdClaims } from './id-token.ts';
import { staleReason } from './staleness.ts';

/** What requests are signed with. */
export function activeCredentials(context: Pick<AuthContext, 'credentials' | 'external'>): Credentials | null {
  return context.external?.credentials ?? context.credentials;
}

/** Whether what is stored is worth nothing any more at the server. */
export function isRevoked({ revoked, credentials }: Pick<AuthContext, 'revoked' | 'credentials'>): boolean {
  return revoked !== null && credentials !== null && isSameSignIn(revoked, credentials);
}

/** What a new sign-in took the place of and the server still takes. */
export function unrevoked({ revoked }: Pick<AuthContext, 'revoked'>, { replaced }: Saved): readonly Credentials[] {
  return replaced.filter((credentials) => revoked === null || !isSameSignIn(revoked, credentials));
}

/** Whether the configuration allows the account that somebody signed in to. An API key belongs to none. */
export function isAllowedSignIn(workspaces: readonly string[] | null, signIn: SignIn): boolean {
  if (workspaces === null || signIn.kind === 'apikey') return true;
  return workspaces.includes(readIdClaims(signIn.idToken)?.accountId ?? '');
}

/** The part of the context that changes with what is stored. What failed with another token is forgotten. */
export function changedTo(context: AuthContext, credentials: Credentials | null): Partial<AuthContext> {
  if (isSameCredentials(context.credentials, credentials)) return { credentials };
  return { credentials, generation: context.generation + 1, failures: 0 };
}

/** The refresh that an event asks for; the one that goes on for any other. */
export function refreshOf(context: AuthContext, event: AuthEvent): Refresh | null {
  if (event.type === 'unauthorized') {
    return { reason: 'unauthorized_recovery', server: event.server, rejected: event.token };
  }
  if (event.type !== 'needAuth') return context.refresh;
  const stale = staleReason(context.credentials, event.nowMs) ?? 'forced';
  return { reason: event.isForced ? 'forced' : stale, server: event.server, rejected: null };
}

/** Whether a token is renewed before its use. */
export function isDue({ credentials }: AuthContext, event: AuthEvent): boolean {
  if (event.type !== 'needAuth' || refreshTokenOf(credentials) === null) return false;
  return event.isForced || staleReason(credentials, event.nowMs) !== null;
}

export function accountUpdated(credentials: Credentials | null): AuthEmitted & { type: 'accountUpdated' } {
  const account = accountOf(credentials);
  const planType = account?.type === 'chatgpt' ? account.planType : null;
  return { type: 'accountUpdated', authMode: authModeOf(credentials), planType };
}

/** Whether clients see a difference: a new token of the same account is none. */
export function isOtherAccount(left: Credentials | null, right: Credentials | null): boolean {
  if (isSameCredentials(left, right)) return false;
  const isRenewed = refreshTokenOf(left) !== null && left?.kind === right?.kind;
  return !isRenewed || JSON.stringify(accountOf(left)) !== JSON.stringify(accountOf(right));
}

export function loginEnd({ id, method }: Login): { readonly id: string; readonly method: Login['method'] } {
  return { id, method };
}
