import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { PlanStep, ThreadItem } from '../../machines/protocol/types/item.ts';
import type { TokenUsageBreakdown } from '../../machines/protocol/types/usage.ts';

/** One line of `codex exec --json` (agent.md §11). */
export type ExecLine = { readonly type: string } & Readonly<Record<string, unknown>>;

/** What the lines so far have used up: ids, the plan that is shown, the usage to report at the end. */
export interface ExecState {
  readonly nextItem: number;
  /** Wire item id -> `item_N`. */
  readonly itemIds: Readonly<Record<string, string>>;
  readonly plan: { readonly id: string; readonly steps: readonly PlanStep[] } | null;
  readonly usage: TokenUsageBreakdown;
  readonly lastError: string | null;
}

type ThreadErrorParams = Extract<ThreadNotification, { method: 'error' }>['params'];
type Step = readonly [ExecState, readonly ExecLine[]];

const noUsage = { totalTokens: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 };

/** @param usage the thread's total so far: a turn without a model answer reports it unchanged */
export function initialExecState(usage: TokenUsageBreakdown | null): ExecState {
  return { nextItem: 0, itemIds: {}, plan: null, usage: usage ?? noUsage, lastError: null };
}

/** The lines for one event of the turn. Each item comes started at most once, then completed once (watch-turn.ts). */
export function execLines(state: ExecState, event: ThreadNotification): Step {
  switch (event.method) {
    case 'turn/started':
      return [state, [{ type: 'turn.started' }]];
    case 'item/started':
      return hasStart(event.params.item) ? itemLine(state, 'item.started', event.params.item) : [state, []];
    case 'item/completed':
      return itemLine(state, 'item.completed', event.params.item);
    case 'turn/plan/updated':
      return planLine(state, event.params.plan);
    case 'thread/tokenUsage/updated':
      return [{ ...state, usage: event.params.tokenUsage.total }, []];
    case 'warning':
      return warningLine(state, event.params.message);
    case 'error':
      return [
        { ...state, lastError: event.params.willRetry ? null : event.params.error.message },
        [{ type: 'error', message: errorText(event.params) }],
      ];
    case 'turn/completed':
      return endLines(state, event.params.turn.status, event.params.turn.error?.message ?? null);
    default:
      return [state, []];
  }
}

/** The message, and for an attempt to reconnect its cause (agent.md §4). */
export function errorText({ error, willRetry }: ThreadErrorParams): string {
  return willRetry && error.additionalDetails ? `${error.message} (${error.additionalDetails})` : error.message;
}

const WITH_START: ReadonlySet<ThreadItem['type']> = new Set(['commandExecution', 'fileChange', 'mcpToolCall']);
const hasStart = ({ type }: ThreadItem): boolean => WITH_START.has(type);

function itemLine(state: ExecState, type: 'item.started' | 'item.completed', item: ThreadItem): Step {
  const body = itemBody(item);
  if (!body) return [state, []];
  const known = state.itemIds[item.id];
  const id = known ?? `item_${state.nextItem}`;
  const next = known ? state : { ...state, nextItem: state.nextItem + 1, itemIds: { ...state.itemIds, [item.id]: id } };
  return [next, [{ type, item: { id, ...body } }]];
}

/** An item's members after its id, or null when it has no place in this stream. */
function itemBody(item: ThreadItem): Record<string, unknown> | null {
  switch (item.type) {
    case 'agentMessage':
    case 'plan':
      // The plan that a turn proposes is what it answers; programs that read these lines know an answer by this name.
      return { type: 'agent_message', text: item.text };
    case 'reasoning':
      return item.summary.length === 0 ? null : { type: 'reasoning', text: item.summary.join('\n\n') };
    case 'commandExecution':
      return {
        type: 'command_execution',
        command: item.command,
        aggregated_output: item.aggregatedOutput ?? '',
        exit_code: item.exitCode ?? null,
        status: statusOf(item.status),
      };
    case 'fileChange':
      return { type: 'file_change', changes: changesOf(item), status: statusOf(item.status) };
    case 'mcpToolCall':
      return mcpCallOf(item);
    case 'userMessage':
    case 'dynamicToolCall':
    case 'contextCompaction':
    case 'enteredReviewMode':
    case 'exitedReviewMode':
      return null;
    default:
      return item satisfies never;
  }
}

function mcpCallOf(item: Extract<ThreadItem, { type: 'mcpToolCall' }>): Record<string, unknown> {
  const { server, tool, result, error, status } = item;
  const { content, structuredContent } = result ?? {};
  return {
    type: 'mcp_tool_call',
    server,
    tool,
    arguments: item.arguments ?? null,
    result: result ? { content, structured_content: structuredContent ?? null } : null,
    error: error ?? null,
    status: statusOf(status),
  };
}

const statusOf = (status: string): string => (status === 'inProgress' ? 'in_progress' : status);

function changesOf({ changes }: Extract<ThreadItem, { type: 'fileChange' }>) {
  return changes
    .map(({ path, kind }) => ({ path, kind: kind.type }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** A new plan starts an item, every change updates it, the turn's end completes it. */
function planLine(state: ExecState, steps: readonly PlanStep[]): Step {
  const id = state.plan?.id ?? `item_${state.nextItem}`;
  const nextItem = state.plan ? state.nextItem : state.nextItem + 1;
  const type = state.plan ? 'item.updated' : 'item.started';
  return [{ ...state, nextItem, plan: { id, steps } }, [{ type, item: todoList(id, steps) }]];
}

function todoList(id: string, steps: readonly PlanStep[]) {
  const items = steps.map(({ step, status }) => ({ text: step, completed: status === 'completed' }));
  return { id, type: 'todo_list', items };
}

function warningLine(state: ExecState, message: string): Step {
  const item = { id: `item_${state.nextItem}`, type: 'error', message };
  return [{ ...state, nextItem: state.nextItem + 1 }, [{ type: 'item.completed', item }]];
}

/** An interrupted turn has no last line (agent.md §11). */
function endLines(state: ExecState, status: string, error: string | null): Step {
  const plan = state.plan ? [{ type: 'item.completed', item: todoList(state.plan.id, state.plan.steps) }] : [];
  const next = { ...state, plan: null };
  if (status === 'interrupted') return [next, plan];
  if (status === 'completed') return [next, [...plan, { type: 'turn.completed', usage: usageOf(state.usage) }]];
  const message = error ?? state.lastError ?? 'the turn failed';
  const notice = state.lastError === null ? [{ type: 'error', message }] : [];
  return [next, [...plan, ...notice, { type: 'turn.failed', error: { message } }]];
}

/** Totals of the thread so far, resumed turns too (agent.md §20). */
function usageOf(usage: TokenUsageBreakdown) {
  return {
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_write_input_tokens: usage.cacheWriteInputTokens ?? 0,
    output_tokens: usage.outputTokens,
    reasoning_output_tokens: usage.reasoningOutputTokens,
  };
}
