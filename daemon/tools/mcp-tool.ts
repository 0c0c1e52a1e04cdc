import * as v from 'valibot';
import { messageOf } from '../../machines/core/errors.ts';
import { DEFAULT_MAX_OUTPUT_TOKENS } from '../../machines/exec/format-output.ts';
import { needsApproval } from '../../machines/mcp/mcp-config.ts';
import { mcpAnswer } from '../../machines/mcp/mcp-offer.ts';
import { mcpOutput, shownResult } from '../../machines/mcp/mcp-result.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import { ABORTED_BY_USER } from '../../machines/thread/tool-call.ts';
import { DeadlineError } from '../deadline.ts';
import { type BoundTool, limitOf } from '../mcp/server-set.ts';
import type { ToolSpec } from '../model/request.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import { type ReadyCall, readArguments, type Tool, type ToolContext, type ToolResult } from './define-tool.ts';
import { askAbout } from './mcp-question.ts';

/**
 * The MCP tools of a turn (agent.md §16). Models that we know take them in one namespace per server, as the reference
 * sends them; another server behind the same interface may refuse a kind of tool that it does not know, so that every
 * other model gets plain functions. Both call names mean the same here.
 */
export function mcpSpecs({ mcp, model }: TurnRun): ToolSpec[] {
  const { tools } = mcp;
  if (!model.namespacedTools) return tools.map((bound) => specOf(bound, bound.callName));
  const namespaces = new Set(tools.map(({ namespace }) => namespace));
  return [...namespaces].map((name) => {
    const own = tools.filter(({ namespace }) => namespace === name);
    return {
      type: 'namespace',
      name,
      description: aboutServer(own),
      tools: own.map((bound) => specOf(bound, bound.name)),
    };
  });
}

function aboutServer([first]: readonly BoundTool[]): string {
  return first?.bound.server.offer?.instructions ?? `Tools of the MCP server ${first?.bound.name}.`;
}

function specOf({ tool }: BoundTool, name: string): ToolSpec {
  const { description, title, inputSchema } = tool;
  return {
    type: 'function',
    name,
    description: description ?? title ?? '',
    strict: false,
    // The interface wants an object with properties, also for a tool without any.
    parameters: { ...inputSchema, type: 'object', properties: inputSchema.properties ?? {} },
  };
}

/** The tool under a call name; undefined: none. */
export function mcpToolFor(callName: string, run: TurnRun): Tool | undefined {
  const known = run.mcp.tools.find((bound) => bound.callName === callName);
  return (
    known && {
      name: callName,
      kind: 'function',
      isOffered: () => true,
      spec: () => specOf(known, callName),
      prepare: async (input, context) => {
        const given = readArguments(v.record(v.string(), v.unknown()), input.trim() === '' ? '{}' : input);
        return given.ok ? prepareCall(known, given.value, context) : { answer: given.why };
      },
    }
  );
}

type Arguments = Readonly<Record<string, unknown>>;

/** Of a question's one line; the item holds all of it. */
const MAX_SHOWN = 2_000;

function prepareCall({ bound, tool }: BoundTool, args: Arguments, context: ToolContext): ReadyCall {
  const { turn } = context;
  const [server, name] = [bound.name, tool.name];
  const grantKey = JSON.stringify(['mcp', server, name]);
  const item: ItemOf<'mcpToolCall'> = {
    type: 'mcpToolCall',
    id: context.callId,
    server,
    tool: name,
    arguments: args,
    status: 'inProgress',
    readOnlyHint: tool.annotations?.readOnlyHint ?? null,
  };
  return {
    item,
    grantKeys: [grantKey],
    question: {
      kind: 'mcpToolCall',
      command: `${server}.${name} ${JSON.stringify(args)}`.slice(0, MAX_SHOWN),
      cwd: null,
      reason: null,
      mcpTool: { server, tool: name, description: tool.description ?? null, arguments: args },
    },
    facts: {
      kind: 'mcp',
      needsApproval: needsApproval(bound.config, tool),
      fullAccess: turn.sandboxPolicy.type === 'dangerFullAccess',
      isGranted: turn.grants.has(grantKey),
    },
    run: () => runCall({ bound, tool }, item, context),
  };
}

async function runCall(
  { bound, tool }: Pick<BoundTool, 'bound' | 'tool'>,
  item: ItemOf<'mcpToolCall'>,
  context: ToolContext,
): Promise<ToolResult> {
  const { turn, signal, announce } = context;
  const startedAtMs = turn.tools.now();
  const of = { threadId: turn.threadId, turnId: turn.turnId, itemId: item.id };
  const params = { name: tool.name, arguments: item.arguments };
  try {
    const raw = await bound.server.request('tools/call', params, {
      signal,
      limitMs: limitOf(bound),
      onAsked: askAbout(bound.name, context),
      onProgress: (message) => announce({ method: 'item/mcpToolCall/progress', params: { ...of, message } }),
    });
    const answer = v.parse(mcpAnswer, raw);
    const durationMs = turn.tools.now() - startedAtMs;
    const ok = answer.isError !== true;
    const maxTokens = turn.loaded.config.tool_output_token_limit ?? DEFAULT_MAX_OUTPUT_TOKENS;
    return {
      output: mcpOutput(answer, durationMs, maxTokens, turn.model.inputModalities.includes('image')),
      ok,
      item: {
        ...item,
        startedAtMs,
        status: ok ? 'completed' : 'failed',
        result: shownResult(answer),
        durationMs,
      },
    };
  } catch (error) {
    const why = signal.aborted ? ABORTED_BY_USER : failureText(error);
    const durationMs = turn.tools.now() - startedAtMs;
    return {
      output: signal.aborted ? why : `tool call error: ${why}`,
      ok: false,
      item: { ...item, startedAtMs, status: 'failed', error: { message: why }, durationMs },
    };
  }
}

const failureText = (error: unknown): string =>
  error instanceof DeadlineError ? `no answer within ${error.limitMs / 1000} s` : messageOf(error);
