import * as v from 'valibot';
import type { McpAuthStatus } from '../protocol/methods/mcp-oauth.ts';
import type { McpServerConfig } from './mcp-config.ts';
import type { McpLaunch } from './mcp-launch.ts';

/** A server over HTTP, which may want to be signed in to. */
export type HttpLaunch = Extract<McpLaunch, { kind: 'http' }>;

/**
 * One entry of `.credentials.json`, which the reference reads and writes too; members that we do not know are kept.
 * `client_secret` and `resource` are ours.
 */
export const mcpSignIn = v.looseObject({
  server_name: v.string(),
  server_url: v.string(),
  /** The authorization server that gave the tokens, the only one that may see them. */
  issuer: v.nullish(v.string()),
  client_id: v.string(),
  client_secret: v.nullish(v.string()),
  access_token: v.string(),
  /** Milliseconds since the epoch. */
  expires_at: v.nullish(v.number()),
  refresh_token: v.nullish(v.string()),
  scopes: v.nullish(v.array(v.string())),
  resource: v.nullish(v.string()),
});
export type McpSignIn = v.InferOutput<typeof mcpSignIn>;

/** A sign-in before it has its first token. */
export type AskedSignIn = Pick<
  McpSignIn,
  'server_name' | 'server_url' | 'issuer' | 'client_id' | 'client_secret' | 'refresh_token' | 'scopes' | 'resource'
>;

/** What a token endpoint gave. */
export interface NewMcpTokens {
  readonly access_token: string;
  readonly refresh_token?: string | undefined;
  readonly expires_in?: number | undefined;
  readonly scope?: string | undefined;
}

/** A server that runs only once a person has signed in to it. */
export class SignInNeededError extends Error {
  override readonly name = 'SignInNeededError';
}

/** A token that is about to run out is renewed before it is used. */
const SKEW_MS = 30_000;

/** Whether there is anything to sign in to: a token that the configuration names goes first. */
export function takesSignIn(launch: McpLaunch): launch is HttpLaunch {
  return launch.kind === 'http' && !Object.keys(launch.headers).some((name) => name.toLowerCase() === 'authorization');
}

export function isRunOut({ expires_at }: McpSignIn, nowMs: number): boolean {
  return expires_at != null && expires_at - SKEW_MS <= nowMs;
}

/** Whether a sign-in is good for a request, by itself or after a refresh. */
export function isUsable(signIn: McpSignIn, nowMs: number): boolean {
  return signIn.refresh_token != null || !isRunOut(signIn, nowMs);
}

/** A sign-in with what a token endpoint gave. What it does not give again stays. */
export function withTokens(signIn: AskedSignIn, tokens: NewMcpTokens, nowMs: number): McpSignIn {
  const { access_token, refresh_token, expires_in, scope } = tokens;
  return {
    ...signIn,
    access_token,
    expires_at: expires_in === undefined ? null : nowMs + expires_in * 1000,
    refresh_token: refresh_token ?? signIn.refresh_token ?? null,
    scopes: scope === undefined ? (signIn.scopes ?? []) : scope.split(' ').filter(Boolean),
  };
}

/** Values that must not be seen in a message. */
export function secretsOfSignIn({ access_token, refresh_token, client_secret }: McpSignIn): readonly string[] {
  return [access_token, refresh_token ?? [], client_secret ?? []].flat();
}

/** What is known of a server's authentication without asking it; null: it has to be asked. */
export function knownAuthStatus(
  config: McpServerConfig,
  launch: McpLaunch | null,
  signIn: McpSignIn | null,
  nowMs: number,
): McpAuthStatus | null {
  if (config.url === undefined) return 'unsupported';
  if (config.bearer_token_env_var !== undefined || (launch && !takesSignIn(launch))) return 'bearerToken';
  if (signIn) return isUsable(signIn, nowMs) ? 'oAuth' : 'notLoggedIn';
  return null;
}

/** Where the browser comes back to: a path, and the port that the configuration asks for (0: any that is free). */
export interface Callback {
  readonly path: string;
  readonly port: number;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

/** @throws Error for an address that leads elsewhere */
export function callbackOf({ oauth }: McpServerConfig, ownPort: number | undefined): Callback {
  const given = oauth?.callback_url;
  if (given === undefined) return { path: '/callback', port: ownPort ?? 0 };
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url?.protocol !== 'http:' || !LOOPBACK.has(url.hostname))
    throw new Error('its callback_url does not lead to this machine (http://127.0.0.1)');
  return { path: url.pathname, port: url.port === '' ? (ownPort ?? 0) : Number(url.port) };
}

/** What a browser that comes back brings. */
export type CallbackOutcome =
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'code'; readonly code: string };

/**
 * Reads it. `isOurs` tells whether it carries the state that was sent along: without it the request says nothing about
 * this sign-in. @param issuer of the authorization server, as it says itself (RFC 9207)
 */
export function readCallback(query: URLSearchParams, isOurs: boolean, issuer: string | null): CallbackOutcome {
  if (!isOurs) return { kind: 'ignored', why: 'State mismatch' };
  const error = query.get('error');
  const about = query.get('error_description');
  if (error !== null) return { kind: 'refused', error: about === null ? error : `${error}: ${about}` };
  const said = query.get('iss');
  if (said !== null && issuer !== null && said !== issuer)
    return { kind: 'refused', error: 'another authorization server answered' };
  const code = query.get('code');
  return code ? { kind: 'code', code } : { kind: 'refused', error: 'the answer holds no code' };
}

/** The command that signs in to a server. */
export const loginCommand = (name: string): string => `codex mcp login ${name}`;
