import * as v from 'valibot';
import type { SignIn } from './credentials.ts';
import { readIdClaims } from './id-token.ts';
import { parseJson } from './parse-json.ts';

/** The texts of auth.json as we write it: two blanks, no newline at the end (auth.md §1). */

/** The fields that belong to one sign-in; every other field of the file is somebody else's and survives. */
const SIGN_IN_FIELDS: readonly string[] = [
  'auth_mode',
  'OPENAI_API_KEY',
  'tokens',
  'last_refresh',
  'agent_identity',
  'personal_access_token',
  'login_owner_id',
];

/** What a refresh gave; only what is there replaces anything. */
export interface NewTokens {
  readonly idToken?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The file of a new sign-in and of no other. `previous` is the file's text so far; its fields that belong to no
 * sign-in survive, if it can be read. `nowIso`: RFC 3339, UTC.
 */
export function signInDocument(signIn: SignIn, previous: string | null, nowIso: string): string {
  const rest = Object.entries(fieldsOf(previous)).filter(([key]) => !SIGN_IN_FIELDS.includes(key));
  return print({ ...signInFields(signIn, nowIso), ...Object.fromEntries(rest) });
}

function signInFields(signIn: SignIn, nowIso: string): Fields {
  if (signIn.kind === 'apikey') return { auth_mode: 'apikey', OPENAI_API_KEY: signIn.apiKey };
  const { idToken, accessToken, refreshToken, apiKey } = signIn;
  return {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: apiKey,
    tokens: {
      id_token: idToken,
      access_token: accessToken,
      refresh_token: refreshToken,
      account_id: readIdClaims(idToken)?.accountId ?? null,
    },
    last_refresh: nowIso,
  };
}

/** The same file with what a refresh gave; all the rest of it stays, unknown fields within `tokens` included. */
export function refreshedDocument(tokens: NewTokens, previous: string, nowIso: string): string {
  const fields = fieldsOf(previous);
  const given = {
    ...(tokens.idToken === undefined ? {} : { id_token: tokens.idToken }),
    ...(tokens.accessToken === undefined ? {} : { access_token: tokens.accessToken }),
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
  };
  return print({ ...fields, tokens: { ...asFields(fields.tokens), ...given }, last_refresh: nowIso });
}

const print = (fields: Fields): string => JSON.stringify(fields, null, 2);

function fieldsOf(text: string | null): Fields {
  return asFields(text === null ? null : parseJson(text));
}

function asFields(value: unknown): Fields {
  const parsed = v.safeParse(v.record(v.string(), v.unknown()), Array.isArray(value) ? null : value);
  return parsed.success ? parsed.output : {};
}
