import * as v from 'valibot';
import { type IdClaims, knownPlan, readExpirySeconds, readIdClaims } from './id-token.ts';
import { parseJson } from './parse-json.ts';

/** The tokens of a ChatGPT sign-in. */
export interface Tokens {
  readonly idToken: string;
  readonly accessToken: string;
  /** May be empty: then only the access token can be revoked (auth.md §7). */
  readonly refreshToken: string;
  readonly accountId: string | null;
  /** `exp` of the access token in seconds since the epoch; null when it does not say. */
  readonly expiresAtSeconds: number | null;
  readonly claims: IdClaims;
}

/** What auth.json holds. `external` tokens belong to another program; `other` is a kind that we cannot use. */
export type Credentials =
  | { readonly kind: 'apikey'; readonly apiKey: string | null }
  | { readonly kind: 'chatgpt'; readonly tokens: Tokens | null; readonly lastRefresh: string | null }
  | { readonly kind: 'external'; readonly tokens: Tokens | null; readonly lastRefresh: string | null }
  | { readonly kind: 'other'; readonly mode: string };

/** A sign-in that is to be stored. `apiKey` beside tokens: a key that the server gave for them. */
export type SignIn =
  | { readonly kind: 'apikey'; readonly apiKey: string }
  | {
      readonly kind: 'chatgpt';
      readonly idToken: string;
      readonly accessToken: string;
      readonly refreshToken: string;
      readonly apiKey: string | null;
    };

/** The account as clients see it: no secret in it. */
export type Account =
  | { readonly type: 'apiKey' }
  | { readonly type: 'chatgpt'; readonly email: string | null; readonly planType: string };

/** An auth.json that cannot be understood. The message never quotes the file. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

const OTHER_MODES = ['headers', 'agentIdentity', 'personalAccessToken', 'bedrockApiKey', 'bedrockAccessKeys'] as const;
const MODES = ['apikey', 'chatgpt', 'chatgptAuthTokens', ...OTHER_MODES] as const;

const storedTokens = v.looseObject({
  id_token: v.pipe(
    v.string(),
    v.check((token) => readIdClaims(token) !== null),
  ),
  access_token: v.string(),
  refresh_token: v.string(),
  account_id: v.nullish(v.string()),
});
const storedAuth = v.looseObject({
  auth_mode: v.nullish(v.picklist(MODES)),
  OPENAI_API_KEY: v.nullish(v.string()),
  tokens: v.nullish(storedTokens),
  last_refresh: v.nullish(v.string()),
});
type StoredAuth = v.InferOutput<typeof storedAuth>;

/** The credentials in the text of an auth.json. Throws CredentialsError; says which field is wrong, never its value. */
export function parseCredentials(text: string): Credentials {
  return toCredentials(parseStored(text));
}

function parseStored(text: string): StoredAuth {
  const raw = parseJson(text);
  if (raw === undefined) throw new CredentialsError('it is not valid JSON');
  if (Array.isArray(raw)) throw new CredentialsError('it holds no JSON object');
  const result = v.safeParse(storedAuth, raw);
  if (result.success) return result.output;
  const path = result.issues[0].path?.map((part) => String(part.key)).join('.');
  throw new CredentialsError(path ? `its field ${path} is not what it must be` : 'it holds no JSON object');
}

// Mode of a file: as written, else API key when there is one, else ChatGPT, also without tokens (auth.md §1).
function toCredentials(stored: StoredAuth): Credentials {
  const apiKey = stored.OPENAI_API_KEY ?? null;
  const mode = stored.auth_mode ?? (apiKey === null ? 'chatgpt' : 'apikey');
  const signIn = { tokens: toTokens(stored.tokens), lastRefresh: stored.last_refresh ?? null };
  switch (mode) {
    case 'apikey':
      return { kind: 'apikey', apiKey: apiKey === null || apiKey.trim() === '' ? null : apiKey };
    case 'chatgpt':
      return { kind: 'chatgpt', ...signIn };
    case 'chatgptAuthTokens':
      return { kind: 'external', ...signIn };
    default:
      return { kind: 'other', mode };
  }
}

function toTokens(stored: StoredAuth['tokens']): Tokens | null {
  const claims = stored ? readIdClaims(stored.id_token) : null;
  if (!stored || !claims) return null;
  return {
    idToken: stored.id_token,
    accessToken: stored.access_token,
    refreshToken: stored.refresh_token,
    accountId: stored.account_id ?? null,
    expiresAtSeconds: readExpirySeconds(stored.access_token),
    claims,
  };
}

