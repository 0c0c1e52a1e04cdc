import { describe, expect, test } from 'vitest';
import { proxySettingsOf, withoutPasswords } from '../../../machines/core/proxy.ts';

describe('proxySettingsOf', () => {
  test.each([
    ['nothing', {}, null],
    ['exceptions alone', { NO_PROXY: '*' }, null],
    ['blank variables', { HTTP_PROXY: ' ', https_proxy: '' }, null],
    ['one for plain addresses', { HTTP_PROXY: 'http://a:1' }, { http: 'http://a:1', https: null, exceptions: '' }],
    [
      'one for each, small letters first',
      { HTTP_PROXY: 'x', http_proxy: 'a', HTTPS_PROXY: 'b', no_proxy: 'c' },
      { http: 'a', https: 'b', exceptions: 'c' },
    ],
    [
      'one for all, where nothing better is named',
      { ALL_PROXY: 'all', https_proxy: 'b' },
      { http: 'all', https: 'b', exceptions: '' },
    ],
  ])('of %s', (_, variables, expected) => {
    expect(proxySettingsOf(variables)).toEqual(expected);
  });
});

test.each([
  ['http://user:pa@ss@proxy:1', 'http://proxy:1'],
  ['user:pass@proxy:1', 'proxy:1'],
  ['HTTPS://token@proxy/', 'HTTPS://proxy/'],
  ['proxy:1', 'proxy:1'],
])('withoutPasswords(%s) is %s', (address, expected) => {
  expect(withoutPasswords({ http: address, https: address, exceptions: 'x' })).toEqual({
    http: expected,
    https: expected,
    exceptions: 'x',
  });
  expect(withoutPasswords({ http: null, https: null, exceptions: '' })).toMatchObject({ http: null, https: null });
});
