import { expect, test } from 'vitest';
import { refreshedDocument } from '../../../machines/auth/auth-document.ts';
import { type Credentials, externalCredentials } from '../../../machines/auth/credentials.ts';
import { hasEnded, staleReason } from '../../../machines/auth/staleness.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;

/** @param endsInSeconds of the access token; null: it does not say */
const signedIn = (endsInSeconds: number | null, daysOld: number | null, refreshToken = 'r'): Credentials => ({
  kind: 'chatgpt',
  tokens: {
    idToken: '',
    accessToken: 'a',
    refreshToken,
    accountId: null,
    expiresAtSeconds: endsInSeconds === null ? null : NOW_MS / 1000 + endsInSeconds,
    claims: { email: null, planType: 'unknown', userId: null, accountId: null },
  },
  lastRefresh: daysOld === null ? null : new Date(NOW_MS - daysOld * DAY_MS).toISOString(),
});

// auth.md §6: when a token is renewed before its use, and whether it may still be sent when that fails.
test.each<[string, Credentials | null, ReturnType<typeof staleReason>, boolean]>([
  ['nobody', null, null, false],
  ['an API key', { kind: 'apikey', apiKey: 'k' }, null, false],
  ['tokens of another program', externalCredentials('a.b.c', 'acc', null), null, false],
  ['no tokens', { kind: 'chatgpt', tokens: null, lastRefresh: null }, null, false],
  ['a token that ended', signedIn(-1, 0), 'proactive_expiry', true],
  ['a token that ends in five minutes', signedIn(300, 0), 'proactive_expiry', false],
  ['a token that ends later', signedIn(301, 0), null, false],
  ['a token that ends later, renewed long ago', signedIn(301, 400), null, false],
  ['no end, renewed eight days ago', signedIn(null, 8), null, false],
  ['no end, renewed just over eight days ago', signedIn(null, 8 + 1 / DAY_MS), 'scheduled', false],
  ['no end, renewed who knows when', signedIn(null, null), null, false],
  ['an ended token that cannot be renewed', signedIn(-1, 9, ''), null, true],
])('%s', (_, credentials, reason, isEnded) => {
  expect([staleReason(credentials, NOW_MS), hasEnded(credentials, NOW_MS)]).toEqual([reason, isEnded]);
});

const stored = {
  auth_mode: 'chatgpt',
  OPENAI_API_KEY: 'k',
  tokens: {
    id_token: 'i',
    access_token: 'a',
    refresh_token: 'r',
    account_id: 'acc',
    oauth_provenance: { issuer: 'x' },
  },
  last_refresh: 'before',
  login_owner_id: 'owner',
  theirs: [1],
};

test.each([
  [{}, {}],
  [{ accessToken: 'A' }, { access_token: 'A' }],
  [
    { idToken: 'I', refreshToken: 'R' },
    { id_token: 'I', refresh_token: 'R' },
  ],
  [
    { idToken: undefined, accessToken: 'A', refreshToken: '' },
    { access_token: 'A', refresh_token: '' },
  ],
])('a refresh that gave %j replaces that alone', (given, replaced) => {
  expect(refreshedDocument(given, JSON.stringify(stored), 'now')).toBe(
    JSON.stringify({ ...stored, tokens: { ...stored.tokens, ...replaced }, last_refresh: 'now' }, null, 2),
  );
});
