import type { RefreshReason } from './auth-types.ts';
import { type Credentials, refreshTokenOf } from './credentials.ts';

/** A token is renewed this long before it ends, so that no request carries one that ends on the way. */
const EARLY_MS = 5 * 60_000;
/** For a token that does not say when it ends. */
const MAX_AGE_MS = 8 * 24 * 60 * 60_000;

/**
 * Why a sign-in should be renewed before its next use; null when it need not or cannot be. A readable end always wins
 * over an old `last_refresh` (auth.md §6).
 */
export function staleReason(credentials: Credentials | null, nowMs: number): RefreshReason | null {
  if (credentials?.kind !== 'chatgpt' || refreshTokenOf(credentials) === null) return null;
  const endsAtSeconds = credentials.tokens?.expiresAtSeconds ?? null;
  if (endsAtSeconds !== null) return endsAtSeconds * 1000 <= nowMs + EARLY_MS ? 'proactive_expiry' : null;
  const refreshedMs = Date.parse(credentials.lastRefresh ?? '');
  return Number.isNaN(refreshedMs) || nowMs - refreshedMs <= MAX_AGE_MS ? null : 'scheduled';
}

/** Whether the access token says that it has ended. */
export function hasEnded(credentials: Credentials | null, nowMs: number): boolean {
  if (credentials?.kind !== 'chatgpt') return false;
  const endsAtSeconds = credentials.tokens?.expiresAtSeconds ?? null;
  return endsAtSeconds !== null && endsAtSeconds * 1000 <= nowMs;
}
