import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Config } from '../../machines/config/config-schema.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { isToolEnabled } from '../../machines/mcp/mcp-config.ts';
import type { McpPlace } from '../../machines/mcp/mcp-launch.ts';
import { mcpAnswer } from '../../machines/mcp/mcp-offer.ts';
import type { ClientResult } from '../../machines/protocol/index.ts';
import { pageOf } from '../../machines/protocol/page.ts';
import { type BoundServer, limitOf, type ServerSet } from '../mcp/server-set.ts';
import { statusOf } from '../mcp/server-status.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { readConfig } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type McpServerMethods =
  | 'mcpServerStatus/list'
  | 'config/mcpServer/reload'
  | 'mcpServer/resource/read'
  | 'mcpServer/tool/call';

/** Clients leave without a word: what they asked of a server ends by its own limit. */
const noSignal = (): AbortSignal => new AbortController().signal;

export function mcpServerHandlers(deps: HandlerDeps): Pick<Handlers, McpServerMethods> {
  return {
    'mcpServerStatus/list': ({ serverName, threadId, detail, ...page }, { connection }) =>
      withServers(deps, connection, threadId ?? null, async (set, config) => {
        await set.whenStarted(noSignal());
        const names = Object.keys(config.mcp_servers ?? {}).filter((name) => serverName == null || name === serverName);
        const { data, nextCursor } = pageOf(names, (name) => name, page, { limit: names.length, sortDirection: 'asc' });
        const asked = data.map((name) =>
          statusOf(name, config, set, detail !== 'toolsAndAuthOnly', deps.mcpOauth, noSignal()),
        );
        return { data: await Promise.all(asked), nextCursor };
      }),
    // The settings are read when a turn begins; what failed need not wait for that.
    'config/mcpServer/reload': () => {
      deps.mcp.retryFailed();
      return {};
    },
    'mcpServer/resource/read': ({ server, uri, threadId }, { connection }) =>
      withServers(deps, connection, threadId ?? null, async (set) => {
        const answer = await ask(boundOf(set, server), 'resources/read', { uri });
        const read = v.safeParse(v.looseObject({ contents: v.array(v.unknown()) }), answer);
        return { contents: read.success ? read.output.contents : [] };
      }),
    'mcpServer/tool/call': ({ server, tool, threadId, arguments: given, _meta }, { connection }) =>
      withServers(deps, connection, threadId, async (set) => {
        const bound = boundOf(set, server);
        if (!isToolEnabled(bound.config, tool))
          throw new RpcError('invalidRequest', `the tool '${tool}' of '${server}' is disabled in the configuration`);
        return callTool(bound, { name: tool, arguments: given ?? {}, ...(_meta == null ? {} : { _meta }) });
      }),
  };
}

async function callTool(
  bound: BoundServer,
  params: Readonly<Record<string, unknown>>,
): Promise<ClientResult<'mcpServer/tool/call'>> {
  const { content, structuredContent, isError, _meta } = v.parse(mcpAnswer, await ask(bound, 'tools/call', params));
  return { content, structuredContent: structuredContent ?? null, isError: isError ?? null, _meta: _meta ?? null };
}

/**
 * The servers of a thread that has some open; else those of the client's folder (or the thread's), in its own
 * environment, for as long as the answer takes.
 */
async function withServers<T>(
  deps: HandlerDeps,
  connection: Connection,
  threadId: string | null,
  run: (set: ServerSet, config: Config) => Promise<T>,
): Promise<T> {
  const { config, place } = await mcpPlaceOf(deps, connection, threadId);
  if (threadId !== null && deps.mcp.has(threadId)) return run(deps.mcp.of(threadId), config);
  const owner = `look-${randomUUID()}`;
  const set = deps.mcp.of(owner);
  try {
    set.open(config, place);
    return await run(set, config);
  } finally {
    deps.mcp.close(owner);
  }
}

/** The configuration of a thread's folder, else of the client's, and the surroundings that servers start in. */
export async function mcpPlaceOf(
  deps: HandlerDeps,
  connection: Connection,
  threadId: string | null,
): Promise<{ readonly config: Config; readonly place: McpPlace }> {
  const environment = environmentOf(connection, deps.home);
  const thread = threadId === null ? undefined : deps.registry.snapshotOf(threadId);
  const cwd = thread?.settings.cwd ?? environment.cwd;
  const overrides = (threadId === null ? undefined : deps.registry.get(threadId)?.overrides.config) ?? {};
  const { config } = await readConfig(deps.home, cwd, overrides);
  return { config, place: { ...environment, cwd } };
}

function boundOf(set: ServerSet, name: string): BoundServer {
  const bound = set.bound.find((known) => known.name === name);
  if (bound) return bound;
  throw new RpcError('unknownServer', `unknown MCP server '${name}'`);
}

async function ask(bound: BoundServer, method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
  try {
    if (!bound.server) throw new Error(bound.problem ?? 'it does not run');
    return await bound.server.request(method, params, { signal: noSignal(), limitMs: limitOf(bound) });
  } catch (error) {
    throw new RpcError('mcpServerFailed', `the MCP server '${bound.name}' failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
