import { describe, expect, test } from 'vitest';
import { isPermanent } from '../../../machines/auth/auth-error.ts';
import { isUsedAlready, parseServerError, refreshRefused } from '../../../machines/auth/server-error.ts';

// auth.md §4 (messages) and §6 (codes).
describe('parseServerError', () => {
  test.each([
    ['{"error":"invalid_grant","error_description":"said"}', { code: 'invalid_grant', message: 'said' }],
    ['{"error":{"code":"X_Y","message":"said"}}', { code: 'x_y', message: 'said' }],
    ['{"error":{"code":"x"}}', { code: 'x', message: 'x' }],
    ['{"error":"x"}', { code: 'x', message: 'x' }],
    ['{"code":"TOP"}', { code: 'top', message: 'top' }],
    ['{"error":{"message":"said"},"code":"top"}', { code: 'top', message: 'said' }],
    ['{"error":5,"error_description":7}', { code: null, message: '{"error":5,"error_description":7}' }],
    ['[]', { code: null, message: '[]' }],
    [' plain words ', { code: null, message: 'plain words' }],
    ['', { code: null, message: null }],
  ])('of %s', (text, { code, message }) => {
    expect(parseServerError(text)).toEqual({ code, message });
  });
});

const FOR_EVER = 'Log out and sign in again.';

describe('refreshRefused', () => {
  test.each([
    [401, '{"error":{"code":"refresh_token_expired"}}', `the sign-in cannot be renewed: it has expired. ${FOR_EVER}`],
    [401, '{"error":"refresh_token_reused"}', `the sign-in cannot be renewed: it was used already. ${FOR_EVER}`],
    [401, '{"code":"REFRESH_TOKEN_INVALIDATED"}', `the sign-in cannot be renewed: it was revoked. ${FOR_EVER}`],
    [401, '{"error":"anything"}', `the sign-in cannot be renewed: the auth server does not accept it. ${FOR_EVER}`],
    [401, '', `the sign-in cannot be renewed: the auth server does not accept it. ${FOR_EVER}`],
    [500, '{"error":"refresh_token_expired"}', `the sign-in cannot be renewed: it has expired. ${FOR_EVER}`],
    [
      400,
      '{"error":"invalid_grant"}',
      `the sign-in cannot be renewed: the auth server does not accept it. ${FOR_EVER}`,
    ],
    [403, '{"error":"invalid_grant"}', 'a new token could not be had: the auth server answered 403'],
    [503, '{"error":"secret"}', 'a new token could not be had: the auth server answered 503'],
  ])('%i %s', (status, text, message) => {
    const error = refreshRefused(status, text);
    expect([error.errorName, error.message]).toEqual(['refreshFailed', message]);
    expect(isPermanent(error)).toBe(message.endsWith(FOR_EVER));
    expect(isUsedAlready(error)).toBe(text.includes('reused'));
  });
});
