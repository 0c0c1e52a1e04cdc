import { type ProxySettings, proxySettingsOf } from '../core/proxy.ts';

/** The public client of the reference program; a native app's client id is no secret (auth.md §3). */
export const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
export const DEFAULT_ISSUER = 'https://auth.openai.com';

/** Where a request about tokens goes, and in whose name. */
export interface AuthServer {
  /** Without a slash at the end. */
  readonly issuer: string;
  readonly refreshUrl: string;
  readonly revokeUrl: string;
  readonly clientId: string;
  readonly originator: string;
  readonly userAgent: string;
  /** The proxies of the client's environment; null: none. May hold a password. */
  readonly proxy: ProxySettings | null;
}

export interface AsksFor {
  /** The environment of the client that asks, never the daemon's own. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** `--experimental_issuer`; wins over the environment. */
  readonly issuer?: string | null | undefined;
  readonly clientId?: string | null | undefined;
  readonly originator: string;
  readonly userAgent: string;
}

/**
 * The server of a client's requests (auth.md §2). The issuer is that of sign-ins; tokens are refreshed and revoked at
 * the vendor's own address unless a variable names another, and revoked where they are refreshed if only that is named.
 */
export function authServerOf({ variables, issuer, clientId, originator, userAgent }: AsksFor): AuthServer {
  const refreshUrl = filled(variables.CODEX_REFRESH_TOKEN_URL_OVERRIDE);
  return {
    issuer: (filled(issuer) ?? filled(variables.CODEX_APP_SERVER_LOGIN_ISSUER) ?? DEFAULT_ISSUER).replace(/\/+$/, ''),
    refreshUrl: refreshUrl ?? `${DEFAULT_ISSUER}/oauth/token`,
    revokeUrl:
      filled(variables.CODEX_REVOKE_TOKEN_URL_OVERRIDE) ?? revokeBeside(refreshUrl) ?? `${DEFAULT_ISSUER}/oauth/revoke`,
    clientId: filled(clientId) ?? filled(variables.CODEX_APP_SERVER_LOGIN_CLIENT_ID) ?? CLIENT_ID,
    originator,
    userAgent,
    proxy: proxySettingsOf(variables),
  };
}

const filled = (text: string | null | undefined): string | null => text?.trim() || null;

/** The refresh address with the path `/oauth/revoke` and no query; null when there is none or it is no address. */
function revokeBeside(refreshUrl: string | null): string | null {
  if (refreshUrl === null || !URL.canParse(refreshUrl)) return null;
  const url = new URL(refreshUrl);
  url.pathname = '/oauth/revoke';
  url.search = '';
  url.hash = '';
  return url.href;
}

/** The server for a daemon that acts without a client: after a crash, or for a test that needs no server. */
export const DEFAULT_SERVER: AuthServer = authServerOf({
  variables: {},
  originator: 'codex_cli_rs',
  userAgent: 'codex_cli_rs',
});
