import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { answerContent } from '../types/approval.ts';
import { elicitationSchema } from '../types/elicitation.ts';
import { mcpAuthStatus } from './mcp-oauth.ts';

/** MCP servers, which the daemon runs for all threads (protocol.md §9.2 to 9.4). */

const notice = {
  /** As configured. */
  name: v.string(),
  status: v.picklist(['starting', 'ready', 'failed']),
  error: v.nullable(v.string()),
  /** Says that a person has to sign in. */
  failureReason: v.optional(v.literal('reauthenticationRequired')),
};
export type McpServerNotice = v.InferOutput<v.ObjectSchema<typeof notice, undefined>>;

/** How a server of a thread stands: when it starts, runs, or has failed. */
export const mcpServerStartupStatusUpdated = defineNotification({
  method: 'mcpServer/startupStatus/updated',
  params: v.object({ threadId: v.string(), ...notice }),
});

/** As the server sends it. */
const anything = v.record(v.string(), v.unknown());

export const mcpServerStatus = v.object({
  name: v.string(),
  authStatus: mcpAuthStatus,
  runtimeStatus: v.picklist(['starting', 'connected', 'authenticationRequired', 'failed', 'disabled']),
  /** By name; those that are left out of the offer are not here either. */
  tools: v.record(v.string(), anything),
  resources: v.array(anything),
  resourceTemplates: v.array(anything),
  serverInfo: v.nullable(anything),
  serverCapabilities: v.optional(anything),
  /** Scheme, host and port of one that is reached over HTTP. */
  httpOrigin: v.nullable(v.string()),
  /** Why it has no tools. */
  toolsError: v.nullable(v.string()),
});
export type McpServerStatus = v.InferOutput<typeof mcpServerStatus>;

/**
 * The configured servers. With `threadId`, as that thread has them; else they are started for the answer, in the
 * client's environment, and kept for a while.
 */
export const mcpServerStatusList = defineRequest({
  method: 'mcpServerStatus/list',
  params: v.object({
    cursor: v.nullish(v.string()),
    limit: v.nullish(v.number()),
    /** `toolsAndAuthOnly` asks no server what it has to read. */
    detail: v.nullish(v.picklist(['full', 'toolsAndAuthOnly'])),
    serverName: v.nullish(v.string()),
    threadId: v.nullish(v.string()),
  }),
  result: v.object({ data: v.array(mcpServerStatus), nextCursor: v.nullable(v.string()) }),
  errors: ['configInvalid', 'invalidRequest'],
});

export const mcpServerResourceRead = defineRequest({
  method: 'mcpServer/resource/read',
  params: v.object({ server: v.string(), uri: v.string(), threadId: v.nullish(v.string()) }),
  result: v.object({ contents: v.array(v.unknown()) }),
  errors: ['unknownServer', 'mcpServerFailed', 'configInvalid'],
});

/** A call of the client's own: nobody is asked, and the thread does not hear of it. */
export const mcpServerToolCall = defineRequest({
  method: 'mcpServer/tool/call',
  params: v.object({
    server: v.string(),
    threadId: v.string(),
    tool: v.string(),
    arguments: v.unknown(),
    _meta: v.optional(v.unknown()),
  }),
  result: v.object({
    content: v.array(v.unknown()),
    structuredContent: v.optional(v.unknown()),
    isError: v.nullish(v.boolean()),
    _meta: v.optional(v.unknown()),
  }),
  errors: ['unknownServer', 'mcpServerFailed', 'configInvalid', 'invalidRequest'],
  mutates: true,
});

/** Marks a question whether a tool may be called, among those that servers ask themselves. */
export const TOOL_APPROVAL_KIND = 'mcp_tool_call';

/** What such a question is about. */
export const toolApprovalMeta = v.looseObject({
  codex_approval_kind: v.literal(TOOL_APPROVAL_KIND),
  tool_name: v.nullish(v.string()),
  tool_description: v.nullish(v.string()),
  tool_params: v.optional(v.unknown()),
});

const elicited = {
  threadId: v.string(),
  turnId: v.nullish(v.string()),
  serverName: v.string(),
  message: v.string(),
  _meta: v.optional(v.unknown()),
};

/**
 * What an MCP server asks a person, put to a client of the reference (protocol.md §9.5). So is whether a tool may be
 * called: an empty form, whose `_meta.persist` names how long an answer may hold; the answer says by the same member
 * whether it shall.
 */
export const mcpServerElicitationRequest = defineRequest({
  method: 'mcpServer/elicitation/request',
  params: v.variant('mode', [
    v.object({ ...elicited, mode: v.literal('form'), requestedSchema: elicitationSchema }),
    v.object({ ...elicited, mode: v.literal('url'), url: v.string(), elicitationId: v.string() }),
  ]),
  result: v.object({
    action: v.picklist(['accept', 'decline', 'cancel']),
    content: v.nullish(answerContent),
    _meta: v.optional(v.unknown()),
  }),
});

/** The requests of this file, for the table. */
export const mcpServerRequests = [mcpServerStatusList, mcpServerResourceRead, mcpServerToolCall] as const;
