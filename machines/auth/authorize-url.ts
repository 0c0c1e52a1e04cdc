import type { AuthServer } from './auth-server.ts';

const SCOPE = 'openid profile email offline_access api.connectors.read api.connectors.invoke';

export interface AuthorizeFacts {
  readonly server: AuthServer;
  readonly redirectUri: string;
  /** base64url of the SHA-256 of the verifier. */
  readonly challenge: string;
  readonly state: string;
  /** `forced_chatgpt_workspace_id`; null: any. */
  readonly workspaces: readonly string[] | null;
}

/** The address that the browser opens; its parameters in the order of the reference, blanks as `%20` (auth.md §4). */
export function authorizeUrl({ server, redirectUri, challenge, state, workspaces }: AuthorizeFacts): string {
  const query: readonly (readonly [string, string])[] = [
    ['response_type', 'code'],
    ['client_id', server.clientId],
    ['redirect_uri', redirectUri],
    ['scope', SCOPE],
    ['code_challenge', challenge],
    ['code_challenge_method', 'S256'],
    ['id_token_add_organizations', 'true'],
    ['codex_cli_simplified_flow', 'true'],
    ['state', state],
    ['originator', server.originator],
    ...(workspaces === null ? [] : [['allowed_workspace_id', workspaces.join(',')] as const]),
  ];
  return `${server.issuer}/oauth/authorize?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}
