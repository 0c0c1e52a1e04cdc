/** The words that a tool call, its turn and the daemon share. */
import { callName } from '../mcp/mcp-names.ts';
import type { OutputPart, ResponseItem } from '../model/response-item.ts';
import type { CallFacts } from '../policy/approval.ts';

/** A call as the model made it. */
export interface ToolCall {
  readonly callId: string;
  /** With its namespace, when it has one: `mcp__SERVER__TOOL`. */
  readonly name: string;
  readonly kind: 'function' | 'custom';
  /** JSON text of a function's arguments, or the free text of a custom tool. */
  readonly input: string;
}

/** The call of an item that the model made; null: it made none. */
export function toolCallOf(item: ResponseItem): ToolCall | null {
  if (item.type === 'custom_tool_call')
    return { callId: item.call_id, name: item.name, kind: 'custom', input: item.input };
  if (item.type !== 'function_call') return null;
  const name = callName(item.name, item.namespace);
  return { callId: item.call_id, name, kind: 'function', input: item.arguments };
}

/** What looking at a call found: facts to decide on, or an answer at once (bad arguments, a patch that does not fit). */
export type PreparedCall =
  | { readonly type: 'ready'; readonly facts: CallFacts }
  | { readonly type: 'answered'; readonly output: string };

/** What the model reads, and whether the call did what it should. */
export interface CallOutcome {
  readonly output: string | readonly OutputPart[];
  readonly ok: boolean;
}

/** How a call ended, for its item: `declined` by a person, `aborted` with its turn. */
export type CallEnding = 'completed' | 'failed' | 'declined' | 'aborted';

/** What a call tells its turn. */
export type ToolCallReport =
  | { readonly type: 'callWaiting'; readonly callId: string }
  | { readonly type: 'callResumed'; readonly callId: string }
  | { readonly type: 'callSettled'; readonly callId: string; readonly cancelsTurn: boolean };

/** What the model reads about a call that a person refused (agent.md §9) or stopped (agent.md §1). */
export const REJECTED_BY_USER = 'rejected by user';
export const ABORTED_BY_USER = 'aborted by user';
