import { type ErrorName, RpcError } from '../core/errors.ts';

export type AuthStage = 'loading' | 'login' | 'saving' | 'refreshing' | 'revoking' | 'erasing';

/** What went wrong and at which step. Holds no cause: it is shown to clients. */
export interface AuthError {
  readonly stage: AuthStage;
  readonly reason: ErrorName;
  readonly message: string;
  /** Whether asking again can help without a person doing something else first. */
  readonly retryable: boolean;
}

const DOING: Readonly<Record<AuthStage, string>> = {
  loading: 'reading the stored sign-in',
  login: 'signing in',
  saving: 'storing the sign-in',
  refreshing: 'getting a new token',
  revoking: 'revoking the token',
  erasing: 'erasing the stored sign-in',
};

/**
 * Anything that an effect rejected with. Only an RpcError's text was written to be read by people; any other error
 * may quote what it was working on, a token for one, and is named by its step alone.
 */
export function toAuthError(stage: AuthStage, error: unknown): AuthError {
  const retryable = !isPermanent(error);
  if (error instanceof RpcError) return { stage, reason: error.errorName, message: error.message, retryable };
  return { stage, reason: 'internal', message: `${DOING[stage]} failed unexpectedly`, retryable };
}

/** A step that was given up after its limit. */
export function authTimedOut(stage: AuthStage, limitMs: number): AuthError {
  const message = `${DOING[stage]} took longer than ${limitMs / 1000} seconds`;
  return { stage, reason: 'timedOut', message, retryable: true };
}

/** A refresh that the server will refuse for ever (auth.md §6). */
export function permanentFailure(message: string): RpcError {
  return new RpcError('refreshFailed', message, { data: { permanent: true } });
}

export function isPermanent(error: unknown): boolean {
  return error instanceof RpcError && error.data.permanent === true;
}

export const SIGN_IN_CHANGED: AuthError = {
  stage: 'erasing',
  reason: 'eraseFailed',
  message: 'the stored sign-in changed during the logout; the new one was kept',
  retryable: true,
};

export const REVOKED_NOT_ERASED: AuthError = {
  stage: 'erasing',
  reason: 'tokenRevoked',
  message: 'the token was revoked, but the stored sign-in could not be removed; log out again to remove it',
  retryable: true,
};

/** An erasing that failed when the server had revoked the token already. */
export function afterRevocation(error: AuthError): AuthError {
  return { ...error, message: `the token was revoked, but ${error.message}` };
}

export const OTHER_WORKSPACE: AuthError = {
  stage: 'refreshing',
  reason: 'refreshFailed',
  message: 'the program that supplies the tokens answered with those of another workspace',
  retryable: false,
};

export const LOGIN_CANCELLED: AuthError = {
  stage: 'login',
  reason: 'loginCancelled',
  message: 'Login cancelled',
  retryable: true,
};

export const LOGGING_OUT: AuthError = { ...LOGIN_CANCELLED, reason: 'loggingOut', message: 'a logout is going on' };

/** A sign-in that took longer than a person is given. */
export function loginTimedOut(minutes: number): AuthError {
  const message = minutes === 15 ? `device auth timed out after ${minutes} minutes` : 'Login timed out';
  return { stage: 'login', reason: 'timedOut', message, retryable: true };
}

/** A sign-in to an account that the configuration does not allow. */
export function workspaceRefused(allowed: readonly string[]): AuthError {
  const which = allowed.length === 1 ? `workspace ${allowed[0]}` : `one of the workspaces ${allowed.join(', ')}`;
  const message = `Login is restricted to ${which} by forced_chatgpt_workspace_id.`;
  return { stage: 'login', reason: 'loginDisabled', message, retryable: false };
}

/** The error as the answer to a request. */
export function toRpcError({ reason, message, stage, retryable }: AuthError): RpcError {
  return new RpcError(reason, message, { data: { stage, retryable } });
}

const LOCAL_ONLY =
  ' If the server never accepts that, `codex logout --local-only` erases the sign-in here without revoking it.';

/** What a failed logout kept, and how to go on. */
const AFTERWARDS: Readonly<Partial<Record<AuthStage, string>>> = {
  loading: 'Nothing was sent or changed; mend what is stored, then run `codex logout` again.',
  revoking: 'You are still signed in; run `codex logout` again.',
  erasing: 'Run `codex logout` again.',
};

/**
 * The error as the answer to a logout: what went wrong, what was kept and how to go on, in one line (auth.md §7). Clients
 * that say the latter in their own words take `why`.
 */
export function toLogoutError({ reason, message, stage, retryable }: AuthError): RpcError {
  const isHopeless = stage === 'revoking' && !retryable;
  const afterwards = `${AFTERWARDS[stage] ?? ''}${isHopeless ? LOCAL_ONLY : ''}`;
  const text = `logout failed: ${message}. ${afterwards}`.trim();
  return new RpcError(reason, text, { data: { stage, retryable, why: message } });
}
