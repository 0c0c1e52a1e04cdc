import { authTimedOut, SIGN_IN_CHANGED, toAuthError } from './auth-error.ts';
import { isRevoked } from './auth-facts.ts';
import { authSetup } from './auth-setup.ts';
import { logout, needAuth, reload, unauthorized } from './auth-signed-in.ts';
import { externalTokens, loginRequested } from './auth-signing-in.ts';
import {
  type AuthContext,
  EFFECT_LIMIT_MS,
  type EraseOutcome,
  type LogoutOutcome,
  STORE_LIMIT_MS,
} from './auth-types.ts';
import { isManaged } from './credentials.ts';

const CHANGED: LogoutOutcome = { wasSignedIn: true, notice: null, error: SIGN_IN_CHANGED };

const NOT_REVOKED =
  'The token was erased here without being revoked: at the server it stays valid until it ends or you revoke it there.';

function erasedOutcome(context: AuthContext, output: EraseOutcome): LogoutOutcome {
  const isLeft = isManaged(context.credentials) && !isRevoked(context);
  const notices = [isLeft ? NOT_REVOKED : null, output.outcome === 'erased' ? output.notice : null];
  return { wasSignedIn: true, notice: notices.filter(Boolean).join(' ') || null, error: null };
}

/** The server ends the token first. Whatever goes wrong, nothing here is touched. */
export const revoking = authSetup.createStateConfig({
  on: { logout: { actions: 'askLogout' } },
  invoke: {
    id: 'revokeToken',
    src: 'revokeToken',
    input: ({ context }) => ({ credentials: context.credentials, logout: context.logout }),
    onDone: {
      target: 'erasing',
      actions: { type: 'keepRevoked', params: ({ event }) => ({ credentials: event.output }) },
    },
    onError: {
      target: 'error.revoking',
      actions: [
        { type: 'keepError', params: ({ event }) => ({ stage: 'revoking', error: event.error }) },
        'failLogout',
      ],
    },
  },
  after: {
    effectLimit: {
      target: 'error.revoking',
      actions: [{ type: 'keepThisError', params: { error: authTimedOut('revoking', EFFECT_LIMIT_MS) } }, 'failLogout'],
    },
  },
});

/** The only state from which credentials leave the store. */
export const erasing = authSetup.createStateConfig({
  on: { logout: { actions: 'askLogout' } },
  invoke: {
    id: 'eraseCredentials',
    src: 'eraseCredentials',
    input: ({ context }) => ({ credentials: context.credentials }),
    onDone: [
      {
        guard: { type: 'isErased', params: ({ event }) => ({ outcome: event.output }) },
        target: 'signedOut',
        actions: [
          { type: 'settleLogout', params: ({ context, event }) => erasedOutcome(context, event.output) },
          'forgetCredentials',
          'announceUpdated',
        ],
      },
      { target: 'restoring', actions: { type: 'settleLogout', params: CHANGED } },
    ],
    onError: {
      target: 'error.erasing',
      actions: [
        { type: 'keepEraseError', params: ({ event }) => ({ error: toAuthError('erasing', event.error) }) },
        'failLogout',
      ],
    },
  },
  after: {
    storeLimit: {
      target: 'error.erasing',
      actions: [{ type: 'keepEraseError', params: { error: authTimedOut('erasing', STORE_LIMIT_MS) } }, 'failLogout'],
    },
  },
});

/** Fail-closed: what is stored is still there, and everything may be tried again. */
export const error = authSetup.createStateConfig({
  initial: 'loading',
  on: { logout, reload, loginRequested, externalTokens },
  states: {
    loading: {},
    // The token is still good, so work goes on with it.
    revoking: { on: { needAuth, unauthorized } },
    erasing: {},
  },
});
