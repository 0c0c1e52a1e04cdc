import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

export const account = v.variant('type', [
  v.object({ type: v.literal('apiKey') }),
  v.object({ type: v.literal('chatgpt'), email: v.nullable(v.string()), planType: v.string() }),
]);

/** Ours: what the sign-in is doing. `expired`: stored, but the server takes it no more until somebody signs in again. */
export const accountStateName = v.picklist([
  'restoring',
  'signedOut',
  'signingIn',
  'signedIn',
  'refreshing',
  'expired',
  'revoking',
  'erasing',
  'error',
]);

/**
 * Ours: the state as clients show it. After an error `stage` says at which step, `reason` why in one sentence, and
 * `retryable` whether asking again can help; what was stored is then still there. All null when nothing is wrong.
 */
export const accountState = v.object({
  state: accountStateName,
  stage: v.nullable(v.picklist(['loading', 'login', 'saving', 'refreshing', 'revoking', 'erasing'])),
  reason: v.nullable(v.string()),
  retryable: v.nullable(v.boolean()),
  /** The sign-in that goes on; its address and code are told only to the client that asked for them. */
  login: v.nullable(
    v.object({
      loginId: v.string(),
      method: v.picklist(['apiKey', 'chatgpt', 'chatgptDeviceCode', 'chatgptAuthTokens']),
    }),
  ),
});
export type AccountState = v.InferOutput<typeof accountState>;

/** Ours: where the sign-in is kept. `reason`: why it is not where the configuration would have it; null otherwise. */
export const accountStore = v.object({
  mode: v.picklist(['file', 'keyring', 'auto', 'ephemeral']),
  kind: v.picklist(['file', 'keyring', 'memory']),
  reason: v.nullable(v.string()),
});
export type AccountStore = v.InferOutput<typeof accountStore>;

/** Who is signed in. `requiresOpenaiAuth` is false when the configured provider needs no sign-in of ours. */
export const accountRead = defineRequest({
  method: 'account/read',
  /** `refreshToken`: get a new token first; when that fails the answer is what is known all the same. */
  params: v.optional(v.object({ refreshToken: v.nullish(v.boolean()) }), {}),
  result: v.object({
    account: v.nullable(account),
    requiresOpenaiAuth: v.boolean(),
    /** All below is ours. `error`: why what is stored cannot be read or used, or what went wrong last. */
    ...v.partial(accountState).entries,
    maskedKey: v.optional(v.nullable(v.string())),
    error: v.optional(v.nullable(v.string())),
    store: v.optional(accountStore),
  }),
});

/** The method of older clients. The token is never given, though it may be asked for: tokens reach no client. */
export const getAuthStatus = defineRequest({
  method: 'getAuthStatus',
  params: v.optional(v.object({ includeToken: v.nullish(v.boolean()), refreshToken: v.nullish(v.boolean()) }), {}),
  result: v.object({
    authMethod: v.nullable(v.string()),
    authToken: v.null(),
    requiresOpenaiAuth: v.nullable(v.boolean()),
  }),
});

/**
 * Starts a sign-in. `apiKey` and `chatgptAuthTokens` are done when the answer comes; the other two go on in the daemon,
 * which tells of the end by `account/login/completed`. A second one replaces the first. The client opens the browser.
 */
export const accountLoginStart = defineRequest({
  method: 'account/login/start',
  params: v.variant('type', [
    v.object({ type: v.literal('apiKey'), apiKey: v.string() }),
    v.object({ type: v.literal('chatgpt') }),
    v.object({
      type: v.literal('chatgptDeviceCode'),
      /** Ours: `--experimental_issuer` and `--experimental_client-id`. */
      issuer: v.nullish(v.pipe(v.string(), v.url())),
      clientId: v.nullish(v.string()),
    }),
    /** Kept in memory only; wins over what is stored. This client is asked for new ones after a 401. */
    v.object({
      type: v.literal('chatgptAuthTokens'),
      accessToken: v.string(),
      chatgptAccountId: v.string(),
      chatgptPlanType: v.nullish(v.string()),
    }),
  ]),
  result: v.variant('type', [
    v.object({ type: v.literal('apiKey') }),
    v.object({ type: v.literal('chatgpt'), loginId: v.string(), authUrl: v.string() }),
    v.object({
      type: v.literal('chatgptDeviceCode'),
      loginId: v.string(),
      verificationUrl: v.string(),
      userCode: v.string(),
    }),
    v.object({ type: v.literal('chatgptAuthTokens') }),
  ]),
  errors: [
    'invalidParams',
    'authUnreadable',
    'loginDisabled',
    'configInvalid',
    'loginCancelled',
    'loginFailed',
    'deviceCodeDisabled',
    'externalAuthActive',
  ],
  mutates: true,
});

