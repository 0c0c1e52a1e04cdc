import { authTimedOut, OTHER_WORKSPACE } from './auth-error.ts';
import { authSetup } from './auth-setup.ts';
import { externalTokens, loginRequested } from './auth-signing-in.ts';
import { EFFECT_LIMIT_MS, HOST_LIMIT_MS, STORE_LIMIT_MS } from './auth-types.ts';

// A logout starts by reading what is stored: another program may have signed in or out since (auth.md §7).
export const logout = { target: '#auth.restoring', actions: 'askLogout' } as const;
export const reload = '#auth.restoring';

/** How a token is asked for and what a 401 does, with a sign-in of ours. */
export const needAuth = { guard: 'isStale', target: '#auth.signedIn.refreshing', actions: 'keepRefresh' } as const;
export const unauthorized = {
  guard: 'canRefresh',
  target: '#auth.signedIn.reloading',
  actions: ['keepRefresh', 'clearError'],
} as const;

const refreshFailed = {
  type: 'keepError',
  params: (given: { event: { error: unknown } }) => failedWith(given),
} as const;
const failedWith = ({ event }: { event: { error: unknown } }) => ({ stage: 'refreshing', error: event.error }) as const;

/** Signed in: how the token is kept fresh. One refresh at a time, whoever asks (auth.md §6). */
export const signedIn = authSetup.createStateConfig({
  initial: 'fresh',
  on: { logout, reload, loginRequested, externalTokens },
  states: {
    fresh: { on: { needAuth, unauthorized } },
    /** Another program may have renewed it: the store is read before a refresh token is spent. */
    reloading: {
      on: { reload: {} },
      invoke: {
        id: 'reloadCredentials',
        src: 'loadCredentials',
        onDone: [
          {
            guard: { type: 'isChanged', params: ({ event }) => event.output },
            target: '#auth.restoring.deciding',
            actions: [
              { type: 'announceIfOther', params: ({ event }) => ({ credentials: event.output.credentials }) },
              { type: 'keepLoaded', params: ({ event }) => event.output },
            ],
          },
          { target: 'refreshing', actions: { type: 'keepLoaded', params: ({ event }) => event.output } },
        ],
        onError: {
          target: '#auth.error.loading',
          actions: { type: 'keepError', params: ({ event }) => ({ stage: 'loading', error: event.error }) },
        },
      },
      after: {
        storeLimit: {
          target: '#auth.error.loading',
          actions: { type: 'keepThisError', params: { error: authTimedOut('loading', STORE_LIMIT_MS) } },
        },
      },
    },
    refreshing: {
      // A logout waits, so that the newest token is the one that is revoked.
      on: {
        logout: { actions: 'askLogout' },
        reload: {},
        loginRequested: [{ guard: 'isLogoutAsked', actions: 'refuseLogin' }, ...loginRequested],
        externalTokens: [{ guard: 'isLogoutAsked', actions: 'refuseLogin' }, ...externalTokens],
      },
      invoke: {
        id: 'refreshToken',
        src: 'refreshToken',
        input: ({ context }) => ({ credentials: context.credentials, refresh: context.refresh }),
        onDone: {
          target: 'settled',
          actions: [
            { type: 'announceIfOther', params: ({ event }) => ({ credentials: event.output }) },
            { type: 'keepCredentials', params: ({ event }) => ({ credentials: event.output }) },
          ],
        },
        onError: [
          {
            guard: { type: 'isPermanent', params: ({ event }) => ({ error: event.error }) },
            target: 'settled',
            actions: [refreshFailed, 'keepRefusal'],
          },
          { target: 'settled', actions: [refreshFailed, 'countFailure'] },
        ],
      },
      after: {
        effectLimit: {
          target: 'settled',
          actions: [
            { type: 'keepThisError', params: { error: authTimedOut('refreshing', EFFECT_LIMIT_MS) } },
            'countFailure',
          ],
        },
      },
    },
    settled: {
      always: [
        { guard: 'isLogoutAsked', target: '#auth.restoring' },
        { guard: 'hasNone', target: '#auth.signedOut' },
        { guard: 'isRefused', target: 'expired' },
        { guard: 'hasFailed', target: 'backingOff' },
        { target: 'fresh' },
      ],
    },
    /** Whoever asks meanwhile gets the last error, or the token while it lasts. */
    backingOff: { after: { backOff: { target: 'fresh', actions: 'clearError' } } },
    expired: { entry: 'showRefusal' },
    external: {
      on: { reload: {}, unauthorized: { target: 'askingHost', actions: ['keepRefresh', 'clearError'] } },
    },
    askingHost: {
      on: { reload: {} },
      invoke: {
        id: 'askHost',
        src: 'askHost',
        input: ({ context }) => ({ external: context.external }),
        onDone: [
          {
            guard: { type: 'isHostsAccount', params: ({ event }) => ({ credentials: event.output }) },
            target: 'external',
            actions: { type: 'renewExternal', params: ({ event }) => ({ credentials: event.output }) },
          },
          { target: 'external', actions: { type: 'keepThisError', params: { error: OTHER_WORKSPACE } } },
        ],
        onError: { target: 'external', actions: refreshFailed },
      },
      after: {
        hostLimit: {
          target: 'external',
          actions: { type: 'keepThisError', params: { error: authTimedOut('refreshing', HOST_LIMIT_MS) } },
        },
      },
    },
  },
});
