import { authTimedOut, LOGIN_CANCELLED, loginTimedOut } from './auth-error.ts';
import { unrevoked } from './auth-facts.ts';
import { authSetup } from './auth-setup.ts';
import { STORE_LIMIT_MS } from './auth-types.ts';
import type { SignIn } from './credentials.ts';

/** What a request to sign in does, wherever one may be made. */
export const loginRequested = [
  { guard: 'hasKey', target: '#auth.signingIn.saving', actions: ['keepLogin', 'clearError'] },
  { guard: 'isBrowser', target: '#auth.signingIn.browser', actions: ['keepLogin', 'clearError'] },
  { guard: 'isDevice', target: '#auth.signingIn.device', actions: ['keepLogin', 'clearError'] },
] as const;

/** Tokens that another program supplies are taken at once; the store is not touched. */
export const externalTokens = [
  {
    guard: 'isAllowedExternal',
    target: '#auth.signedIn.external',
    actions: ['completeExternal', 'keepExternal', 'announceUpdated'],
  },
  { actions: 'completeExternal' },
] as const;

const replace = { type: 'completeLogin', params: { error: LOGIN_CANCELLED } } as const;
// Back to what is stored, which is for the disk to say: another program may have written it meanwhile.
const back = '#auth.restoring';

/** How a sign-in that a person finishes elsewhere ends: with tokens, which may be of an account that is not allowed, or not. */
const tokensOf = ({ event }: { event: { output: SignIn } }) => ({ signIn: event.output });
const errorOf = ({ event }: { event: { error: unknown } }) => ({ stage: 'login', error: event.error }) as const;
const signedInAs = [
  {
    guard: { type: 'isAllowedWorkspace', params: tokensOf },
    target: 'saving',
    actions: { type: 'keepSignIn', params: tokensOf },
  },
  { target: back, actions: ['keepWorkspaceRefusal', 'failLogin'] },
] as const;
const refused = { target: back, actions: [{ type: 'keepError', params: errorOf }, 'failLogin'] } as const;
/** @param minutes that a person was given */
const tooLate = (minutes: number) =>
  ({
    target: back,
    actions: [{ type: 'keepThisError', params: { error: loginTimedOut(minutes) } }, 'failLogin'],
  }) as const;

/** One attempt at a time: a second replaces the first. What was stored stays valid until the new is stored. */
export const signingIn = authSetup.createStateConfig({
  initial: 'saving',
  on: {
    logout: { target: back, actions: ['askLogout', { type: 'completeLogin', params: { error: LOGIN_CANCELLED } }] },
    cancelLogin: {
      guard: 'isThisLogin',
      target: back,
      actions: { type: 'completeLogin', params: { error: LOGIN_CANCELLED } },
    },
    externalTokens: externalTokens.map((transition) =>
      'target' in transition ? { ...transition, actions: [replace, ...transition.actions] } : transition,
    ),
    loginRequested: loginRequested.map((transition) => ({
      ...transition,
      reenter: true,
      actions: [replace, ...transition.actions],
    })),
  },
  states: {
    browser: {
      invoke: {
        id: 'browserLogin',
        src: 'browserLogin',
        input: ({ context }) => ({ login: context.login }),
        onDone: signedInAs,
        onError: refused,
      },
      after: { browserLimit: tooLate(10) },
    },
    device: {
      invoke: {
        id: 'deviceLogin',
        src: 'deviceLogin',
        input: ({ context }) => ({ login: context.login }),
        onDone: signedInAs,
        onError: refused,
      },
      after: { deviceLimit: tooLate(15) },
    },
    saving: {
      invoke: {
        id: 'saveCredentials',
        src: 'saveCredentials',
        input: ({ context }) => ({ signIn: context.login?.signIn ?? null }),
        onDone: {
          target: '#auth.signedIn',
          actions: [
            {
              type: 'revokeReplaced',
              params: ({ context, event }) => ({ replaced: unrevoked(context, event.output), login: context.login }),
            },
            { type: 'completeLogin', params: { error: null } },
            { type: 'keepCredentials', params: ({ event }) => ({ credentials: event.output.credentials }) },
            'announceUpdated',
          ],
        },
        onError: {
          target: back,
          actions: [
            { type: 'keepError', params: ({ event }) => ({ stage: 'saving', error: event.error }) },
            'failLogin',
          ],
        },
      },
      after: {
        storeLimit: {
          target: back,
          actions: [{ type: 'keepThisError', params: { error: authTimedOut('saving', STORE_LIMIT_MS) } }, 'failLogin'],
        },
      },
    },
  },
});
