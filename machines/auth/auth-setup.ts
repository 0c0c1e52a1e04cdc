import { assign, emit, enqueueActions, setup } from 'xstate';
import { unprovided } from '../unprovided.ts';
import * as failure from './auth-error.ts';
import {
  accountUpdated,
  activeCredentials,
  changedTo,
  isAllowedSignIn,
  isDue,
  isOtherAccount,
  isRevoked,
  loginEnd,
  refreshOf,
} from './auth-facts.ts';
import type {
  AuthContext,
  AuthEmitted,
  AuthEvent,
  EraseOutcome,
  External,
  Loaded,
  Login,
  Logout,
  LogoutOutcome,
  Refresh,
  Saved,
} from './auth-types.ts';
import * as limits from './auth-types.ts';
import { accountIdOf, type Credentials, isManaged, isSameAccount, refreshTokenOf, type SignIn } from './credentials.ts';

/** The words of the chart: what it needs of the outside, what it asks itself, and what it remembers. */
export const authSetup = setup({
  types: {
    context: {} as AuthContext,
    events: {} as AuthEvent,
    emitted: {} as AuthEmitted,
  },
  actors: {
    loadCredentials: unprovided<Loaded, void>('loadCredentials'),
    browserLogin: unprovided<SignIn, { login: Login | null }>('browserLogin'),
    deviceLogin: unprovided<SignIn, { login: Login | null }>('deviceLogin'),
    saveCredentials: unprovided<Saved, { signIn: SignIn | null }>('saveCredentials'),
    /** Answers what is stored afterwards: renewed by us or by another program, or nothing any more. */
    refreshToken: unprovided<Credentials | null, { credentials: Credentials | null; refresh: Refresh | null }>(
      'refreshToken',
    ),
    askHost: unprovided<Credentials, { external: External | null }>('askHost'),
    /** Answers what it revoked: the newest that was stored. */
    revokeToken: unprovided<Credentials | null, { credentials: Credentials | null; logout: Logout | null }>(
      'revokeToken',
    ),
    eraseCredentials: unprovided<EraseOutcome, { credentials: Credentials | null }>('eraseCredentials'),
  },
  guards: {
    hasKey: ({ event }) => event.type === 'loginRequested' && isKey(event.login.signIn),
    isBrowser: ({ event }) => event.type === 'loginRequested' && event.login.method === 'chatgpt',
    isDevice: ({ event }) => event.type === 'loginRequested' && event.login.method === 'chatgptDeviceCode',
    isThisLogin: ({ context, event }) => event.type === 'cancelLogin' && event.id === context.login?.id,
    isAllowedWorkspace: ({ context }, { signIn }: { signIn: SignIn }) =>
      isAllowedSignIn(context.login?.workspaces ?? null, signIn),
    isAllowedExternal: ({ event }) => event.type === 'externalTokens' && isAllowedExternal(event.login, event.external),
    isLogoutAsked: ({ context }) => context.logout !== null,
    hasNone: ({ context }) => context.credentials === null,
    hasNothing: ({ context }) => context.credentials === null && context.external === null,
    isExternal: ({ context }) => context.external !== null,
    isRevoked: ({ context }) => isRevoked(context),
    mustRevoke: ({ context }) =>
      !(context.logout?.isLocalOnly ?? false) && isManaged(context.credentials) && !isRevoked(context),
    isUnfinished: ({ context }) => context.isFirstLook && context.unfinished !== null,
    isRefused: ({ context }) =>
      context.refreshFailure !== null && context.refreshFailure.forToken === refreshTokenOf(context.credentials),
    isStale: ({ context, event }) => isDue(context, event),
    canRefresh: ({ context }) => refreshTokenOf(context.credentials) !== null,
    isChanged: ({ context }, { credentials }: Loaded) =>
      credentials?.kind !== 'chatgpt' || credentials.tokens?.accessToken !== context.refresh?.rejected,
    isHostsAccount: ({ context }, { credentials }: { credentials: Credentials }) =>
      isSameAccount(context.external?.credentials ?? null, credentials),
    hasFailed: ({ context }) => context.error !== null,
    isPermanent: (_, { error }: { error: unknown }) => failure.isPermanent(error),
    isErased: (_, { outcome }: { outcome: EraseOutcome }) => outcome.outcome === 'erased',
  },
  actions: {
    keepLoaded: assign(({ context }, { credentials, unfinished }: Loaded) => ({
      ...changedTo(context, credentials),
      error: null,
      unfinished,
      revoked: unfinished?.step === 'revoked' ? credentials : context.revoked,
    })),
    keepCredentials: assign(({ context }, { credentials }: { credentials: Credentials | null }) => ({
      ...changedTo(context, credentials),
      error: null,
    })),
    keepRevoked: assign(({ context }, { credentials }: { credentials: Credentials | null }) => ({
      ...changedTo(context, credentials),
      revoked: credentials,
    })),
    forgetCredentials: assign(({ context }) => ({
      ...changedTo(context, null),
      external: null,
      revoked: null,
      refreshFailure: null,
      error: null,
    })),
    hasLooked: assign({ isFirstLook: false, unfinished: null }),
    keepExternal: assign(({ context, event }) =>
      event.type === 'externalTokens'
        ? { external: event.external, error: null, generation: context.generation + 1 }
        : {},
    ),
    renewExternal: assign(({ context }, { credentials }: { credentials: Credentials }) => ({
      external: context.external && { ...context.external, credentials },
      error: null,
      generation: context.generation + 1,
    })),
    keepLogin: assign({
      login: ({ context, event }) => (event.type === 'loginRequested' ? event.login : context.login),
    }),
    keepSignIn: assign({
      login: ({ context }, { signIn }: { signIn: SignIn }) => context.login && { ...context.login, signIn },
    }),
    keepRefresh: assign({ refresh: ({ context, event }) => refreshOf(context, event) }),
    keepError: assign({
      error: (_, { stage, error }: { stage: failure.AuthStage; error: unknown }) => failure.toAuthError(stage, error),
    }),
    keepThisError: assign({ error: (_, { error }: { error: failure.AuthError }) => error }),
    /** Says, too, whether what is left is worth anything. */
    keepEraseError: assign({
      error: ({ context }, { error }: { error: failure.AuthError }) =>
        isManaged(context.credentials) && isRevoked(context) ? failure.afterRevocation(error) : error,
    }),
    keepWorkspaceRefusal: assign({
      error: ({ context }) => failure.workspaceRefused(context.login?.workspaces ?? []),
    }),
    clearError: assign({ error: null }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    /** Remembered for this very refresh token, so that it is not spent on the network again. */
    keepRefusal: assign({
      refreshFailure: ({ context }) => {
        const forToken = refreshTokenOf(context.credentials);
        return forToken === null || context.error === null ? null : { forToken, error: context.error };
      },
    }),
    showRefusal: assign({ error: ({ context }) => context.refreshFailure?.error ?? null }),
    askLogout: assign({
      logout: ({ context, event }) => (event.type === 'logout' ? joined(context.logout, event.logout) : context.logout),
    }),
    resumeLogout: assign({
      logout: ({ context: { logout, unfinished } }) =>
        logout ?? (unfinished && { server: unfinished.server, isLocalOnly: false, isResumed: true }),
    }),
    announceUpdated: emit(({ context }) => accountUpdated(activeCredentials(context))),
    announceIfOther: enqueueActions(({ context, enqueue }, { credentials }: { credentials: Credentials | null }) => {
      const isHidden = context.external !== null;
      if (!isHidden && isOtherAccount(context.credentials, credentials)) enqueue.emit(accountUpdated(credentials));
    }),
    completeLogin: enqueueActions(({ context: { login }, enqueue }, { error }: { error: failure.AuthError | null }) => {
      if (login) enqueue.emit({ type: 'loginCompleted', login: loginEnd(login), error });
      enqueue.assign({ login: null });
    }),
    failLogin: enqueueActions(({ context: { login, error }, enqueue }) => {
      if (login) enqueue.emit({ type: 'loginCompleted', login: loginEnd(login), error });
      enqueue.assign({ login: null });
    }),
    completeExternal: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'externalTokens') return;
      const { login, external } = event;
      const error = isAllowedExternal(login, external) ? null : failure.workspaceRefused(login.workspaces ?? []);
      enqueue.emit({ type: 'loginCompleted', login: loginEnd(login), error });
    }),
    /** A logout waits for this very state to end; a sign-in must not get in between. */
    refuseLogin: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'loginRequested' && event.type !== 'externalTokens') return;
      enqueue.emit({ type: 'loginCompleted', login: loginEnd(event.login), error: failure.LOGGING_OUT });
    }),
    /** The daemon's: revokes what a new sign-in took the place of; best effort, a failure only warns (auth.md §9). */
    revokeReplaced: (_, _replaced: { replaced: readonly Credentials[]; login: Login | null }) => {},
    /** Answers everybody who asked for the logout, if anybody did. */
    settleLogout: enqueueActions(({ context, enqueue }, outcome: LogoutOutcome) => {
      if (context.logout) enqueue.emit({ type: 'logoutSettled', ...outcome });
      enqueue.assign({ logout: null });
    }),
    failLogout: enqueueActions(({ context, enqueue }) => {
      const wasSignedIn = activeCredentials(context) !== null;
      if (context.logout) enqueue.emit({ type: 'logoutSettled', wasSignedIn, notice: null, error: context.error });
      enqueue.assign({ logout: null });
    }),
  },
  delays: {
    storeLimit: limits.STORE_LIMIT_MS,
    effectLimit: limits.EFFECT_LIMIT_MS,
    browserLimit: limits.BROWSER_LIMIT_MS,
    deviceLimit: limits.DEVICE_LIMIT_MS,
    hostLimit: limits.HOST_LIMIT_MS,
    backOff: ({ context: { failures } }) =>
      Math.min(limits.MAX_BACK_OFF_MS, limits.FIRST_BACK_OFF_MS * 2 ** Math.max(0, failures - 1)),
  },
});

/** Who asks later joins; the server is left out only when nobody wants it to be asked. */
function joined(going: Logout | null, asked: Logout): Logout {
  return going === null ? asked : { ...going, isLocalOnly: going.isLocalOnly && asked.isLocalOnly };
}

const isKey = (signIn: SignIn | null): boolean => signIn?.kind === 'apikey' && signIn.apiKey !== '';

function isAllowedExternal({ workspaces }: Login, { credentials }: External): boolean {
  return workspaces === null || workspaces.includes(accountIdOf(credentials) ?? '');
}
