import type { DynamicToolContent } from '../../../machines/protocol/types/dynamic-tool.ts';
import type { ItemOf } from '../../../machines/protocol/types/item.ts';
import { outputRows } from './command-item.ts';
import { duration } from './describe.ts';
import { type Line, row, type Span, span } from './line.ts';
import { sanitize, sanitizeRow } from './sanitize.ts';
import { wrapWithPrefix } from './wrap.ts';

type McpCall = ItemOf<'mcpToolCall'>;

/** Of the arguments in short detail; full detail shows all of them. */
const SHORT_ARGUMENTS = 200;

/** A call of an MCP tool: what is called with what, how it stands, the end of what it answered. */
export function mcpCallRows(
  item: McpCall,
  { columns, detail }: { readonly columns: number; readonly detail: 'short' | 'full' },
): Line[] {
  const name = sanitizeRow(`${item.server}.${item.tool}`);
  const title = [
    span(VERBS[item.status], 'bold'),
    span(name),
    span(argumentsOf(item, detail), 'dim'),
    ...stateOf(item),
  ];
  const titleRows = wrapWithPrefix([title], columns, markOf(item), span('  '));
  return [...titleRows, ...progressRows(item, columns), ...outputRows(mcpAnswerText(item), columns, detail)];
}

const VERBS = { inProgress: 'Calling ', completed: 'Called ', failed: 'Called ' };

function markOf({ status }: McpCall): Span {
  if (status === 'completed') return span('✔ ', 'good');
  return status === 'inProgress' ? span('• ', 'working') : span('✘ ', 'bad');
}

function argumentsOf({ arguments: given }: McpCall, detail: 'short' | 'full'): string {
  const text = given == null ? '' : sanitizeRow(JSON.stringify(given));
  if (text === '' || text === '{}') return '';
  return detail === 'full' || text.length <= SHORT_ARGUMENTS ? ` ${text}` : ` ${text.slice(0, SHORT_ARGUMENTS)}…`;
}

function stateOf({ status, durationMs }: McpCall): Span[] {
  if (status === 'inProgress') return [];
  const time = typeof durationMs === 'number' && durationMs >= 1000 ? ` · ${duration(durationMs)}` : '';
  return status === 'failed' ? [span(` · failed${time}`, 'bad')] : [span(time, 'dim')];
}

function progressRows({ status, progress }: McpCall, columns: number): Line[] {
  if (status !== 'inProgress' || !progress) return [];
  const lines = sanitize(progress)
    .split('\n')
    .map((line) => row(line, 'dim'));
  return wrapWithPrefix(lines, columns, span('  └ ', 'dim'), span('    ', 'dim'));
}

/** A call that a client answers is shown like one that an MCP server does. */
export function dynamicCallRows(
  { namespace, contentItems, success: _, ...item }: ItemOf<'dynamicToolCall'>,
  context: Parameters<typeof mcpCallRows>[1],
): Line[] {
  const content = (contentItems ?? []).map((part) => ({ type: 'text', text: textOf(part) }));
  const result = content.length === 0 ? null : { content };
  return mcpCallRows({ ...item, type: 'mcpToolCall', server: namespace ?? 'client', result }, context);
}

const textOf = (part: DynamicToolContent): string =>
  part.type === 'inputText' ? part.text : part.type === 'inputImage' ? '[a picture]' : '[a sound]';

/** What a call answered, in words: its texts, else its structured content, else why it failed. */
export function mcpAnswerText({ result, error }: Pick<McpCall, 'result' | 'error'>): string {
  if (!result) return error?.message ?? '';
  const text = result.content.map(partText).join('\n');
  return text === '' && result.structuredContent != null ? JSON.stringify(result.structuredContent) : text;
}

/** Pictures and sounds are named, not shown. */
function partText(part: unknown): string {
  const { type, text, mimeType } = part as { readonly type?: unknown; readonly text?: unknown; mimeType?: unknown };
  if (typeof text === 'string') return text;
  return typeof mimeType === 'string' ? `[${String(type)}: ${mimeType}]` : JSON.stringify(part);
}
