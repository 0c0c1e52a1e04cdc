import { describe, expect, test } from 'vitest';
import { type ErrorName, errorCodes } from '../../../machines/core/errors.ts';
import { checkAgainst } from '../../../machines/protocol/define.ts';
import { clientRequests, daemonRequests, globalNotifications } from '../../../machines/protocol/index.ts';

describe('the account methods on the wire (auth.md §8)', () => {
  const start = clientRequests['account/login/start'].params;
  const tokens = { type: 'chatgptAuthTokens', accessToken: 'a', chatgptAccountId: 'acc' };
  test.each([
    ['an API key', start, { type: 'apiKey', apiKey: 'k' }, true],
    ['a browser login', start, { type: 'chatgpt', codexStreamlinedLogin: true }, true],
    ['a login by code', start, { type: 'chatgptDeviceCode' }, true],
    ['a login by code at another issuer', start, { type: 'chatgptDeviceCode', issuer: 'http://127.0.0.1:1' }, true],
    ['an issuer that is no address', start, { type: 'chatgptDeviceCode', issuer: 'nowhere' }, false],
    ['tokens of another program', start, tokens, true],
    ['tokens without an account', start, { ...tokens, chatgptAccountId: undefined }, false],
    ['an unknown kind', start, { type: 'password' }, false],
    ['a cancel', clientRequests['account/login/cancel'].params, { loginId: 'x' }, true],
    ['a cancel of nothing', clientRequests['account/login/cancel'].params, {}, false],
    ['a logout without parameters', clientRequests['account/logout'].params, undefined, true],
    ['a dry run', clientRequests['account/logout'].params, { dryRun: true, localOnly: null }, true],
    ['the old status', clientRequests.getAuthStatus.params, { includeToken: null, refreshToken: null }, true],
    [
      'a new token asked of the host',
      daemonRequests['account/chatgptAuthTokens/refresh'].params,
      { reason: 'unauthorized', previousAccountId: null },
      true,
    ],
    [
      'a change of state',
      globalNotifications['account/state'].params,
      { state: 'revoking', stage: null, reason: null, retryable: null, login: null },
      true,
    ],
  ])('%s', (_, schema, value, isGood) => {
    expect(checkAgainst(schema, value).ok).toBe(isGood);
  });

  test.each<[ErrorName, number]>([
    ['loggingOut', -32600],
    ['loginDisabled', -32600],
    ['externalAuthActive', -32600],
    ['deviceCodeDisabled', -32600],
    ['loginCancelled', -32603],
    ['loginFailed', -32603],
    ['refreshFailed', -32603],
    ['revokeFailed', -32603],
    ['tokenRevoked', -32603],
    ['eraseFailed', -32603],
  ])('the error %s has the number %i', (name, code) => {
    expect(errorCodes[name]).toBe(code);
  });
});
