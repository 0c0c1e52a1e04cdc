import { listProviders, type Provider } from '../../machines/model/provider.ts';
import type { ClientResult } from '../../machines/protocol/index.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type CatalogMethods =
  | 'hooks/list'
  | 'plugin/installed'
  | 'collaborationMode/list'
  | 'experimentalFeature/list'
  | 'experimentalFeature/enablement/set'
  | 'modelProvider/capabilities/read'
  | 'permissionProfile/list'
  | 'modelProvider/list'
  | 'account/bedrock/checkGovCloudRequirements';

export function catalogHandlers(deps: HandlerDeps): Pick<Handlers, CatalogMethods> {
  const foldersOf = (cwds: readonly string[] | null | undefined, connection: Connection) =>
    cwds?.length ? cwds : [environmentOf(connection, deps.home).cwd];
  const emptyPage = () => ({ data: [], nextCursor: null });
  return {
    'hooks/list': ({ cwds }, { connection }) => ({
      data: foldersOf(cwds, connection).map((cwd) => ({ cwd, hooks: [], warnings: [], errors: [] })),
    }),
    'plugin/installed': () => ({ marketplaces: [], marketplaceLoadErrors: [] }),
    'collaborationMode/list': () => ({
      data: [
        { name: 'Plan', mode: 'plan' as const, model: null, reasoning_effort: null },
        { name: 'Default', mode: 'default' as const, model: null, reasoning_effort: null },
      ],
    }),
    'experimentalFeature/list': emptyPage,
    'experimentalFeature/enablement/set': () => ({ enablement: {} }),
    'modelProvider/capabilities/read': () => ({ imageGeneration: false, webSearch: false }),
    'permissionProfile/list': emptyPage,
    'modelProvider/list': (_, { connection }) => listModelProviders(deps, connection),
    'account/bedrock/checkGovCloudRequirements': () => ({ isGovCloud: false as const, shouldWarn: false as const }),
  };
}

async function listModelProviders(
  deps: HandlerDeps,
  connection: Connection,
): Promise<ClientResult<'modelProvider/list'>> {
  const { cwd, variables } = environmentOf(connection, deps.home);
  const { config } = await readConfig(deps.home, cwd, {});
  const providers = listProviders({
    modelProviders: config.model_providers,
    openaiBaseUrl: config.openai_base_url,
  });
  return {
    data: [...providers.values()].map((provider) => ({
      id: provider.id,
      name: provider.name,
      canEdit: false as const,
      baseUrl: shownUrl(provider),
      settings: settingsOf(provider),
    })),
    defaultProviderId: await deps.chooseProvider(config, variables),
    canChangeDefault: false as const,
  };
}

/** A URL may hold a name and a password, or a key behind its question mark. */
function shownUrl({ isEmbedded, baseUrl }: Provider): string | null {
  if (isEmbedded || !URL.canParse(baseUrl)) return null;
  const { username, password, search } = new URL(baseUrl);
  return username || password || search ? null : baseUrl;
}

function settingsOf({ requiresOpenaiAuth, envKey }: Provider) {
  if (requiresOpenaiAuth) return { type: 'openai' as const };
  const auth = envKey === null ? { mode: 'none' as const } : { mode: 'environmentVariable' as const, envKey };
  return { type: 'customGateway' as const, auth };
}
