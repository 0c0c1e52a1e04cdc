import type { Config } from '../../machines/config/config-schema.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { McpServerConfig } from '../../machines/mcp/mcp-config.ts';
import { type McpLaunch, type McpPlace, toLaunch } from '../../machines/mcp/mcp-launch.ts';
import { callbackOf, type HttpLaunch, takesSignIn } from '../../machines/mcp/mcp-sign-in.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { mcpPlaceOf } from './mcp-server.ts';

type McpOauthMethods =
  | 'mcpServer/oauth/login'
  | 'mcpServer/oauthLogin/cancel'
  | 'mcpServer/oauth/logout'
  | 'mcpServer/authStatus/list';

const TIMEOUT_SECS = 300;

export function mcpOauthHandlers(deps: HandlerDeps): Pick<Handlers, McpOauthMethods> {
  return {
    'mcpServer/oauth/login': async (params, { connection }) => {
      const { name, scopes, threadId, timeoutSecs, clientRegistration } = params;
      const { launch, config, entry } = await httpServer(deps, connection, name, threadId ?? null, 'login');
      refuseUnsupported(config, clientRegistration ?? 'auto');
      return deps.mcpOauth.login(launch, {
        callback: asInvalid(name, () => callbackOf(entry, config.mcp_oauth_callback_port)),
        wish: {
          scopes: scopes ?? entry.scopes ?? null,
          clientId: entry.oauth?.client_id ?? null,
          resource: entry.oauth_resource ?? null,
        },
        threadId: threadId ?? null,
        timeoutSecs: timeoutSecs ?? TIMEOUT_SECS,
      });
    },
    'mcpServer/oauthLogin/cancel': ({ loginId }) => ({ cancelled: deps.mcpOauth.cancelLogin(loginId) }),
    'mcpServer/oauth/logout': async ({ name, threadId }, { connection }) => {
      const { launch } = await httpServer(deps, connection, name, threadId ?? null, 'logout');
      return deps.mcpOauth.logout(launch);
    },
    'mcpServer/authStatus/list': async ({ serverName, threadId }, { connection }) => {
      const { config, place } = await mcpPlaceOf(deps, connection, threadId ?? null);
      const servers = Object.entries(config.mcp_servers ?? {}).filter(
        ([name]) => serverName == null || name === serverName,
      );
      const asked = servers.map(async ([name, entry]) => {
        const authStatus = await deps.mcpOauth.statusOf(entry, launchOrNull(name, entry, place), null);
        return { name, authStatus };
      });
      return { data: await Promise.all(asked) };
    },
  };
}

interface HttpServer {
  readonly launch: HttpLaunch;
  readonly entry: McpServerConfig;
  readonly config: Config;
}

/** A configured server that can be signed in to. @throws RpcError invalidRequest */
async function httpServer(
  deps: HandlerDeps,
  connection: Connection,
  name: string,
  threadId: string | null,
  what: 'login' | 'logout',
): Promise<HttpServer> {
  const { config, place } = await mcpPlaceOf(deps, connection, threadId);
  const entry = Object.hasOwn(config.mcp_servers ?? {}, name) ? config.mcp_servers?.[name] : undefined;
  if (!entry) throw new RpcError('invalidRequest', `No MCP server named '${name}' found.`);
  if (entry.url === undefined)
    throw new RpcError('invalidRequest', `OAuth ${what} is only supported for streamable HTTP servers.`);
  const launch = asInvalid(name, () => toLaunch(name, entry, place));
  if (takesSignIn(launch)) return { launch, entry, config };
  throw new RpcError(
    'invalidRequest',
    `the MCP server '${name}' has a token in the configuration (bearer_token_env_var, http_headers): there is nothing to sign in to`,
  );
}

function refuseUnsupported({ mcp_oauth_credentials_store: store }: Config, registration: string): void {
  if (registration === 'cimd')
    throw new RpcError('notSupported', 'a client is registered with the server itself (dcr), not by a document (cimd)');
  if (store === 'keyring')
    throw new RpcError(
      'notSupported',
      'a sign-in at an MCP server is kept in a file of the home, not in the keyring: mcp_oauth_credentials_store = "file"',
    );
}

function asInvalid<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new RpcError('invalidRequest', `the MCP server '${name}' cannot be reached: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function launchOrNull(name: string, entry: McpServerConfig, place: McpPlace): McpLaunch | null {
  try {
    return toLaunch(name, entry, place);
  } catch {
    return null;
  }
}
