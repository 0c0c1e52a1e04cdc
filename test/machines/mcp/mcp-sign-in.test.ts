import { describe, expect, test } from 'vitest';
import type { McpServerConfig } from '../../../machines/mcp/mcp-config.ts';
import { type McpPlace, toLaunch } from '../../../machines/mcp/mcp-launch.ts';
import {
  callbackOf,
  isRunOut,
  isUsable,
  knownAuthStatus,
  type McpSignIn,
  readCallback,
  secretsOfSignIn,
  takesSignIn,
  withTokens,
} from '../../../machines/mcp/mcp-sign-in.ts';

const NOW_MS = 1_000_000;
const place: McpPlace = { cwd: '/work', variables: { TOKEN: 'secret' }, umask: 0o22 };
const url = 'https://mcp.test/mcp';
const asked = { server_name: 'box', server_url: url, client_id: 'client-1', scopes: ['read'] };
const signIn: McpSignIn = { ...asked, access_token: 'access', refresh_token: 'refresh', expires_at: NOW_MS + 60_000 };

describe('the sign-in at an MCP server', () => {
  test('is wanted of servers over HTTP that the configuration gives no token', () => {
    const takes = (config: McpServerConfig) => takesSignIn(toLaunch('box', config, place));
    expect([
      takes({ url }),
      takes({ url, http_headers: { 'X-Key': 'a' } }),
      takes({ url, bearer_token_env_var: 'TOKEN' }),
      takes({ url, http_headers: { AUTHORIZATION: 'Basic a' } }),
      takes({ command: 'serve' }),
    ]).toEqual([true, true, false, false, false]);
  });

  test.each<[string, McpServerConfig, McpSignIn | null, unknown]>([
    ['a program', { command: 'serve' }, null, 'unsupported'],
    ['a token of the configuration', { url, bearer_token_env_var: 'TOKEN' }, null, 'bearerToken'],
    ['a header of the configuration', { url, http_headers: { authorization: 'x' } }, null, 'bearerToken'],
    ['a sign-in', { url }, signIn, 'oAuth'],
    ['one that ran out and can be renewed', { url }, { ...signIn, expires_at: 1 }, 'oAuth'],
    ['one that ran out', { url }, { ...signIn, expires_at: 1, refresh_token: null }, 'notLoggedIn'],
    ['nothing', { url }, null, null],
  ])('of %s is known without asking, or not', (_, config, kept, expected) => {
    expect(knownAuthStatus(config, toLaunch('box', config, place), kept, NOW_MS)).toBe(expected);
  });

  test('is renewed half a minute before it runs out; one without an end is good until it is turned away', () => {
    const at = (expires_at: number | null) => isRunOut({ ...signIn, expires_at }, NOW_MS);
    expect([at(NOW_MS + 30_001), at(NOW_MS + 30_000), at(NOW_MS - 1), at(null)]).toEqual([false, true, true, false]);
    expect(isUsable({ ...signIn, refresh_token: null, expires_at: null }, NOW_MS)).toBe(true);
  });

  test('keeps what new tokens do not say', () => {
    expect(withTokens(asked, { access_token: 'a' }, NOW_MS)).toEqual({
      ...asked,
      access_token: 'a',
      refresh_token: null,
      expires_at: null,
    });
    const more = { access_token: 'b', refresh_token: 'c', expires_in: 5, scope: 'x  y' };
    expect(withTokens({ ...signIn, theirs: 1 } as McpSignIn, more, NOW_MS)).toEqual({
      ...asked,
      theirs: 1,
      access_token: 'b',
      refresh_token: 'c',
      expires_at: NOW_MS + 5_000,
      scopes: ['x', 'y'],
    });
    expect(withTokens(signIn, { access_token: 'b' }, NOW_MS).refresh_token).toBe('refresh');
  });

  test('names what must not be seen of it', () => {
    expect(secretsOfSignIn({ ...signIn, client_secret: 'mine' })).toEqual(['access', 'refresh', 'mine']);
    expect(secretsOfSignIn({ ...signIn, refresh_token: null })).toEqual(['access']);
  });

  test('comes back to this machine only', () => {
    const to = (callback_url: string, port?: number) => callbackOf({ oauth: { callback_url } }, port);
    expect([
      callbackOf({}, undefined),
      callbackOf({}, 7),
      to('http://127.0.0.1/a/b'),
      to('http://localhost:9/', 7),
    ]).toEqual([
      { path: '/callback', port: 0 },
      { path: '/callback', port: 7 },
      { path: '/a/b', port: 0 },
      { path: '/', port: 9 },
    ]);
    for (const away of ['https://127.0.0.1/a', 'http://x.test/a', 'nowhere'])
      expect(() => to(away)).toThrow(/does not lead to this machine/);
  });

  test.each([
    ['code=c&state=s', false, { kind: 'ignored', why: 'State mismatch' }],
    ['error=access_denied', false, { kind: 'ignored', why: 'State mismatch' }],
    ['code=c', true, { kind: 'code', code: 'c' }],
    ['code=c&iss=https://as.test', true, { kind: 'code', code: 'c' }],
    ['code=c&iss=https://evil.test', true, { kind: 'refused', error: 'another authorization server answered' }],
    ['error=access_denied', true, { kind: 'refused', error: 'access_denied' }],
    ['error=e&error_description=no+way', true, { kind: 'refused', error: 'e: no way' }],
    ['code=', true, { kind: 'refused', error: 'the answer holds no code' }],
  ])('reads what a browser brings back: %s', (query, isOurs, outcome) => {
    expect(readCallback(new URLSearchParams(query), isOurs, 'https://as.test')).toEqual(outcome);
  });
});
