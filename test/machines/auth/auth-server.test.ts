import { describe, expect, test } from 'vitest';
import { authServerOf } from '../../../machines/auth/auth-server.ts';
import { authorizeUrl } from '../../../machines/auth/authorize-url.ts';

const as = { originator: 'o', userAgent: 'u' };
const vendor = {
  issuer: 'https://auth.openai.com',
  refreshUrl: 'https://auth.openai.com/oauth/token',
  revokeUrl: 'https://auth.openai.com/oauth/revoke',
  clientId: 'app_EMoamEEZ73f0CkXaXp7hrann',
  originator: 'o',
  userAgent: 'u',
  proxy: null,
};

// auth.md §2 (overrides) and §3 (constants).
describe('authServerOf', () => {
  test.each([
    ['nothing', { variables: {} }, {}],
    ['blank variables', { variables: { CODEX_REVOKE_TOKEN_URL_OVERRIDE: ' ', CODEX_APP_SERVER_LOGIN_ISSUER: '' } }, {}],
    [
      'an address for revoking',
      { variables: { CODEX_REVOKE_TOKEN_URL_OVERRIDE: 'http://r/x?y' } },
      { revokeUrl: 'http://r/x?y' },
    ],
    [
      'an address for refreshing alone, beside which is revoked',
      { variables: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: 'http://r:1/a/b?c=d#e' } },
      { refreshUrl: 'http://r:1/a/b?c=d#e', revokeUrl: 'http://r:1/oauth/revoke' },
    ],
    [
      'an address for refreshing that is none',
      { variables: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: 'nonsense' } },
      { refreshUrl: 'nonsense' },
    ],
    [
      'one for each',
      { variables: { CODEX_REFRESH_TOKEN_URL_OVERRIDE: 'http://f', CODEX_REVOKE_TOKEN_URL_OVERRIDE: 'http://r' } },
      { refreshUrl: 'http://f', revokeUrl: 'http://r' },
    ],
    [
      'an issuer and a client id of the environment, for sign-ins only',
      { variables: { CODEX_APP_SERVER_LOGIN_ISSUER: 'http://i//', CODEX_APP_SERVER_LOGIN_CLIENT_ID: 'app_2' } },
      { issuer: 'http://i', clientId: 'app_2' },
    ],
    [
      'options, which win',
      { variables: { CODEX_APP_SERVER_LOGIN_ISSUER: 'http://i' }, issuer: 'http://o/', clientId: 'app_3' },
      { issuer: 'http://o', clientId: 'app_3' },
    ],
    [
      'a proxy',
      { variables: { HTTPS_PROXY: 'http://p' } },
      { proxy: { http: null, https: 'http://p', exceptions: '' } },
    ],
  ])('of %s', (_, given, differs) => {
    expect(authServerOf({ ...as, ...given })).toEqual({ ...vendor, ...differs });
  });
});

test.each([
  [null, ''],
  [['w'], '&allowed_workspace_id=w'],
  [['w', 'x y'], '&allowed_workspace_id=w%2Cx%20y'],
])('authorizeUrl for the workspaces %j', (workspaces, end) => {
  const server = authServerOf({ ...as, variables: {} });
  const redirectUri = 'http://localhost:1455/auth/callback';
  expect(authorizeUrl({ server, redirectUri, challenge: 'c', state: 's', workspaces })).toBe(
    'https://auth.openai.com/oauth/authorize?response_type=code&client_id=app_EMoamEEZ73f0CkXaXp7hrann' +
      '&redirect_uri=http%3A%2F%2Flocalhost%3A1455%2Fauth%2Fcallback' +
      '&scope=openid%20profile%20email%20offline_access%20api.connectors.read%20api.connectors.invoke' +
      '&code_challenge=c&code_challenge_method=S256&id_token_add_organizations=true&codex_cli_simplified_flow=true' +
      `&state=s&originator=o${end}`,
  );
});
