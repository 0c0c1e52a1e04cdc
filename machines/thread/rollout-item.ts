import * as v from 'valibot';
import { displayCommand } from '../exec/shell-command.ts';
import { dynamicToolContent } from '../protocol/types/dynamic-tool.ts';
import type { FileUpdateChange, ItemOf, ThreadItem, UserInput } from '../protocol/types/item.ts';
import { renderLogged } from '../review/review-output.ts';

/**
 * Items as the reference keeps them in `event_msg` / `item_completed` (reference/agent/rollout-0.169.0.jsonl), so that
 * both programs show each other's threads. What the reference has no member for rides beside its own.
 */
export type CoreItem = { readonly type: string; readonly id: string } & Readonly<Record<string, unknown>>;

/** The form that is written. The items of a review hold more than an item does. */
export function toCoreItem(item: ThreadItem): CoreItem | null {
  switch (item.type) {
    case 'userMessage':
      return {
        type: 'UserMessage',
        id: item.id,
        content: item.content,
        client_id: item.clientId ?? null,
        sent_by: item.sentBy ?? null,
      };
    case 'agentMessage':
      return { type: 'AgentMessage', id: item.id, content: [{ type: 'Text', text: item.text }] };
    case 'plan':
      return { type: 'Plan', id: item.id, text: item.text };
    case 'reasoning':
      return { type: 'Reasoning', id: item.id, summary_text: item.summary, raw_content: item.content };
    case 'commandExecution':
      return fromCommand(item);
    case 'fileChange':
      return {
        type: 'FileChange',
        id: item.id,
        changes: Object.fromEntries(item.changes.map((change) => [change.path, toCoreChange(change)])),
        status: item.status === 'inProgress' ? 'failed' : item.status,
      };
    case 'mcpToolCall':
      return fromMcpCall(item);
    case 'dynamicToolCall':
      return fromDynamicCall(item);
    case 'contextCompaction':
      return { type: 'ContextCompaction', id: item.id };
    case 'enteredReviewMode':
      return { type: 'EnteredReviewMode', id: item.id, user_facing_hint: item.review };
    default:
      return null;
  }
}

function fromCommand(item: ItemOf<'commandExecution'>): CoreItem {
  const ms = item.durationMs ?? 0;
  return {
    type: 'CommandExecution',
    id: item.id,
    process_id: item.processId ?? null,
    command: splitShown(item.command),
    cwd: urlOf(item.cwd),
    parsed_cmd: item.commandActions.map((action) => ({ type: action.type, cmd: action.command })),
    source: SOURCES[item.source] ?? 'unified_exec_startup',
    status: item.status === 'inProgress' ? 'failed' : item.status,
    aggregated_output: item.aggregatedOutput ?? '',
    exit_code: item.exitCode ?? null,
    duration: toDuration(ms),
  };
}

const toDuration = (ms: number) => ({ secs: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) });

function fromMcpCall({
  id,
  server,
  tool,
  status,
  result,
  error,
  durationMs,
  ...item
}: ItemOf<'mcpToolCall'>): CoreItem {
  return {
    type: 'McpToolCall',
    id,
    server,
    tool,
    arguments: item.arguments ?? null,
    status: status === 'inProgress' ? 'failed' : status,
    ...(result ? { result } : {}),
    ...(error ? { error } : {}),
    ...(durationMs == null ? {} : { duration: toDuration(durationMs) }),
    read_only_hint: item.readOnlyHint ?? null,
  };
}

function fromDynamicCall({ id, namespace, tool, ...item }: ItemOf<'dynamicToolCall'>): CoreItem {
  const { status, contentItems, success, durationMs } = item;
  return {
    type: 'DynamicToolCall',
    id,
    ...(namespace == null ? {} : { namespace }),
    tool,
    arguments: item.arguments ?? null,
    status: status === 'inProgress' ? 'failed' : status,
    ...(contentItems ? { content_items: contentItems } : {}),
    ...(success == null ? {} : { success }),
    ...(durationMs == null ? {} : { duration: toDuration(durationMs) }),
  };
}

/** Who ran a command: as an item says it, and as the log does. */
const SOURCES: Readonly<Record<string, string>> = { agent: 'agent', userShell: 'user_shell' };

const sourceOf = (core: unknown): ItemOf<'commandExecution'>['source'] =>
  core === 'agent' ? 'agent' : core === 'user_shell' ? 'userShell' : 'unifiedExecStartup';

