import { cutMiddle, tokensOf, utf8Length } from '../exec/format-output.ts';
import {
  type MessageItem,
  messageText,
  parseResponseItem,
  type ResponseItem,
  textMessage,
} from '../model/response-item.ts';
import type { CompactedLine } from './rollout-line.ts';

/** When and how the history of a thread is shortened (agent.md §5). */

/** What the model is asked, unless `compact_prompt` says otherwise. */
export const COMPACT_PROMPT = `Stop here and write a handover. The conversation has grown too long, so everything above will be taken away and only your handover and the person's own messages stay. Somebody who knows nothing else has to be able to go on from it.

Write down, shortly and exactly:
- what the person wants, with every condition and preference they named;
- what has been done so far and how it was checked, with the paths of the files that were changed;
- what was found out: causes, decisions with their reasons, commands that work, attempts that failed;
- where things stand this moment, and the next steps in order.

Name files, functions, commands and error texts exactly. Leave out what no longer matters. Call no tools; answer with the handover alone.`;

/** Stands in front of every summary, and marks it as one. */
export const SUMMARY_PREFACE =
  'The earlier part of this conversation was taken away because it had grown too long. What follows is the handover that was written about it; files and running programs are as it left them. Go on from there, and look at the files themselves where it is not sure.';

/** Stands for a summary that the model did not write. */
export const NO_SUMMARY = '(The handover is empty: look at the files and ask the person what is missing.)';

/** Most tokens of the person's own messages that stay, newest first. */
export const KEPT_USER_TOKENS = 20_000;
/** Part of the nominal window at which a history is shortened. */
const FULL_PART = 0.9;

/** How many tokens a history may have: the configured limit, but never more than fits with room to answer. */
export function compactLimit(contextWindow: number, configured: number | undefined): number {
  const most = Math.floor(contextWindow * FULL_PART);
  return configured === undefined ? most : Math.min(configured, most);
}

/** How messages of the user's role begin that no person wrote. */
const NOT_WRITTEN_BY_PERSON = [
  '<environment_context>',
  '<skill>',
  '# AGENTS.md instructions for ',
  '<turn_aborted>',
  '<user_shell_command>',
  '<user_action>',
  '<codex_internal_context',
  SUMMARY_PREFACE,
];

function isPersons(item: ResponseItem): item is MessageItem {
  if (item.type !== 'message' || item.role !== 'user') return false;
  return !item.content.every(({ text }) => NOT_WRITTEN_BY_PERSON.some((start) => text?.startsWith(start)));
}

/** What stands in a history's place: fresh context, the person's newest messages, the summary. */
export function compactedHistory(
  history: readonly ResponseItem[],
  context: readonly ResponseItem[],
  summary: string,
): ResponseItem[] {
  return [...context, ...newestMessages(history.filter(isPersons)), textMessage('user', summary)];
}

/** The newest messages within the budget, in their order; the one that reaches over it is cut in its middle. */
function newestMessages(messages: readonly MessageItem[]): MessageItem[] {
  const kept: MessageItem[] = [];
  let left = KEPT_USER_TOKENS;
  for (const message of messages.toReversed()) {
    const text = messageText(message);
    const tokens = tokensOf(utf8Length(text));
    kept.unshift(tokens <= left ? message : textMessage('user', cutMiddle(text, left)));
    left -= tokens;
    if (left <= 0) break;
  }
  return kept;
}

/** The text that the model reads in the history's place. */
export function summaryText(answer: string): string {
  return `${SUMMARY_PREFACE}\n\n${answer.trim() || NO_SUMMARY}`;
}

/** About how many tokens items are, at 4 bytes a token: what is said until the server counts again. */
export function estimateTokens(items: readonly ResponseItem[]): number {
  return items.reduce((sum, item) => sum + tokensOf(utf8Length(JSON.stringify(item))), 0);
}

/** The history that a summary left. A log without it (older versions) is shortened anew. */
export function replacedHistory(history: readonly ResponseItem[], line: CompactedLine): ResponseItem[] {
  if (!Array.isArray(line.replacement_history)) return compactedHistory(history, [], String(line.message));
  return line.replacement_history.flatMap((raw) => parseResponseItem(raw) ?? []);
}