/** What a logout has to revoke: the refresh token, else the access token; null when there is neither (auth.md §7). */
export function revocableToken(
  credentials: Credentials | null,
): { readonly token: string; readonly kind: 'refresh_token' | 'access_token' } | null {
  if (credentials?.kind !== 'chatgpt' || credentials.tokens === null) return null;
  const { refreshToken, accessToken } = credentials.tokens;
  if (refreshToken !== '') return { token: refreshToken, kind: 'refresh_token' };
  return accessToken === '' ? null : { token: accessToken, kind: 'access_token' };
}

/** Tokens that another program supplies; what they do not say themselves is not known. */
export function externalCredentials(accessToken: string, accountId: string, planType: string | null): Credentials {
  const claims = readIdClaims(accessToken) ?? { email: null, planType: 'unknown', userId: null, accountId: null };
  return {
    kind: 'external',
    tokens: {
      idToken: '',
      accessToken,
      refreshToken: '',
      accountId,
      expiresAtSeconds: readExpirySeconds(accessToken),
      claims: { ...claims, planType: planType === null ? claims.planType : knownPlan(planType) },
    },
    lastRefresh: null,
  };
}

/** Whether ending this sign-in means revoking a token at the server first (auth.md §7). */
export function isManaged(credentials: Credentials | null): boolean {
  return revocableToken(credentials) !== null;
}

/** The refresh token of a sign-in that is ours to keep fresh; null when there is none. */
export function refreshTokenOf(credentials: Credentials | null): string | null {
  return credentials?.kind === 'chatgpt' ? credentials.tokens?.refreshToken || null : null;
}

/** Whether two credentials are the same sign-in with the same secrets. */
export function isSameCredentials(left: Credentials | null, right: Credentials | null): boolean {
  // Both were made by `toCredentials`, so equal ones have their fields in the same order.
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Whether revoking one ends the other, too: the same token to revoke, or else the same in every field. */
export function isSameSignIn(left: Credentials | null, right: Credentials | null): boolean {
  const token = revocableToken(left)?.token;
  return token === undefined ? isSameCredentials(left, right) : token === revocableToken(right)?.token;
}

/** Whether a token of one may take the place of the other's: known to be the same account (auth.md §6). */
export function isSameAccount(left: Credentials | null, right: Credentials | null): boolean {
  const account = accountIdOf(left);
  return left?.kind === right?.kind && account === accountIdOf(right);
}

export function accountIdOf(credentials: Credentials | null): string | null {
  if (credentials?.kind !== 'chatgpt' && credentials?.kind !== 'external') return null;
  return credentials.tokens?.accountId ?? credentials.tokens?.claims.accountId ?? null;
}

/** The account for `account/read`; null when nobody is signed in in a way that we can use. */
export function accountOf(credentials: Credentials | null): Account | null {
  switch (credentials?.kind) {
    case 'apikey':
      return credentials.apiKey === null ? null : { type: 'apiKey' };
    case 'chatgpt':
    case 'external':
      return {
        type: 'chatgpt',
        email: credentials.tokens?.claims.email ?? null,
        planType: credentials.tokens?.claims.planType ?? 'unknown',
      };
    default:
      return null;
  }
}

/** `authMode` of `account/updated`, as auth.json names it. */
export function authModeOf(credentials: Credentials | null): string | null {
  if (credentials === null) return null;
  if (credentials.kind === 'external') return 'chatgptAuthTokens';
  return credentials.kind === 'other' ? credentials.mode : credentials.kind;
}

/** Why stored credentials cannot be used for a model request; null when they can. */
export function unusableReason(credentials: Credentials): string | null {
  if (credentials.kind === 'other') return `a sign-in of the kind ${credentials.mode} cannot be used here`;
  if (credentials.kind === 'apikey') return credentials.apiKey === null ? 'API key auth is missing a key' : null;
  const hasToken = credentials.tokens !== null && credentials.tokens.accessToken !== '';
  return hasToken ? null : 'the stored ChatGPT sign-in holds no token';
}

/** A key fit to be shown: `***`, or its first 8 and last 5 characters when it has more than 13 (auth.md §2). */
export function maskKey(apiKey: string): string {
  const characters = [...apiKey];
  if (characters.length <= 13) return '***';
  return `${characters.slice(0, 8).join('')}***${characters.slice(-5).join('')}`;
}
