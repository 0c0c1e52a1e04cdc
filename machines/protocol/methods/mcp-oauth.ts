import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** Signing in to MCP servers over HTTP, which the daemon does for all clients (protocol.md §9.2 to 9.4). */

/** How a server is signed in to: `McpAuthStatus` of the reference. */
export const mcpAuthStatus = v.picklist(['unknown', 'unsupported', 'notLoggedIn', 'bearerToken', 'oAuth']);
export type McpAuthStatus = v.InferOutput<typeof mcpAuthStatus>;

const MAX_TIMEOUT_SECS = 86_400;

/** Answers the address to open in a browser; the end is told by `mcpServer/oauthLogin/completed`. */
export const mcpServerOauthLogin = defineRequest({
  method: 'mcpServer/oauth/login',
  params: v.object({
    name: v.string(),
    /** How a client is registered: by documents of the web (`cimd`) is not done here. */
    clientRegistration: v.nullish(v.picklist(['auto', 'cimd', 'dcr'])),
    scopes: v.nullish(v.array(v.string())),
    threadId: v.nullish(v.string()),
    /** 300 when it is not said. */
    timeoutSecs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_TIMEOUT_SECS))),
  }),
  result: v.object({ authorizationUrl: v.string(), loginId: v.nullish(v.string()) }),
  errors: ['invalidRequest', 'notSupported', 'mcpServerFailed', 'configInvalid', 'draining'],
  mutates: true,
});

const end = {
  name: v.string(),
  success: v.boolean(),
  error: v.nullable(v.string()),
  loginId: v.string(),
  threadId: v.nullable(v.string()),
};
export type McpLoginEnd = v.InferOutput<v.ObjectSchema<typeof end, undefined>>;

export const mcpServerOauthLoginCompleted = defineNotification({
  method: 'mcpServer/oauthLogin/completed',
  params: v.object(end),
});

/** Ours. Ends a sign-in that waits for a person; false: it is over. */
export const mcpServerOauthLoginCancel = defineRequest({
  method: 'mcpServer/oauthLogin/cancel',
  params: v.object({ loginId: v.string() }),
  result: v.object({ cancelled: v.boolean() }),
  mutates: true,
});

/** Ours. Takes the tokens back at the server, where it offers that, and erases them in any case. */
export const mcpServerOauthLogout = defineRequest({
  method: 'mcpServer/oauth/logout',
  params: v.object({ name: v.string(), threadId: v.nullish(v.string()) }),
  result: v.object({
    wasSignedIn: v.boolean(),
    isRevoked: v.boolean(),
    /** Why the server still takes the tokens. */
    notice: v.nullable(v.string()),
  }),
  errors: ['invalidRequest', 'authUnreadable', 'configInvalid', 'timedOut'],
  mutates: true,
});

/** Ours. How the configured servers are signed in to, without starting one. */
export const mcpServerAuthStatusList = defineRequest({
  method: 'mcpServer/authStatus/list',
  params: v.object({ serverName: v.nullish(v.string()), threadId: v.nullish(v.string()) }),
  result: v.object({ data: v.array(v.object({ name: v.string(), authStatus: mcpAuthStatus })) }),
  errors: ['authUnreadable', 'configInvalid'],
});

/** The requests of this file, for the table. */
export const mcpOauthRequests = [
  mcpServerOauthLogin,
  mcpServerOauthLoginCancel,
  mcpServerOauthLogout,
  mcpServerAuthStatusList,
] as const;
