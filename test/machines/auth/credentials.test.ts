import { describe, expect, test } from 'vitest';
import { signInDocument } from '../../../machines/auth/auth-document.ts';
import {
  accountOf,
  authModeOf,
  type Credentials,
  CredentialsError,
  isManaged,
  isSameCredentials,
  maskKey,
  parseCredentials,
  unusableReason,
} from '../../../machines/auth/credentials.ts';
import { readExpirySeconds, readIdClaims } from '../../../machines/auth/id-token.ts';
import fc from '../../support/fast-check.ts';

const jwt = (payload: unknown): string =>
  `${['{"alg":"none"}', JSON.stringify(payload)].map((part) => Buffer.from(part).toString('base64url')).join('.')}.sig`;

const AUTH = 'https://api.openai.com/auth';
const idToken = jwt({
  email: 'zoë@x.test',
  [AUTH]: { chatgpt_plan_type: 'plus', chatgpt_user_id: 'u', chatgpt_account_id: 'acc' },
});
const claims = { email: 'zoë@x.test', planType: 'plus', userId: 'u', accountId: 'acc' };
const stored = {
  id_token: idToken,
  access_token: jwt({ exp: 1900000000 }),
  refresh_token: 'refresh-1',
  account_id: 'acc',
};
const tokens = {
  idToken,
  accessToken: stored.access_token,
  refreshToken: 'refresh-1',
  accountId: 'acc',
  expiresAtSeconds: 1900000000,
  claims,
};

describe('parseCredentials', () => {
  test.each<{ name: string; file: unknown; is: Credentials }>([
    { name: 'an API key', file: { auth_mode: 'apikey', OPENAI_API_KEY: 'k' }, is: { kind: 'apikey', apiKey: 'k' } },
    { name: 'an old file with a key and no mode', file: { OPENAI_API_KEY: 'k' }, is: { kind: 'apikey', apiKey: 'k' } },
    {
      name: 'a key mode without a key',
      file: { auth_mode: 'apikey', OPENAI_API_KEY: null },
      is: { kind: 'apikey', apiKey: null },
    },
    { name: 'a blank key', file: { OPENAI_API_KEY: ' ' }, is: { kind: 'apikey', apiKey: null } },
    { name: 'an empty object', file: {}, is: { kind: 'chatgpt', tokens: null, lastRefresh: null } },
    {
      name: 'a null key and no mode',
      file: { OPENAI_API_KEY: null },
      is: { kind: 'chatgpt', tokens: null, lastRefresh: null },
    },
    {
      name: 'a ChatGPT sign-in that also holds a key',
      file: {
        auth_mode: 'chatgpt',
        OPENAI_API_KEY: 'k',
        tokens: stored,
        last_refresh: '2026-11-22T10:00:00.000000001Z',
      },
      is: { kind: 'chatgpt', tokens, lastRefresh: '2026-11-22T10:00:00.000000001Z' },
    },
    {
      name: 'a ChatGPT sign-in without a mode',
      file: { tokens: stored },
      is: { kind: 'chatgpt', tokens, lastRefresh: null },
    },
    {
      name: 'an empty refresh token and an access token that is no JWT',
      file: { tokens: { ...stored, refresh_token: '', access_token: 'opaque', account_id: null } },
      is: {
        kind: 'chatgpt',
        tokens: { ...tokens, refreshToken: '', accessToken: 'opaque', accountId: null, expiresAtSeconds: null },
        lastRefresh: null,
      },
    },
    {
      name: "another program's tokens",
      file: { auth_mode: 'chatgptAuthTokens', tokens: stored },
      is: { kind: 'external', tokens, lastRefresh: null },
    },
    {
      name: 'a kind that is not ours',
      file: { auth_mode: 'agentIdentity' },
      is: { kind: 'other', mode: 'agentIdentity' },
    },
  ])('reads $name', ({ file, is }) => {
    expect(parseCredentials(JSON.stringify(file))).toEqual(is);
  });

  test.each([
    ['no JSON', '{"OPENAI_API_KEY": "sk-secret', 'it is not valid JSON'],
    ['nothing', '', 'it is not valid JSON'],
    ['a list', '[]', 'it holds no JSON object'],
    ['null', 'null', 'it holds no JSON object'],
    ['an unknown mode', '{"auth_mode":"sk-secret"}', 'its field auth_mode is not what it must be'],
    ['a number as key', '{"OPENAI_API_KEY":5}', 'its field OPENAI_API_KEY is not what it must be'],
    [
      'an id token with two parts',
      JSON.stringify({ tokens: { ...stored, id_token: 'a.b' } }),
      'its field tokens.id_token is not what it must be',
    ],
    [
      'an id token with a payload of noise',
      JSON.stringify({ tokens: { ...stored, id_token: 'a.%%.c' } }),
      'its field tokens.id_token is not what it must be',
    ],
    [
      'a missing refresh token',
      JSON.stringify({ tokens: { ...stored, refresh_token: undefined } }),
      'its field tokens.refresh_token is not what it must be',
    ],
  ])('refuses %s without quoting it', (_, text, message) => {
    expect(() => parseCredentials(text)).toThrow(new CredentialsError(message));
  });

  test('never quotes any text, and throws nothing else', () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify({ tokens: stored })).chain(cutSomewhere));
    fc.assert(
      fc.property(text, (input) => {
        try {
          parseCredentials(input);
        } catch (error) {
          if (!(error instanceof CredentialsError)) throw error;
          expect(error.message).toMatch(
            /^it (is not valid JSON|holds no JSON object)$|^its field [a-zA-Z_.]+ is not what it must be$/,
          );
          expect(error.cause).toBeUndefined();
        }
      }),
    );
  });
});

const cutSomewhere = (text: string) => fc.nat(text.length).map((end) => text.slice(0, end));