export const accountLoginCancel = defineRequest({
  method: 'account/login/cancel',
  params: v.object({ loginId: v.string() }),
  result: v.object({ status: v.picklist(['canceled', 'notFound']) }),
  errors: ['invalidParams'],
  mutates: true,
});

/** Ours: what a logout would do. Nothing is changed and nothing sent anywhere for it. */
export const logoutPlan = v.object({
  account: v.nullable(account),
  authMode: v.nullable(v.string()),
  store: accountStore,
  /** The token that would be revoked, by kind, and where; null when there is none to revoke. */
  revokes: v.nullable(v.object({ token: v.picklist(['refresh_token', 'access_token']), url: v.string() })),
  /** Files and keyring entries that would be erased. */
  erases: v.array(v.string()),
  /** The others that are attached. */
  clients: v.array(v.object({ clientId: v.string(), name: v.string(), terminal: v.nullable(v.string()) })),
  /** Turns whose next request would be refused. */
  runningTurns: v.array(v.object({ threadId: v.string(), name: v.nullable(v.string()) })),
  /** Anything more that one should know before, a sentence each. */
  notes: v.array(v.string()),
});
export type LogoutPlan = v.InferOutput<typeof logoutPlan>;

/**
 * Revokes managed ChatGPT auth at the server first, and only then erases it. Rejects, with the auth kept, when it
 * cannot be read or the revocation fails in any way; the message begins with `logout failed: `, and `data` holds the
 * rest as `why` beside `stage` and `retryable`. Everybody who asks meanwhile gets the same answer.
 */
export const accountLogout = defineRequest({
  method: 'account/logout',
  params: v.nullish(
    v.object({
      /** Ours: erase without revoking. The token stays valid at the server; never do this unasked. */
      localOnly: v.nullish(v.boolean()),
      /** Ours: only say what would be done, as `plan`. */
      dryRun: v.nullish(v.boolean()),
    }),
  ),
  result: v.object({
    /** Ours: whether there was anything to remove. */
    wasSignedIn: v.optional(v.boolean()),
    /** Ours: one sentence when something was left behind on purpose. */
    notice: v.optional(v.nullable(v.string())),
    plan: v.optional(logoutPlan),
  }),
  errors: ['revokeFailed', 'authUnreadable', 'eraseFailed'],
  mutates: true,
});

/** Asks the client that supplied the tokens for new ones, after a 401. */
export const chatgptAuthTokensRefresh = defineRequest({
  method: 'account/chatgptAuthTokens/refresh',
  params: v.object({ reason: v.literal('unauthorized'), previousAccountId: v.nullish(v.string()) }),
  result: v.object({
    accessToken: v.string(),
    chatgptAccountId: v.string(),
    chatgptPlanType: v.nullish(v.string()),
  }),
});

export const accountUpdated = defineNotification({
  method: 'account/updated',
  params: v.object({ authMode: v.nullable(v.string()), planType: v.nullable(v.string()) }),
});
export const accountLoginCompleted = defineNotification({
  method: 'account/login/completed',
  params: v.object({ loginId: v.nullable(v.string()), success: v.boolean(), error: v.nullable(v.string()) }),
});
/** Ours: sent at every change of state, to every client. */
export const accountStateChanged = defineNotification({ method: 'account/state', params: accountState, isOurs: true });
