import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { WireSandboxPolicy } from '../../machines/protocol/types/policy.ts';
import type { TokenUsageBreakdown } from '../../machines/protocol/types/usage.ts';
import { errorText } from './exec-events.ts';
import type { Paint } from './paint.ts';

/** What stands in the banner of a plain run. */
export interface BannerFacts {
  /** Such as `codex v0.1.0 (daemon pid 42)`. */
  readonly product: string;
  readonly cwd: string;
  readonly model: string;
  readonly provider: string;
  readonly approval: string;
  readonly sandbox: WireSandboxPolicy;
  readonly effort: string | null;
  readonly threadId: string;
}

/** The lines before the first item, with the prompt, as in the reference (agent.md §11, plain mode). */
export function bannerText(facts: BannerFacts, prompt: string, paint: Paint): string {
  const rows = [
    ['workdir', facts.cwd],
    ['model', facts.model],
    ['provider', facts.provider],
    ['approval', facts.approval],
    ['sandbox', sandboxText(facts.sandbox)],
    ['reasoning effort', facts.effort ?? 'none'],
    ['session id', facts.threadId],
  ].map(([name, value]) => `${paint.bold(`${name}:`)} ${value}`);
  return [facts.product, '--------', ...rows, '--------', paint.bold('user'), prompt, ''].join('\n');
}

function sandboxText(policy: WireSandboxPolicy): string {
  if (policy.type === 'dangerFullAccess') return 'danger-full-access';
  if (policy.type === 'readOnly') return `read-only${policy.networkAccess ? ' (network access enabled)' : ''}`;
  const places = [
    'workdir',
    ...(policy.excludeSlashTmp ? [] : ['/tmp']),
    ...(policy.excludeTmpdirEnvVar ? [] : ['$TMPDIR']),
    ...policy.writableRoots,
  ];
  return `workspace-write [${places.join(', ')}]${policy.networkAccess ? ' (network access enabled)' : ''}`;
}

/** What one event of the turn adds to stderr; empty for most. */
export function plainText(event: ThreadNotification, paint: Paint): string {
  switch (event.method) {
    case 'item/started':
      return startedText(event.params.item, paint);
    case 'item/completed':
      return completedText(event.params.item, paint);
    case 'turn/plan/updated':
      return `${paint.bold('plan')}\n${event.params.plan.map(({ step, status }) => `${mark(status)} ${step}`).join('\n')}\n`;
    case 'warning':
      return `${paint.yellow('warning:')} ${event.params.message}\n`;
    case 'error':
      if (event.params.willRetry) return `${paint.yellow(errorText(event.params))}\n`;
      return `${paint.red('ERROR:')} ${event.params.error.message}\n`;
    default:
      return '';
  }
}

function startedText(item: ThreadItem, paint: Paint): string {
  if (item.type === 'commandExecution') return `${paint.bold('exec')}\n${item.command} in ${item.cwd}\n`;
  if (item.type === 'mcpToolCall')
    return `${paint.bold('mcp')} ${item.server}.${item.tool} ${JSON.stringify(item.arguments ?? {})}\n`;
  return item.type === 'contextCompaction' ? `${paint.dim('the history is being shortened')}\n` : '';
}

function completedText(item: ThreadItem, paint: Paint): string {
  switch (item.type) {
    case 'agentMessage':
      return `${paint.bold('codex')}\n${item.text}\n`;
    case 'plan':
      return `${paint.bold('proposed plan')}\n${item.text}\n`;
    case 'reasoning':
      return item.summary.length === 0 ? '' : `${paint.dim('thinking')}\n${paint.dim(item.summary.join('\n\n'))}\n`;
    case 'commandExecution':
      return commandText(item, paint);
    case 'mcpToolCall':
      return mcpText(item, paint);
    case 'fileChange':
      return `${paint.bold('file change')} ${item.status}\n${item.changes.map((change) => changeText(change, paint)).join('')}`;
    default:
      return '';
  }
}

function commandText(item: Extract<ThreadItem, { type: 'commandExecution' }>, paint: Paint): string {
  if (item.status === 'declined') return `${paint.red(' declined')}\n\n`;
  // Without an exit code it never ran, or was ended from outside: its output says which.
  const bad = item.exitCode == null ? ' failed' : ` exited ${item.exitCode}`;
  const how = item.exitCode === 0 ? paint.green(' succeeded') : paint.red(bad);
  return `${how} in ${item.durationMs ?? 0}ms:\n${item.aggregatedOutput ?? ''}\n`;
}

function mcpText(item: Extract<ThreadItem, { type: 'mcpToolCall' }>, paint: Paint): string {
  const { server, tool, status, durationMs, error, result } = item;
  const how = status === 'completed' ? paint.green(' succeeded') : paint.red(' failed');
  const answer = error?.message ?? JSON.stringify(result?.structuredContent ?? result?.content ?? null);
  return `${server}.${tool}${how} in ${durationMs ?? 0}ms:\n${answer}\n`;
}

const letters = { add: 'A', delete: 'D', update: 'M' } as const;

function changeText(
  { path, kind, diff }: Extract<ThreadItem, { type: 'fileChange' }>['changes'][number],
  paint: Paint,
): string {
  const to = kind.type === 'update' && kind.move_path ? ` -> ${kind.move_path}` : '';
  const lines = diff.split('\n').map((line) => diffLine(line, kind.type, paint));
  return `${letters[kind.type]} ${path}${to}\n${lines.join('\n').trimEnd()}\n`;
}

/** Whole files come without signs: they are all new, or all gone. */
function diffLine(line: string, kind: keyof typeof letters, paint: Paint): string {
  const sign = kind === 'add' ? '+' : kind === 'delete' ? '-' : line[0];
  const text = kind === 'update' ? line : line === '' ? '' : `${sign}${line}`;
  if (sign === '+') return paint.green(text);
  return sign === '-' ? paint.red(text) : text;
}

const mark = (status: string): string => (status === 'completed' ? '[x]' : status === 'inProgress' ? '[>]' : '[ ]');

/** The end of a plain run. Cached input is not counted, as in the reference. */
export function usageText({ inputTokens, cachedInputTokens, outputTokens }: TokenUsageBreakdown): string {
  return `tokens used\n${(inputTokens - cachedInputTokens + outputTokens).toLocaleString('en-US')}\n`;
}