test.each(['headers', 'agentIdentity', 'personalAccessToken', 'bedrockApiKey', 'bedrockAccessKeys'])(
  'the mode %s is known, has nothing to revoke and cannot be used',
  (mode) => {
    const credentials = parseCredentials(JSON.stringify({ auth_mode: mode, tokens: stored }));
    expect([credentials, isManaged(credentials), accountOf(credentials)]).toEqual([
      { kind: 'other', mode },
      false,
      null,
    ]);
  },
);

describe('claims', () => {
  test.each([
    'free go plus pro prolite team self_serve_business_usage_based business enterprise_cbp_usage_based enterprise edu',
  ])('know the plans %s', (plans) => {
    const read = (plan: string) => readIdClaims(jwt({ [AUTH]: { chatgpt_plan_type: plan } }))?.planType;
    expect(plans.split(' ').map(read).join(' ')).toBe(plans);
    expect([read('PRO'), read('later'), read('')]).toEqual(['pro', 'unknown', 'unknown']);
  });

  test.each([
    [
      'the profile email',
      { 'https://api.openai.com/profile': { email: 'p@x' } },
      { email: 'p@x', planType: 'unknown', userId: null, accountId: null },
    ],
    [
      'user_id and an unknown plan',
      { [AUTH]: { user_id: 'old', chatgpt_plan_type: 'galactic' } },
      { email: null, planType: 'unknown', userId: 'old', accountId: null },
    ],
    [
      'nonsense in place of claims',
      { email: 5, [AUTH]: 'x' },
      { email: null, planType: 'unknown', userId: null, accountId: null },
    ],
  ])('are read from %s', (_, payload, expected) => {
    expect(readIdClaims(jwt(payload))).toEqual(expected);
  });

  test.each([
    [jwt({ exp: 5 }), 5],
    [jwt({}), null],
    [jwt('x'), null],
    ['opaque', null],
    ['', null],
    ['..', null],
  ])('readExpirySeconds(%s) is %s', (token, expected) => {
    expect(readExpirySeconds(token)).toBe(expected);
  });
});

const keyDocument = (apiKey: string, previous: string | null): string =>
  signInDocument({ kind: 'apikey', apiKey }, previous, '2026-01-01T00:00:00.000Z');

describe('the document of an API key', () => {
  test('is pretty, without a newline at the end', () => {
    expect(keyDocument('k', null)).toBe('{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "k"\n}');
  });

  test('keeps fields that belong to no sign-in, and none of the old one', () => {
    const before = JSON.stringify({
      tokens: stored,
      last_refresh: 'x',
      agent_identity: 'y',
      auth_mode: 'chatgpt',
      theirs: { a: [1] },
    });
    expect(JSON.parse(keyDocument('k', before))).toEqual({
      auth_mode: 'apikey',
      OPENAI_API_KEY: 'k',
      theirs: { a: [1] },
    });
  });

  test('reads back as the key, over whatever was there', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.oneof(fc.json(), fc.string()), (key, previous) => {
        fc.pre(key.trim() !== '');
        expect(parseCredentials(keyDocument(key, previous))).toEqual({ kind: 'apikey', apiKey: key });
      }),
    );
  });
});

const managed: Credentials = { kind: 'chatgpt', tokens, lastRefresh: null };

test.each<{ credentials: Credentials; is: readonly unknown[] }>([
  { credentials: { kind: 'apikey', apiKey: 'k' }, is: [{ type: 'apiKey' }, 'apikey', false, null] },
  { credentials: { kind: 'apikey', apiKey: null }, is: [null, 'apikey', false, 'API key auth is missing a key'] },
  { credentials: managed, is: [{ type: 'chatgpt', email: 'zoë@x.test', planType: 'plus' }, 'chatgpt', true, null] },
  {
    credentials: { ...managed, tokens: null },
    is: [
      { type: 'chatgpt', email: null, planType: 'unknown' },
      'chatgpt',
      false,
      'the stored ChatGPT sign-in holds no token',
    ],
  },
  {
    credentials: { ...managed, tokens: { ...tokens, refreshToken: '' } },
    is: [expect.anything(), 'chatgpt', true, null],
  },
  {
    credentials: { ...managed, tokens: { ...tokens, refreshToken: '', accessToken: '' } },
    is: [expect.anything(), 'chatgpt', false, 'the stored ChatGPT sign-in holds no token'],
  },
  { credentials: { ...managed, kind: 'external' }, is: [expect.anything(), 'chatgptAuthTokens', false, null] },
  {
    credentials: { kind: 'other', mode: 'headers' },
    is: [null, 'headers', false, 'a sign-in of the kind headers cannot be used here'],
  },
])('account, mode, revocation and use of $credentials.kind', ({ credentials, is }) => {
  const read = [accountOf(credentials), authModeOf(credentials), isManaged(credentials), unusableReason(credentials)];
  expect(read).toEqual(is);
});

test('only equal secrets are the same credentials', () => {
  const again = parseCredentials(JSON.stringify({ auth_mode: 'chatgpt', tokens: stored }));
  expect(isSameCredentials(again, managed)).toBe(true);
  expect(isSameCredentials({ ...managed, tokens: { ...tokens, refreshToken: 'refresh-2' } }, managed)).toBe(false);
  expect(isSameCredentials(null, managed)).toBe(false);
  expect(isSameCredentials(null, null)).toBe(true);
});

test.each([
  ['', '***'],
  ['sk-1234567890', '***'],
  ['sk-12345678901', 'sk-12345***78901'],
  ['sk-proj-abcdefghijklABCDE', 'sk-proj-***ABCDE'],
])('maskKey(%s) is %s', (key, masked) => {
  expect(maskKey(key)).toBe(masked);
});
