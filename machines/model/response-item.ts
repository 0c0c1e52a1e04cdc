import * as v from 'valibot';

/**
 * The items of the Responses API: what the model answers with and what it is sent as history (agent.md §2.2).
 * Known kinds are checked for the fields that our code reads; every other field is kept, so that an item goes
 * back to the server exactly as it came. Kinds that we do not know are kept whole.
 */

/** A part of a message or of a tool output: `input_text`, `output_text`, `input_image` … */
const contentPart = v.looseObject({ type: v.string(), text: v.optional(v.string()) });
/** A part of a tool's output as we write it. */
export type OutputPart =
  | { readonly type: 'input_text'; readonly text: string }
  | { readonly type: 'input_image'; readonly image_url: string };

/** A tool output is a text or a list of parts (an image, for one). */
const toolOutput = v.union([v.string(), v.array(contentPart)]);
const textPart = v.looseObject({ type: v.string(), text: v.string() });
const id = v.optional(v.nullable(v.string()));

const message = v.looseObject({
  type: v.literal('message'),
  id,
  role: v.picklist(['user', 'assistant', 'developer', 'system']),
  content: v.array(contentPart),
});
const reasoning = v.looseObject({
  type: v.literal('reasoning'),
  id,
  summary: v.array(textPart),
  content: v.nullish(v.array(textPart)),
  encrypted_content: v.nullish(v.string()),
});
const functionCall = v.looseObject({
  type: v.literal('function_call'),
  id,
  call_id: v.string(),
  name: v.string(),
  namespace: v.nullish(v.string()),
  /** JSON text, unparsed: bad JSON is the tool's business (agent.md §6). */
  arguments: v.string(),
});
const functionCallOutput = v.looseObject({
  type: v.literal('function_call_output'),
  id,
  call_id: v.string(),
  output: toolOutput,
});
const customToolCall = v.looseObject({
  type: v.literal('custom_tool_call'),
  id,
  call_id: v.string(),
  name: v.string(),
  input: v.string(),
});
const customToolCallOutput = v.looseObject({
  type: v.literal('custom_tool_call_output'),
  id,
  call_id: v.string(),
  output: toolOutput,
});
const webSearchCall = v.looseObject({
  type: v.literal('web_search_call'),
  id,
  status: v.optional(v.string()),
  action: v.optional(v.unknown()),
});
const localShellCall = v.looseObject({ type: v.literal('local_shell_call'), id, call_id: v.nullish(v.string()) });
const toolSearchCall = v.looseObject({ type: v.literal('tool_search_call'), id, call_id: v.nullish(v.string()) });
const toolSearchOutput = v.looseObject({ type: v.literal('tool_search_output'), id, call_id: v.nullish(v.string()) });

const knownItem = v.variant('type', [
  message,
  reasoning,
  functionCall,
  functionCallOutput,
  customToolCall,
  customToolCallOutput,
  webSearchCall,
  localShellCall,
  toolSearchCall,
  toolSearchOutput,
]);

export type MessageItem = v.InferOutput<typeof message>;
export type ReasoningItem = v.InferOutput<typeof reasoning>;
export type FunctionCallItem = v.InferOutput<typeof functionCall>;
export type FunctionCallOutputItem = v.InferOutput<typeof functionCallOutput>;
export type CustomToolCallItem = v.InferOutput<typeof customToolCall>;
export type CustomToolCallOutputItem = v.InferOutput<typeof customToolCallOutput>;
export type WebSearchCallItem = v.InferOutput<typeof webSearchCall>;
export type KnownItem = v.InferOutput<typeof knownItem>;

/**
 * Stands for every kind that is not in the table, in types only: the value is the server's own word. It keeps
 * `item.type === 'message'` narrowing to the known kind alone.
 */
export type UnknownKind = '(unknown)';
export type UnknownItem = { readonly type: UnknownKind; readonly [field: string]: unknown };

export type ResponseItem = KnownItem | UnknownItem;

const knownKinds: ReadonlySet<string> = new Set(knownItem.options.map((option) => option.entries.type.literal));
const anyItem = v.looseObject({ type: v.string() });

/** An item from the stream or from a rollout. Null when it is no item, or a known kind without the fields it must have. */
export function parseResponseItem(raw: unknown): ResponseItem | null {
  const item = v.safeParse(anyItem, raw);
  if (!item.success) return null;
  // A cast, because `UnknownKind` exists in types only.
  if (!knownKinds.has(item.output.type)) return item.output as unknown as UnknownItem;
  const known = v.safeParse(knownItem, raw);
  return known.success ? known.output : null;
}

/** A message of one text part, as context items and prompts are sent. */
export function textMessage(role: 'user' | 'developer', text: string): MessageItem {
  return { type: 'message', role, content: [{ type: 'input_text', text }] };
}

/** The text of a message, its parts joined. */
export function messageText(item: MessageItem): string {
  return item.content.map((part) => part.text ?? '').join('');
}

/** The item with a word in the place of each image of a message. */
export function withoutImages(item: ResponseItem): ResponseItem {
  if (item.type !== 'message') return item;
  const leftOut = { type: 'input_text', text: '(left out: this model does not take images)' };
  return { ...item, content: item.content.map((part) => (part.type === 'input_image' ? leftOut : part)) };
}

/** The reference logs notes of its own with an item and never sends them: a server refuses what it does not know. */
export function withoutPrivateNotes(item: ResponseItem): ResponseItem {
  if (!('internal_chat_message_metadata_passthrough' in item)) return item;
  const { internal_chat_message_metadata_passthrough: _, ...sent } = item;
  return sent as ResponseItem;
}
