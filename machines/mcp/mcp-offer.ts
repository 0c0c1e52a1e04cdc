import * as v from 'valibot';

/** What an MCP server says of itself. What it sends is not ours: a tool that does not read is left out, not the rest. */

const annotations = v.looseObject({
  title: v.nullish(v.string()),
  readOnlyHint: v.nullish(v.boolean()),
  destructiveHint: v.nullish(v.boolean()),
  openWorldHint: v.nullish(v.boolean()),
});

/** A tool as its server lists it; members that we do not read are kept for clients. */
export const mcpTool = v.looseObject({
  name: v.string(),
  title: v.nullish(v.string()),
  description: v.nullish(v.string()),
  inputSchema: v.record(v.string(), v.unknown()),
  annotations: v.nullish(annotations),
});
export type McpTool = v.InferOutput<typeof mcpTool>;

export const mcpServerInfo = v.looseObject({ name: v.string(), version: v.string() });
export type McpServerInfo = v.InferOutput<typeof mcpServerInfo>;

export interface McpOffer {
  readonly tools: readonly McpTool[];
  readonly serverInfo: McpServerInfo | null;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly instructions: string | null;
}

/** One page of a list: what reads of it, and where the next page begins. */
export interface McpPage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** @param key the member that holds the list */
export function readPage<T>(answer: unknown, key: string, schema: v.GenericSchema<unknown, T>): McpPage<T> {
  const page = v.safeParse(v.looseObject({ nextCursor: v.nullish(v.string()) }), answer);
  if (!page.success) return { items: [], nextCursor: null };
  const listed = page.output[key];
  const items = (Array.isArray(listed) ? listed : []).flatMap((raw) => {
    const item = v.safeParse(schema, raw);
    return item.success ? [item.output] : [];
  });
  return { items, nextCursor: page.output.nextCursor || null };
}

/** Something that a server has to read, or a pattern of such (protocol.md §10.3, `Resource`, `ResourceTemplate`). */
export const mcpResource = v.looseObject({ name: v.string(), uri: v.string() });
export type McpResource = v.InferOutput<typeof mcpResource>;
export const mcpResourceTemplate = v.looseObject({ name: v.string(), uriTemplate: v.string() });
export type McpResourceTemplate = v.InferOutput<typeof mcpResourceTemplate>;

/** What a call of a tool answered. */
export const mcpAnswer = v.looseObject({
  content: v.optional(v.array(v.looseObject({ type: v.string() })), []),
  structuredContent: v.optional(v.unknown()),
  isError: v.nullish(v.boolean()),
  _meta: v.optional(v.unknown()),
});
export type McpAnswer = v.InferOutput<typeof mcpAnswer>;
