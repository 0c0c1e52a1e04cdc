import * as v from 'valibot';
import { type BoundServer, limitOf } from '../mcp/server-set.ts';
import { defineTool, harmless, type Tool, type ToolContext } from './define-tool.ts';
import { askAbout } from './mcp-question.ts';

/** What a server has to read is its own business: nothing is changed, and nobody is asked (agent.md §6). */
const whenThereAreServers: Tool['isOffered'] = ({ mcp }) => mcp.bound.length > 0;

const page = v.object({ server: v.nullish(v.string()), cursor: v.nullish(v.string()) });
const pageSchema = {
  properties: {
    server: { type: 'string', description: 'Name of one MCP server; all of them when left out.' },
    cursor: { type: 'string', description: 'Goes on where an earlier answer of the same server ended.' },
  },
  required: [],
};

export const listMcpResourcesTool = defineTool({
  name: 'list_mcp_resources',
  description: 'Lists what MCP servers have to read: files, tables, pages. Read one with read_mcp_resource.',
  params: page,
  jsonSchema: pageSchema,
  isOffered: whenThereAreServers,
  prepare: async (params, context) => harmless(() => list('resources/list', params, context)),
});

export const listMcpResourceTemplatesTool = defineTool({
  name: 'list_mcp_resource_templates',
  description: 'Lists patterns of addresses that MCP servers can read, to be filled in for read_mcp_resource.',
  params: page,
  jsonSchema: pageSchema,
  isOffered: whenThereAreServers,
  prepare: async (params, context) => harmless(() => list('resources/templates/list', params, context)),
});

export const readMcpResourceTool = defineTool({
  name: 'read_mcp_resource',
  description: 'Reads something that an MCP server has, by its address.',
  params: v.object({ server: v.string(), uri: v.string() }),
  jsonSchema: {
    properties: {
      server: { type: 'string', description: 'Name of the MCP server, as list_mcp_resources gives it.' },
      uri: { type: 'string', description: 'The address, as it was listed.' },
    },
    required: ['server', 'uri'],
  },
  isOffered: whenThereAreServers,
  prepare: async ({ server, uri }, context) =>
    harmless(async () => {
      const answer = await ask(serverOf(server, context), 'resources/read', { uri }, context);
      return JSON.stringify({ server, uri, ...answer });
    }),
});

/** All that are asked, each with its own answer or its own failure. */
async function list(
  method: string,
  { server, cursor }: v.InferOutput<typeof page>,
  context: ToolContext,
): Promise<string> {
  const params = cursor == null ? {} : { cursor };
  if (server != null)
    return JSON.stringify({ server, ...(await ask(serverOf(server, context), method, params, context)) });
  const servers = await Promise.all(
    context.turn.mcp.bound.map(async (bound) => {
      try {
        return { server: bound.name, ...(await ask(bound, method, {}, context)) };
      } catch (error) {
        context.signal.throwIfAborted();
        return { server: bound.name, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  return JSON.stringify({ servers });
}

function serverOf(name: string, { turn }: ToolContext): BoundServer {
  const found = turn.mcp.bound.find((bound) => bound.name === name);
  if (found) return found;
  throw new Error(`unknown MCP server '${name}'; there are: ${turn.mcp.bound.map((bound) => bound.name).join(', ')}`);
}

async function ask(
  bound: BoundServer,
  method: string,
  params: Readonly<Record<string, unknown>>,
  context: ToolContext,
): Promise<Record<string, unknown>> {
  if (!bound.server) throw new Error(`the MCP server ${bound.name} does not run: ${bound.problem}`);
  const answer = await bound.server.request(method, params, {
    signal: context.signal,
    limitMs: limitOf(bound),
    onAsked: askAbout(bound.name, context),
  });
  return v.parse(v.record(v.string(), v.unknown()), answer);
}
