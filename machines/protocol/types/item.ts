import * as v from 'valibot';
import { dynamicToolContent } from './dynamic-tool.ts';

/** What a user puts into a prompt. */
export const userInput = v.variant('type', [
  v.object({ type: v.literal('text'), text: v.string(), text_elements: v.optional(v.array(v.unknown())) }),
  v.object({ type: v.literal('image'), url: v.string() }),
  v.object({ type: v.literal('localImage'), path: v.string() }),
]);
export type UserInput = v.InferOutput<typeof userInput>;

export const commandStatus = v.picklist(['inProgress', 'completed', 'failed', 'declined']);
export type CommandStatus = v.InferOutput<typeof commandStatus>;

export const patchChangeKind = v.variant('type', [
  v.object({ type: v.literal('add') }),
  v.object({ type: v.literal('delete') }),
  v.object({ type: v.literal('update'), move_path: v.nullish(v.string()) }),
]);

/** One file of a patch; `diff` is a unified diff body without file headers (whole text for add and delete). */
export const fileUpdateChange = v.object({ path: v.string(), kind: patchChangeKind, diff: v.string() });
export type FileUpdateChange = v.InferOutput<typeof fileUpdateChange>;

const commandAction = v.object({ type: v.picklist(['read', 'listFiles', 'search', 'unknown']), command: v.string() });

/** The attached client that typed a prompt or answered a question. */
export const clientTag = v.object({
  /** Connection id, unique in one daemon's life. */
  clientId: v.string(),
  /** Program name, as in `initialize`. */
  name: v.string(),
  /** Process id, or null where the client did not tell. */
  pid: v.nullable(v.number()),
  /** Terminal, such as `/dev/pts/3`, or null. */
  terminal: v.nullable(v.string()),
});
export type ClientTag = v.InferOutput<typeof clientTag>;

const times = { startedAtMs: v.nullish(v.number()), completedAtMs: v.nullish(v.number()) };

/** The answer of an MCP server's tool, as the server gave it; a large one is cut (machines/mcp/mcp-result.ts). */
export const mcpToolCallResult = v.object({
  content: v.array(v.unknown()),
  structuredContent: v.optional(v.unknown()),
  _meta: v.optional(v.unknown()),
});
export type McpToolCallResult = v.InferOutput<typeof mcpToolCallResult>;

/** One thing in a turn (protocol.md §10.1). Times are in milliseconds. */
export const threadItem = v.variant('type', [
  v.object({
    type: v.literal('userMessage'),
    id: v.string(),
    content: v.array(userInput),
    /** The id that the client made for its prompt. */
    clientId: v.nullish(v.string()),
    /** Who sent it; ours. */
    sentBy: v.nullish(clientTag),
    ...times,
  }),
  v.object({ type: v.literal('agentMessage'), id: v.string(), text: v.string(), ...times }),
  v.object({
    type: v.literal('reasoning'),
    id: v.string(),
    summary: v.optional(v.array(v.string()), []),
    content: v.optional(v.array(v.string()), []),
    ...times,
  }),
  v.object({
    type: v.literal('commandExecution'),
    id: v.string(),
    /** One shell-quoted string: `/bin/bash -lc 'echo hi'`. */
    command: v.string(),
    cwd: v.string(),
    status: commandStatus,
    commandActions: v.array(commandAction),
    aggregatedOutput: v.nullish(v.string()),
    exitCode: v.nullish(v.number()),
    durationMs: v.nullish(v.number()),
    processId: v.nullish(v.string()),
    source: v.optional(v.picklist(['agent', 'userShell', 'unifiedExecStartup', 'unifiedExecInteraction']), 'agent'),
    ...times,
  }),
  v.object({
    type: v.literal('fileChange'),
    id: v.string(),
    changes: v.array(fileUpdateChange),
    status: commandStatus,
    ...times,
  }),
  v.object({
    type: v.literal('mcpToolCall'),
    id: v.string(),
    /** As configured, and as the server calls it. */
    server: v.string(),
    tool: v.string(),
    arguments: v.unknown(),
    status: v.picklist(['inProgress', 'completed', 'failed']),
    /** What the server answered, also when that is a failure; absent: nothing. */
    result: v.nullish(mcpToolCallResult),
    /** Why it was not made, or has no answer. */
    error: v.nullish(v.object({ message: v.string() })),
    durationMs: v.nullish(v.number()),
    readOnlyHint: v.nullish(v.boolean()),
    /** Ours: what a running call said last of how far it is. */
    progress: v.nullish(v.string()),
    ...times,
  }),
  v.object({
    type: v.literal('dynamicToolCall'),
    id: v.string(),
    namespace: v.nullish(v.string()),
    tool: v.string(),
    arguments: v.unknown(),
    status: v.picklist(['inProgress', 'completed', 'failed']),
    /** What the client answered. */
    contentItems: v.nullish(v.array(dynamicToolContent)),
    success: v.nullish(v.boolean()),
    durationMs: v.nullish(v.number()),
    ...times,
  }),
  v.object({ type: v.literal('plan'), id: v.string(), text: v.string(), ...times }),
  v.object({ type: v.literal('contextCompaction'), id: v.string(), ...times }),
  /** Begin and end of a review: what is looked at, and the findings as text. */
  v.object({ type: v.literal('enteredReviewMode'), id: v.string(), review: v.string(), ...times }),
  v.object({ type: v.literal('exitedReviewMode'), id: v.string(), review: v.string(), ...times }),
]);
export type ThreadItem = v.InferOutput<typeof threadItem>;
export type ItemOf<Type extends ThreadItem['type']> = Extract<ThreadItem, { type: Type }>;

export const planStep = v.object({ step: v.string(), status: v.picklist(['pending', 'inProgress', 'completed']) });
export type PlanStep = v.InferOutput<typeof planStep>;