function toCoreChange({ kind, diff }: FileUpdateChange): Record<string, unknown> {
  if (kind.type === 'update') return { type: 'update', unified_diff: diff, move_path: kind.move_path ?? null };
  return { type: kind.type, content: diff };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const status = (value: unknown): 'completed' | 'failed' | 'declined' =>
  value === 'completed' || value === 'declined' ? value : 'failed';

/** The item of a logged line; null for a kind that is not shown. */
export function fromCoreItem(
  value: unknown,
  times: { startedAtMs?: number; completedAtMs?: number },
): ThreadItem | null {
  const core = record(value);
  const id = text(core.id);
  switch (core.type) {
    case 'UserMessage':
      return {
        type: 'userMessage',
        id,
        content: list(core.content).map(toUserInput),
        clientId: text(core.client_id) || null,
        sentBy: (core.sent_by as ItemOf<'userMessage'>['sentBy']) ?? null,
        ...times,
      };
    case 'AgentMessage':
      return {
        type: 'agentMessage',
        id,
        text: list(core.content)
          .map((part) => text(record(part).text))
          .join(''),
        ...times,
      };
    case 'Plan':
      return { type: 'plan', id, text: text(core.text), ...times };
    case 'Reasoning':
      return {
        type: 'reasoning',
        id,
        summary: list(core.summary_text).map(text),
        content: list(core.raw_content).map(text),
        ...times,
      };
    case 'CommandExecution':
      return toCommand(core, id, times);
    case 'ContextCompaction':
      return { type: 'contextCompaction', id, ...times };
    case 'EnteredReviewMode':
      return { type: 'enteredReviewMode', id, review: text(core.user_facing_hint), ...times };
    case 'ExitedReviewMode':
      return { type: 'exitedReviewMode', id, review: renderLogged(core.review_output), ...times };
    case 'DynamicToolCall':
      return toDynamicCall(core, id, times);
    case 'McpToolCall':
      return toMcpCall(core, id, times);
    case 'FileChange':
      return {
        type: 'fileChange',
        id,
        changes: Object.entries(record(core.changes)).map(([path, change]) => fromCoreChange(path, record(change))),
        status: status(core.status),
        ...times,
      };
    default:
      return null;
  }
}

function toUserInput(part: unknown): UserInput {
  const { type, url, path, text: words } = record(part);
  if (type === 'image') return { type, url: text(url) };
  if (type === 'localImage') return { type, path: text(path) };
  return { type: 'text', text: text(words) };
}

/** The path of a `file:` URL; one that cannot be decoded is shown as it is. */
function pathOf(url: string): string {
  const path = url.replace(/^file:\/\//, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const urlOf = (path: string): string => `file://${path.split('/').map(encodeURIComponent).join('/')}`;

function toCommand(core: Record<string, unknown>, id: string, times: object): ThreadItem {
  const words = list(core.command).map(text);
  const ms = fromDuration(core.duration);
  const shown = displayCommand(words);
  return {
    type: 'commandExecution',
    id,
    command: shown,
    cwd: pathOf(text(core.cwd)),
    status: status(core.status),
    commandActions: [{ type: 'unknown', command: words[2] ?? shown }],
    aggregatedOutput: text(core.aggregated_output),
    exitCode: typeof core.exit_code === 'number' ? core.exit_code : null,
    durationMs: ms,
    processId: text(core.process_id) || null,
    source: sourceOf(core.source),
    ...times,
  };
}

function fromDuration(value: unknown): number {
  const { secs, nanos } = record(value);
  return Math.round(Number(secs ?? 0) * 1000 + Number(nanos ?? 0) / 1e6);
}

function toMcpCall(core: Record<string, unknown>, id: string, times: object): ThreadItem {
  const { content, structuredContent, _meta } = record(core.result);
  return {
    type: 'mcpToolCall',
    id,
    server: text(core.server),
    tool: text(core.tool),
    arguments: core.arguments,
    status: core.status === 'completed' ? 'completed' : 'failed',
    result: core.result ? { content: list(content), structuredContent, _meta } : null,
    error: core.error ? { message: text(record(core.error).message) } : null,
    durationMs: core.duration ? fromDuration(core.duration) : null,
    readOnlyHint: typeof core.read_only_hint === 'boolean' ? core.read_only_hint : null,
    ...times,
  };
}

function toDynamicCall(core: Record<string, unknown>, id: string, times: object): ThreadItem {
  const content = v.safeParse(v.array(dynamicToolContent), core.content_items);
  return {
    type: 'dynamicToolCall',
    id,
    namespace: text(core.namespace) || null,
    tool: text(core.tool),
    arguments: core.arguments,
    status: core.status === 'completed' ? 'completed' : 'failed',
    contentItems: content.success ? content.output : null,
    success: typeof core.success === 'boolean' ? core.success : null,
    durationMs: core.duration ? fromDuration(core.duration) : null,
    ...times,
  };
}

function fromCoreChange(path: string, change: Record<string, unknown>): FileUpdateChange {
  if (change.type === 'update') {
    return {
      path,
      kind: { type: 'update', move_path: text(change.move_path) || null },
      diff: text(change.unified_diff),
    };
  }
  return { path, kind: { type: change.type === 'delete' ? 'delete' : 'add' }, diff: text(change.content) };
}

/** The words of a shown command: the inverse of `displayCommand`. */
function splitShown(shown: string): string[] {
  const words = shown.match(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g) ?? [];
  const parts = /'([^']*)'|"([^"]*)"|\\(.)/g;
  return words.map((word) =>
    word.replace(parts, (_, single?: string, double?: string, escaped?: string) => single ?? double ?? escaped ?? ''),
  );
}
