import * as v from 'valibot';
import { RpcError } from '../core/errors.ts';
import { permanentFailure } from './auth-error.ts';
import { parseJson } from './parse-json.ts';

/** What an auth server said about a refusal. Its words may repeat what it was sent: redact before showing them. */
export interface ServerError {
  /** In lower case; null when it gave none. */
  readonly code: string | null;
  readonly message: string | null;
}

const word = v.fallback(v.nullish(v.string()), null);
const body = v.object({
  error: v.fallback(v.nullish(v.union([v.string(), v.object({ code: word, message: word })])), null),
  error_description: word,
  code: word,
});

/** The code is `error.code`, or `error` when that is a text, or `code`; the message the first that is there (auth.md §4, §6). */
export function parseServerError(text: string): ServerError {
  const parsed = v.safeParse(body, parseJson(text));
  if (!parsed.success) return { code: null, message: text.trim() || null };
  const { error, error_description: description, code } = parsed.output;
  const nested = typeof error === 'object' ? error : null;
  const named = (nested?.code ?? (typeof error === 'string' ? error : null) ?? code)?.toLowerCase() ?? null;
  return { code: named, message: description ?? nested?.message ?? named ?? (text.trim() || null) };
}

const REFUSALS: Readonly<Record<string, string>> = {
  refresh_token_expired: 'it has expired',
  refresh_token_reused: 'it was used already',
  refresh_token_invalidated: 'it was revoked',
};

/** Whether the server says that somebody else spent the token before us. */
export function isUsedAlready(error: unknown): boolean {
  return error instanceof RpcError && error.data.code === 'refresh_token_reused';
}

/** A refused refresh as the error that callers get; permanent ones are never tried again with this token (auth.md §6). */
export function refreshRefused(status: number, text: string): RpcError {
  const { code } = parseServerError(text);
  const reason = REFUSALS[code ?? ''];
  const isForEver = reason !== undefined || status === 401 || (status === 400 && code === 'invalid_grant');
  if (!isForEver) {
    return new RpcError('refreshFailed', `a new token could not be had: the auth server answered ${status}`);
  }
  const why = reason ?? 'the auth server does not accept it';
  const message = `the sign-in cannot be renewed: ${why}. Log out and sign in again.`;
  return code === null ? permanentFailure(message) : withCode(permanentFailure(message), code);
}

function withCode(error: RpcError, code: string): RpcError {
  return new RpcError(error.errorName, error.message, { data: { ...error.data, code } });
}
