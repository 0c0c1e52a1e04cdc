import type { Call, Step } from './task.ts';

/** One event of the Responses API's stream; `type` decides what else it holds (agent.md §3). */
export interface ResponseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ResponseFacts {
  readonly step: Step;
  readonly model: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Length of the request body; tokens are counted as a quarter of the bytes. */
  readonly inputBytes: number;
  /** A new id without prefix, made only of letters, digits, `-` and `_`. */
  readonly createId: () => string;
}

type Item = ResponseEvent & { readonly id: string };

const PIECE_CHARS = 24;

/** The events of a whole response, in the API's order, without their sequence numbers. */
export function* responseEvents(facts: ResponseFacts): Generator<ResponseEvent, void> {
  const { step, createId } = facts;
  const opened = response(facts, `resp_${createId()}`);
  yield { type: 'response.created', response: opened };
  yield { type: 'response.in_progress', response: opened };
  const output: Item[] = [];
  if (step.thought !== null) output.push(yield* reasoningEvents(step.thought, `rs_${createId()}`, output.length));
  if (step.text !== null) output.push(yield* messageEvents(step.text, `msg_${createId()}`, output.length));
  for (const call of step.calls) output.push(yield* callEvents(call, createId, output.length));
  yield {
    type: 'response.completed',
    response: { ...opened, status: 'completed', output, usage: usage(facts, output) },
  };
}

function response({ model, createdAt }: ResponseFacts, id: string): Record<string, unknown> {
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: null,
  };
}

function* reasoningEvents(text: string, id: string, outputIndex: number): Generator<ResponseEvent, Item> {
  const place = { item_id: id, output_index: outputIndex, summary_index: 0 };
  const item = { type: 'reasoning', id, summary: [{ type: 'summary_text', text }], encrypted_content: null };
  yield { type: 'response.output_item.added', output_index: outputIndex, item: { ...item, summary: [] } };
  yield { type: 'response.reasoning_summary_part.added', ...place, part: { type: 'summary_text', text: '' } };
  for (const delta of pieces(text)) yield { type: 'response.reasoning_summary_text.delta', ...place, delta };
  yield { type: 'response.reasoning_summary_text.done', ...place, text };
  yield { type: 'response.reasoning_summary_part.done', ...place, part: { type: 'summary_text', text } };
  yield { type: 'response.output_item.done', output_index: outputIndex, item };
  return item;
}

function* messageEvents(text: string, id: string, outputIndex: number): Generator<ResponseEvent, Item> {
  const place = { item_id: id, output_index: outputIndex, content_index: 0 };
  const part = { type: 'output_text', text, annotations: [], logprobs: [] };
  const item = { type: 'message', id, role: 'assistant', status: 'completed', content: [part] };
  yield {
    type: 'response.output_item.added',
    output_index: outputIndex,
    item: { ...item, status: 'in_progress', content: [] },
  };
  yield { type: 'response.content_part.added', ...place, part: { ...part, text: '' } };
  for (const delta of pieces(text)) yield { type: 'response.output_text.delta', ...place, delta, logprobs: [] };
  yield { type: 'response.output_text.done', ...place, text, logprobs: [] };
  yield { type: 'response.content_part.done', ...place, part };
  yield { type: 'response.output_item.done', output_index: outputIndex, item };
  return item;
}

function* callEvents(call: Call, createId: () => string, outputIndex: number): Generator<ResponseEvent, Item> {
  const isCustom = call.kind === 'custom';
  const id = `${isCustom ? 'ctc' : 'fc'}_${createId()}`;
  const text = isCustom ? call.input : JSON.stringify(call.arguments);
  const field = isCustom ? 'input' : 'arguments';
  const event = isCustom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
  const shape = {
    id,
    type: isCustom ? 'custom_tool_call' : 'function_call',
    name: call.name,
    call_id: `call_${createId()}`,
  };
  const item = { ...shape, [field]: text, status: 'completed' };
  const place = { item_id: id, output_index: outputIndex };
  yield {
    type: 'response.output_item.added',
    output_index: outputIndex,
    item: { ...item, [field]: '', status: 'in_progress' },
  };
  for (const delta of isCustom ? pieces(text) : [text]) yield { type: `${event}.delta`, ...place, delta };
  yield { type: `${event}.done`, ...place, [field]: text, ...(isCustom ? {} : { name: call.name }) };
  yield { type: 'response.output_item.done', output_index: outputIndex, item };
  return item;
}

/** The text in pieces of 24 characters, none of them cut in half; joined they are the text again. */
export function pieces(text: string): readonly string[] {
  const characters = Array.from(text);
  const count = Math.ceil(characters.length / PIECE_CHARS);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * PIECE_CHARS, (index + 1) * PIECE_CHARS).join(''),
  );
}

function usage({ inputBytes }: ResponseFacts, output: readonly Item[]): Record<string, unknown> {
  const input = Math.ceil(inputBytes / 4);
  const written = Math.ceil(Buffer.byteLength(JSON.stringify(output)) / 4);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: written,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + written,
  };
}
