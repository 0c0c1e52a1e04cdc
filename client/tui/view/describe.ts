import { checkAgainst, type ResultOf } from '../../../machines/protocol/define.ts';
import { userInputRequest } from '../../../machines/protocol/methods/approval.ts';
import type { AnswerContent, ApprovalOutcome } from '../../../machines/protocol/types/approval.ts';
import type { ClientTag } from '../../../machines/protocol/types/item.ts';
import type { WireSandboxPolicy } from '../../../machines/protocol/types/policy.ts';
import type { ThreadTokenUsage } from '../../../machines/protocol/types/usage.ts';
import { sanitizeRow } from './sanitize.ts';

/** Short words for things of the protocol, said the same way everywhere. */

/** `codex-tui on /dev/pts/3 (pid 123)`, with what is known. */
export function clientName({ name, terminal, pid }: ClientTag): string {
  return sanitizeRow(`${name}${terminal === null ? '' : ` on ${terminal}`}${pid === null ? '' : ` (pid ${pid})`}`);
}

/** `2.1 s`, `45 s`, `3 m 05 s`, `2 h 01 m`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}

/** `42s`, `3m 05s`, `2h 01m`: time that runs. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  return duration(seconds * 1000)
    .replaceAll(' m', 'm')
    .replaceAll(' s', 's')
    .replaceAll(' h', 'h');
}

/** How long ago, roughly: `just now`, `5m ago`, `3h ago`, `2d ago`. */
export function ago(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes}m ago`;
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)}h ago` : `${Math.floor(minutes / (24 * 60))}d ago`;
}

const VERBS = {
  accept: 'approved',
  acceptForSession: 'approved for this thread',
  decline: 'declined',
  cancel: 'cancelled',
};

/** `✔ approved by codex-tui on /dev/pts/3 (pid 123) after 2.1 s`. */
export function outcomeText({ decision, by, waitedMs, content }: ApprovalOutcome, isOwn: boolean): string {
  const mark = decision === 'accept' || decision === 'acceptForSession' ? '✔' : '✘';
  const who = by === null ? 'the daemon' : isOwn ? 'you' : clientName(by);
  const filled = content ? answersText(content) : null;
  const verb = filled === null ? VERBS[decision] : 'answered';
  return `${mark} ${verb} by ${who} after ${duration(waitedMs)}${filled === null ? '' : `: ${filled}`}`;
}

/** What was answered, where it was more than yes or no: to the model, or to the form of an MCP server. */
function answersText(content: AnswerContent): string | null {
  const checked = checkAgainst(userInputRequest.result, content);
  if (!checked.ok) return Object.keys(content).length === 0 ? null : sanitizeRow(valuesText(content));
  const { answers } = checked.value as ResultOf<typeof userInputRequest>;
  const said = Object.values(answers).flatMap((one) => one.answers);
  return said.length === 0 ? 'nothing' : sanitizeRow(said.join(' · '));
}

const valuesText = (content: AnswerContent): string =>
  Object.values(content)
    .map((value) => (Array.isArray(value) ? value.join(', ') : String(value)))
    .join(' · ');

export function sandboxName(policy: WireSandboxPolicy): string {
  const names = { dangerFullAccess: 'danger-full-access', readOnly: 'read-only', workspaceWrite: 'workspace-write' };
  const network = policy.type !== 'dangerFullAccess' && policy.networkAccess ? ' +network' : '';
  return names[policy.type] + network;
}

/** A folder with the home cut to `~`. */
export function shortPath(path: string, home: string | null): string {
  if (home === null || home === '/') return sanitizeRow(path);
  return sanitizeRow(path === home ? '~' : path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);
}

/** Percent of the context window that the latest response left free, or null while unknown. */
export function contextLeft(usage: ThreadTokenUsage | null): number | null {
  if (usage === null || usage.modelContextWindow === null || usage.modelContextWindow <= 0) return null;
  const used = usage.last.totalTokens / usage.modelContextWindow;
  return Math.round(100 * Math.max(0, Math.min(1, 1 - used)));
}

const SHELL_WRAPPER = /^(?:\/\S*\/)?(?:ba|z|da|)sh -l?c (.*)$/s;

/** The command without the shell it is run by: `/bin/bash -lc 'echo hi'` is `echo hi`. */
export function bareCommand(command: string): string {
  const inner = SHELL_WRAPPER.exec(command)?.[1];
  if (inner === undefined) return command;
  const isQuoted = /^'(?:[^']|'\\'')*'$/s.test(inner);
  return isQuoted ? inner.slice(1, -1).replaceAll(`'\\''`, `'`) : /^[\w./:=@%+-]+$/.test(inner) ? inner : command;
}

/** Some providers answer a bad request with JSON: what people can read of it is its message. */
export function failureWords(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } | null };
    return typeof error?.message === 'string' && error.message !== '' ? error.message : text;
  } catch {
    return text;
  }
}
