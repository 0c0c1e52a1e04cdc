import { type AuthServer, authServerOf } from '../../machines/auth/auth-server.ts';
import { externalCredentials } from '../../machines/auth/credentials.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { findProvider } from '../../machines/model/provider.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { userAgent } from './initialize.ts';
import { planLogout } from './logout-plan.ts';

type AccountMethods =
  | 'account/read'
  | 'getAuthStatus'
  | 'account/login/start'
  | 'account/login/cancel'
  | 'account/logout'
  | 'account/rateLimits/read';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function accountHandlers(deps: HandlerDeps): Pick<Handlers, AccountMethods> {
  const { auth, authStore, home } = deps;
  return {
    'account/read': async (params, { connection }) => {
      const {
        account,
        authMode: _,
        ...status
      } = await auth.read({
        refresh: params.refreshToken === true,
        server: serverOf(connection, home),
      });
      const { mode, kind, reason } = await authStore.describe();
      return {
        ...status,
        account: account ? { ...account } : null,
        requiresOpenaiAuth: await needsSignIn(deps, connection),
        store: { mode, kind, reason },
      };
    },
    getAuthStatus: async ({ refreshToken }, { connection }) => {
      const server = serverOf(connection, home);
      const { authMode } = await auth.read({ refresh: refreshToken === true, server });
      return {
        authMethod: authMode,
        // Never given out, though it may be asked for: tokens reach no client (DESIGN §5).
        authToken: null,
        requiresOpenaiAuth: await needsSignIn(deps, connection),
      };
    },
    'account/login/start': (params, { connection }) => startLogin(deps, connection, params),
    'account/login/cancel': ({ loginId }) => {
      if (!UUID.test(loginId)) throw new RpcError('invalidParams', `invalid login id: ${loginId}`);
      return { status: auth.cancelLogin(loginId) ? ('canceled' as const) : ('notFound' as const) };
    },
    'account/logout': async (params, { connection }) => {
      const server = serverOf(connection, home);
      const isLocalOnly = params?.localOnly === true;
      if (params?.dryRun === true) return { plan: await planLogout(deps, connection, server, isLocalOnly) };
      return auth.logout({ server, isLocalOnly });
    },
    'account/rateLimits/read': (_params, { connection }) => readRateLimits(deps, connection),
  };
}

async function startLogin(
  { auth, home }: HandlerDeps,
  connection: Connection,
  params: ClientParams<'account/login/start'>,
) {
  switch (params.type) {
    case 'apiKey':
      await auth.login(params.apiKey, serverOf(connection, home));
      return { type: params.type };
    case 'chatgpt': {
      const { loginId, ...prompt } = await auth.startLogin(params.type, serverOf(connection, home));
      return { ...prompt, loginId };
    }
    case 'chatgptDeviceCode': {
      const { loginId, ...prompt } = await auth.startLogin(params.type, serverOf(connection, home, params));
      return { ...prompt, loginId };
    }
    case 'chatgptAuthTokens': {
      const { accessToken, chatgptAccountId, chatgptPlanType } = params;
      const credentials = externalCredentials(accessToken, chatgptAccountId, chatgptPlanType ?? null);
      await auth.useExternal({ credentials, hostId: connection.clientId });
      return { type: params.type };
    }
    default:
      return params satisfies never;
  }
}

/** Where this client's requests about tokens go: its own environment says so, never the daemon's (auth.md §2). */
export function serverOf(
  connection: Connection,
  home: string,
  {
    issuer,
    clientId,
  }: { readonly issuer?: string | null | undefined; readonly clientId?: string | null | undefined } = {},
): AuthServer {
  const { name = 'unknown', version = '', speaksOurs = true } = connection.facts ?? {};
  return authServerOf({
    variables: environmentOf(connection, home).variables,
    issuer,
    clientId,
    originator: speaksOurs ? 'codex_cli_rs' : name,
    userAgent: userAgent(name, version),
  });
}

async function readRateLimits({ auth, accountLimits, home }: HandlerDeps, connection: Connection) {
  const server = serverOf(connection, home);
  // The home's alone: a project could name a host of its own, and be sent the token.
  const { config } = await readConfig(home, home, {});
  const { limits, accountId } = await accountLimits.read({
    getAuth: () => auth.getModelAuth(server),
    recoverAuth: (rejected) => auth.recoverModelAuth(rejected, server),
    baseUrl: config.chatgpt_base_url,
    proxy: server.proxy,
    originator: server.originator,
    userAgent: server.userAgent,
  });
  return { rateLimits: limits, rateLimitsByLimitId: { [limits.limitId ?? 'codex']: limits }, accountId };
}

/** Whether the provider that a new thread would use wants the stored sign-in. */
async function needsSignIn(deps: HandlerDeps, connection: Connection): Promise<boolean> {
  const { cwd, variables } = environmentOf(connection, deps.home);
  try {
    const { config } = await readConfig(deps.home, cwd, {});
    const id = await deps.chooseProvider(config, variables);
    return findProvider(id, { modelProviders: config.model_providers, openaiBaseUrl: config.openai_base_url })
      .requiresOpenaiAuth;
  } catch (error) {
    // A configuration that cannot be read is told where it is used; who is signed in can be told without it.
    if (error instanceof RpcError) return false;
    throw error;
  }
}
