import * as v from 'valibot';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { callName } from '../../machines/mcp/mcp-names.ts';
import type { OutputPart } from '../../machines/model/response-item.ts';
import type {
  DynamicFunction,
  DynamicToolContent,
  DynamicToolSpec,
} from '../../machines/protocol/types/dynamic-tool.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import { ABORTED_BY_USER } from '../../machines/thread/tool-call.ts';
import { DeadlineError } from '../deadline.ts';
import type { ToolSpec } from '../model/request.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import { type ReadyCall, readArguments, type Tool, type ToolContext, type ToolResult } from './define-tool.ts';

/** A tool that a client answers, under the name by which it is called. */
interface DynamicTool {
  readonly callName: string;
  readonly namespace: string | null;
  readonly spec: DynamicFunction;
}

/** The tools that the thread's client declared, as the model is offered them. @param taken names that are others' */
export function dynamicSpecs(
  { dynamicTools, threadId, model, review }: TurnRun,
  taken: ReadonlySet<string>,
): ToolSpec[] {
  // A reviewer looks by itself.
  if (review) return [];
  const free = dynamicTools.offered(threadId).filter(({ name }) => !taken.has(name));
  return free.flatMap((spec) => {
    if (spec.type === 'namespace' && model.namespacedTools) {
      const { type, name, description, tools } = spec;
      return [{ type, name, description, tools: tools.map((tool) => specOf(tool, tool.name)) }];
    }
    return toolsOf(spec).map((tool) => specOf(tool.spec, tool.callName));
  });
}

function toolsOf(spec: DynamicToolSpec): DynamicTool[] {
  if (spec.type === 'function') return [{ callName: spec.name, namespace: null, spec }];
  const { name: namespace } = spec;
  return spec.tools.map((tool) => ({ callName: callName(tool.name, namespace), namespace, spec: tool }));
}

function specOf({ description, inputSchema }: DynamicFunction, name: string): ToolSpec {
  const schema = typeof inputSchema === 'object' && inputSchema !== null ? inputSchema : {};
  return {
    type: 'function',
    name,
    description,
    strict: false,
    parameters: { type: 'object', properties: {}, ...schema },
  };
}

/** The tool under a call name; undefined: no client ever declared it for this thread. */
export function dynamicToolFor(name: string, { dynamicTools, threadId, review }: TurnRun): Tool | undefined {
  const known = dynamicTools.known(threadId).flatMap(toolsOf);
  const tool = review ? undefined : known.find((one) => one.callName === name);
  return (
    tool && {
      name,
      kind: 'function',
      isOffered: () => true,
      spec: () => specOf(tool.spec, name),
      prepare: async (input, context) => {
        const given = readArguments(v.unknown(), input.trim() === '' ? '{}' : input);
        return given.ok ? prepareCall(tool, given.value, context) : { answer: given.why };
      },
    }
  );
}

function prepareCall({ namespace, spec }: DynamicTool, args: unknown, context: ToolContext): ReadyCall {
  const item: ItemOf<'dynamicToolCall'> = {
    type: 'dynamicToolCall',
    id: context.callId,
    namespace,
    tool: spec.name,
    arguments: args,
    status: 'inProgress',
    contentItems: null,
    success: null,
    durationMs: null,
  };
  return {
    // The client that declared it decides what it may do.
    facts: { kind: 'clientTool' },
    item,
    question: { kind: 'command', command: null, cwd: null, reason: null },
    grantKeys: [],
    run: () => runCall(item, context),
  };
}

async function runCall(item: ItemOf<'dynamicToolCall'>, { turn, signal }: ToolContext): Promise<ToolResult> {
  const startedAtMs = turn.tools.now();
  const ended = (success: boolean, contentItems: DynamicToolContent[] | null): ItemOf<'dynamicToolCall'> => ({
    ...item,
    startedAtMs,
    status: success ? 'completed' : 'failed',
    contentItems,
    success,
    durationMs: turn.tools.now() - startedAtMs,
  });
  const { threadId, turnId } = turn;
  const { id: callId, namespace = null, tool } = item;
  try {
    const params = { threadId, turnId, callId, namespace, tool, arguments: item.arguments };
    const { contentItems, success } = await turn.dynamicTools.call(params, signal);
    const takesImages = turn.model.inputModalities.includes('image');
    return { output: outputOf(contentItems, takesImages), ok: success, item: ended(success, contentItems) };
  } catch (error) {
    const text = signal.aborted ? ABORTED_BY_USER : `tool call error: ${failureText(error)}`;
    return { output: text, ok: false, item: ended(false, [{ type: 'inputText', text }]) };
  }
}

function failureText(error: unknown): string {
  if (error instanceof DeadlineError) return `no answer within ${error.limitMs / 1000} s`;
  const hasLeft = error instanceof RpcError && error.errorName === 'connectionClosed';
  return hasLeft ? 'the client that offered this tool has left' : messageOf(error);
}

/** Text alone is a text, as in the reference (seen in 0.169); with a picture it is parts. Sounds are named. */
function outputOf(content: readonly DynamicToolContent[], takesImages: boolean): string | OutputPart[] {
  const parts = content.map((part): OutputPart => {
    if (part.type === 'inputText') return { type: 'input_text', text: part.text };
    if (part.type === 'inputImage' && takesImages) return { type: 'input_image', image_url: part.imageUrl };
    return { type: 'input_text', text: part.type === 'inputImage' ? '[a picture]' : '[a sound]' };
  });
  if (parts.some(({ type }) => type === 'input_image')) return parts;
  return parts.map((part) => ('text' in part ? part.text : '')).join('\n') || '(no output)';
}
