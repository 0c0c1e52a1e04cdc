import * as v from 'valibot';
import { failedResponse, incompleteResponse } from '../../machines/model/classify-failure.ts';
import { ModelError } from '../../machines/model/failure.ts';
import type { ModelEvent } from '../../machines/model/model-event.ts';
import { parseResponseItem } from '../../machines/model/response-item.ts';
import { toUsage } from '../../machines/model/usage.ts';

type ApiEvent = Readonly<Record<string, unknown>>;
type Reader = (event: ApiEvent) => ModelEvent | null;

const itemDelta = v.object({ item_id: v.string(), delta: v.string() });
const summaryDelta = v.object({ ...itemDelta.entries, summary_index: v.optional(v.number(), 0) });
const summaryPart = v.object({ item_id: v.string(), summary_index: v.optional(v.number(), 0) });
const contentDelta = v.object({ ...itemDelta.entries, content_index: v.optional(v.number(), 0) });
const text = v.fallback(v.nullish(v.string()), null);
const response = v.object({
  response: v.object({
    id: v.fallback(v.string(), ''),
    usage: v.optional(v.unknown()),
    error: v.optional(v.unknown()),
    incomplete_details: v.fallback(v.nullish(v.object({ reason: text })), null),
  }),
});

/** What the API says, by `type` (agent.md §3). A type that is not here is ignored, and so is an event without its fields. */
const readers: Readonly<Record<string, Reader>> = {
  'response.created': read(response, ({ response: { id } }) => ({ type: 'created', responseId: id })),
  'response.output_item.added': (event) => readItem('itemAdded', event),
  'response.output_item.done': (event) => readItem('itemDone', event),
  'response.output_text.delta': read(itemDelta, (event) => ({ type: 'textDelta', ...deltaOf(event) })),
  'response.custom_tool_call_input.delta': read(itemDelta, (event) => ({ type: 'toolInputDelta', ...deltaOf(event) })),
  'response.reasoning_summary_part.added': read(summaryPart, (event) => ({
    type: 'reasoningSummaryPartAdded',
    itemId: event.item_id,
    summaryIndex: event.summary_index,
  })),
  'response.reasoning_summary_text.delta': read(summaryDelta, (event) => ({
    type: 'reasoningSummaryDelta',
    ...deltaOf(event),
    summaryIndex: event.summary_index,
  })),
  'response.reasoning_text.delta': read(contentDelta, (event) => ({
    type: 'reasoningTextDelta',
    ...deltaOf(event),
    contentIndex: event.content_index,
  })),
  'response.completed': read(response, ({ response: { id, usage } }) => ({
    type: 'completed',
    responseId: id,
    usage: toUsage(usage),
  })),
  'response.failed': (event) => {
    const parsed = v.safeParse(response, event);
    throw new ModelError(failedResponse(parsed.success ? parsed.output.response.error : null));
  },
  'response.incomplete': (event) => {
    const parsed = v.safeParse(response, event);
    const reason = parsed.success ? parsed.output.response.incomplete_details?.reason : null;
    throw new ModelError(incompleteResponse(reason ?? null));
  },
};

/**
 * One `data` text of the stream as a model event; null for what we do not read, garbage included.
 * Throws `ModelError` when the API says that the response failed or is incomplete.
 */
export function toModelEvent(data: string): ModelEvent | null {
  const event = parseEvent(data);
  if (event === null || typeof event.type !== 'string' || !Object.hasOwn(readers, event.type)) return null;
  return readers[event.type]?.(event) ?? null;
}

function parseEvent(data: string): ApiEvent | null {
  try {
    const value: unknown = JSON.parse(data);
    return v.is(v.record(v.string(), v.unknown()), value) ? value : null;
  } catch {
    // Not JSON (`[DONE]`, a broken proxy): ignored, like every event that we do not know.
    return null;
  }
}

function read<S extends v.GenericSchema>(schema: S, toEvent: (event: v.InferOutput<S>) => ModelEvent): Reader {
  return (event) => {
    const parsed = v.safeParse(schema, event);
    return parsed.success ? toEvent(parsed.output) : null;
  };
}

function readItem(type: 'itemAdded' | 'itemDone', event: ApiEvent): ModelEvent | null {
  const item = parseResponseItem(event.item);
  return item === null ? null : { type, item };
}

function deltaOf(event: { item_id: string; delta: string }): { itemId: string; delta: string } {
  return { itemId: event.item_id, delta: event.delta };
}
