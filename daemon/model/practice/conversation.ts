import * as v from 'valibot';
import { messageText, parseResponseItem, type ResponseItem } from '../../../machines/model/response-item.ts';

/** A call made since the prompt, with the output that it got. */
export interface DoneCall {
  readonly name: string;
  readonly output: string;
}

/** What the practice model reads out of a request: only what any model would be shown. */
export interface Conversation {
  /** The prompts of the thread, oldest first; the last one is to be answered. */
  readonly prompts: readonly string[];
  readonly answers: readonly string[];
  /** Calls after the last prompt, in the order in which they were made. */
  readonly done: readonly DoneCall[];
  readonly tools: ReadonlySet<string>;
  readonly cwd: string | null;
  readonly mayAsk: boolean;
  /** The history was shortened behind the last prompt: what was done for it is no longer known. */
  readonly isShortened: boolean;
}

/** Opens every summary that the practice model writes, so that it knows it again in a shortened history. */
export const SUMMARY_OPENING = 'Summary by the practice model:';

// User messages that the program writes by itself (agent.md §1, §2.2, §14).
const CONTEXT =
  /^\s*(?:# AGENTS\.md instructions|<(?:environment_context|user_instructions|turn_aborted|skill|image|user_shell_command|subagent_notification)\b|<\/image>)/;

const requestBody = v.looseObject({
  input: v.union([v.string(), v.array(v.unknown())]),
  tools: v.fallback(v.array(v.looseObject({ name: v.optional(v.string()) })), []),
});

/** Reads a request body (agent.md §2.2). Null when it has no input that could be read. */
export function parseConversation(body: unknown): Conversation | null {
  const parsed = v.safeParse(requestBody, body);
  if (!parsed.success) return null;
  const { input, tools } = parsed.output;
  const items = typeof input === 'string' ? [] : input.flatMap((raw) => parseResponseItem(withType(raw)) ?? []);
  const prompts = typeof input === 'string' ? [input] : items.flatMap(promptOf);
  const lastPrompt = items.findLastIndex((item) => promptOf(item).length > 0);
  return {
    prompts,
    answers: items.flatMap((item) => (item.type === 'message' && item.role === 'assistant' ? [messageText(item)] : [])),
    done: doneCalls(items, lastPrompt),
    tools: new Set(tools.flatMap(({ name }) => name ?? [])),
    cwd: cwdOf(items),
    mayAsk: !/approval[ _]policy\b[^\n.]{0,40}\bnever\b/i.test(permissionsOf(items)),
    isShortened: items.slice(lastPrompt + 1).some(isSummary),
  };
}

/** The API takes `{role, content}` for a message as well, with plain text as content. */
function withType(raw: unknown): unknown {
  const short = v.safeParse(
    v.looseObject({ type: v.optional(v.literal('message')), role: v.string(), content: v.string() }),
    raw,
  );
  if (!short.success) return raw;
  return { type: 'message', role: short.output.role, content: [{ type: 'input_text', text: short.output.content }] };
}

function promptOf(item: ResponseItem): readonly string[] {
  if (item.type !== 'message' || item.role !== 'user' || isSummary(item)) return [];
  const own = item.content.flatMap((part) => (part.text === undefined || CONTEXT.test(part.text) ? [] : part.text));
  return own.length === 0 ? [] : [own.join('\n')];
}

function isSummary(item: ResponseItem): boolean {
  return item.type === 'message' && item.role === 'user' && messageText(item).includes(SUMMARY_OPENING);
}

function doneCalls(items: readonly ResponseItem[], lastPrompt: number): readonly DoneCall[] {
  const outputs = new Map<string, string>();
  for (const item of items) {
    if (item.type === 'function_call_output' || item.type === 'custom_tool_call_output') {
      outputs.set(item.call_id, outputText(item.output));
    }
  }
  return items.slice(lastPrompt + 1).flatMap((item) => {
    if (item.type !== 'function_call' && item.type !== 'custom_tool_call') return [];
    return [{ name: item.name, output: outputs.get(item.call_id) ?? 'aborted' }];
  });
}

function outputText(output: string | readonly { readonly text?: string | undefined }[]): string {
  return typeof output === 'string' ? output : output.map((part) => part.text ?? '').join('\n');
}

function cwdOf(items: readonly ResponseItem[]): string | null {
  const texts = items.flatMap((item) => (item.type === 'message' && item.role === 'user' ? [messageText(item)] : []));
  const last = texts.findLast((text) => text.includes('<environment_context>'));
  return last === undefined ? null : (/<cwd>([^<]+)<\/cwd>/.exec(last)?.[1] ?? null);
}

function permissionsOf(items: readonly ResponseItem[]): string {
  const texts = items.flatMap((item) =>
    item.type === 'message' && item.role === 'developer' ? item.content.map((part) => part.text ?? '') : [],
  );
  return texts.findLast((text) => text.includes('<permissions')) ?? '';
}
