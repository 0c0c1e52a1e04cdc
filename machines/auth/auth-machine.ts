import { and } from 'xstate';
import { authTimedOut, REVOKED_NOT_ERASED } from './auth-error.ts';
import { authSetup } from './auth-setup.ts';
import { logout, reload, signedIn } from './auth-signed-in.ts';
import { externalTokens, loginRequested, signingIn } from './auth-signing-in.ts';
import { erasing, error, revoking } from './auth-signing-out.ts';
import { type LogoutOutcome, STORE_LIMIT_MS } from './auth-types.ts';

const NOTHING_TO_DO: LogoutOutcome = { wasSignedIn: false, notice: null, error: null };

/**
 * One home's sign-in (auth.md §9). Credentials leave the store only from `erasing`, and a managed sign-in gets there
 * only when the server has revoked it (or somebody asked to leave the server out).
 */
export const authMachine = authSetup.createMachine({
  id: 'auth',
  context: {
    credentials: null,
    external: null,
    generation: 0,
    error: null,
    login: null,
    logout: null,
    refresh: null,
    revoked: null,
    unfinished: null,
    isFirstLook: true,
    refreshFailure: null,
    failures: 0,
  },
  initial: 'restoring',
  states: {
    restoring: {
      initial: 'loading',
      on: { logout: { actions: 'askLogout' } },
      states: {
        loading: {
          invoke: {
            id: 'loadCredentials',
            src: 'loadCredentials',
            onDone: {
              target: 'deciding',
              actions: [
                { type: 'announceIfOther', params: ({ event }) => ({ credentials: event.output.credentials }) },
                { type: 'keepLoaded', params: ({ event }) => event.output },
              ],
            },
            onError: {
              target: '#auth.error.loading',
              actions: [
                { type: 'keepError', params: ({ event }) => ({ stage: 'loading', error: event.error }) },
                'failLogout',
              ],
            },
          },
          after: {
            storeLimit: {
              target: '#auth.error.loading',
              actions: [
                { type: 'keepThisError', params: { error: authTimedOut('loading', STORE_LIMIT_MS) } },
                'failLogout',
              ],
            },
          },
        },
        deciding: {
          always: [
            {
              guard: and(['isLogoutAsked', 'hasNothing']),
              target: '#auth.signedOut',
              actions: ['hasLooked', { type: 'settleLogout', params: NOTHING_TO_DO }, 'announceUpdated'],
            },
            { guard: and(['isLogoutAsked', 'mustRevoke']), target: '#auth.revoking', actions: 'hasLooked' },
            { guard: 'isLogoutAsked', target: '#auth.erasing', actions: 'hasLooked' },
            // What an earlier daemon began is finished by this one.
            {
              guard: and(['isUnfinished', 'mustRevoke']),
              target: '#auth.revoking',
              actions: ['resumeLogout', 'hasLooked'],
            },
            {
              guard: and(['isUnfinished', 'isRevoked']),
              target: '#auth.erasing',
              actions: ['resumeLogout', 'hasLooked'],
            },
            {
              guard: 'isRevoked',
              target: '#auth.error.erasing',
              actions: ['hasLooked', { type: 'keepThisError', params: { error: REVOKED_NOT_ERASED } }],
            },
            { guard: 'isExternal', target: '#auth.signedIn.external', actions: 'hasLooked' },
            { guard: 'hasNone', target: '#auth.signedOut', actions: 'hasLooked' },
            { guard: 'isRefused', target: '#auth.signedIn.expired', actions: 'hasLooked' },
            { target: '#auth.signedIn.fresh', actions: 'hasLooked' },
          ],
        },
      },
    },
    signedOut: { on: { logout, reload, loginRequested, externalTokens } },
    signingIn,
    signedIn,
    revoking,
    erasing,
    error,
  },
});
