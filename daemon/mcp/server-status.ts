import type { Config } from '../../machines/config/config-schema.ts';
import { isToolEnabled, type McpServerConfig } from '../../machines/mcp/mcp-config.ts';
import { mcpResource, mcpResourceTemplate, readPage } from '../../machines/mcp/mcp-offer.ts';
import type { McpAuthStatus } from '../../machines/protocol/methods/mcp-oauth.ts';
import type { McpServerStatus } from '../../machines/protocol/methods/mcp-server.ts';
import type { McpOauth } from './mcp-oauth.ts';
import { type BoundServer, failureOf, limitOf, needsSignIn, type ServerSet } from './server-set.ts';

type Runtime = McpServerStatus['runtimeStatus'];

/** How a configured server stands for those that use it. @param isFull asks it what it has to read, too */
export async function statusOf(
  name: string,
  { mcp_servers: configured = {} }: Config,
  set: ServerSet,
  isFull: boolean,
  auth: McpOauth,
  signal: AbortSignal,
): Promise<McpServerStatus> {
  const config = configured[name] ?? {};
  const bound = set.bound.find((known) => known.name === name) ?? null;
  const offer = bound?.server?.offer ?? null;
  const tools = (offer?.tools ?? []).filter((tool) => isToolEnabled(config, tool.name));
  const runtimeStatus = runtimeOf(bound);
  const hasResources = isFull && runtimeStatus === 'connected' && offer?.capabilities.resources !== undefined;
  const lists = hasResources && bound ? await listsOf(bound, signal) : { resources: [], resourceTemplates: [] };
  return {
    name,
    authStatus: await auth.statusOf(config, bound?.server?.launch ?? null, standingOf(runtimeStatus)),
    runtimeStatus,
    tools: Object.fromEntries(tools.map((tool) => [tool.name, tool])),
    ...lists,
    serverInfo: offer?.serverInfo ?? null,
    ...(offer ? { serverCapabilities: { ...offer.capabilities } } : {}),
    httpOrigin: originOf(config),
    toolsError: bound && failureOf(bound),
  };
}

function runtimeOf(bound: BoundServer | null): Runtime {
  if (!bound) return 'disabled';
  if (needsSignIn(bound)) return 'authenticationRequired';
  if (failureOf(bound) !== null) return 'failed';
  return bound.server?.state === 'ready' ? 'connected' : 'starting';
}

/** What its running says of its authentication, so that it need not be asked. */
function standingOf(runtime: Runtime): McpAuthStatus {
  if (runtime === 'authenticationRequired') return 'notLoggedIn';
  return runtime === 'connected' ? 'unsupported' : 'unknown';
}

function originOf({ url }: McpServerConfig): string | null {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : null;
}

/** The first page of each; one that cannot be had is empty: the list is of servers, and this one runs. */
async function listsOf(
  { server, ...bound }: BoundServer,
  signal: AbortSignal,
): Promise<Pick<McpServerStatus, 'resources' | 'resourceTemplates'>> {
  const limitMs = limitOf({ server, ...bound });
  const ask = async (method: string) => server?.request(method, {}, { signal, limitMs }).catch(() => null);
  const [resources, templates] = await Promise.all([ask('resources/list'), ask('resources/templates/list')]);
  return {
    resources: [...readPage(resources, 'resources', mcpResource).items],
    resourceTemplates: [...readPage(templates, 'resourceTemplates', mcpResourceTemplate).items],
  };
}
