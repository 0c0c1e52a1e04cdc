import { describe, expect, test } from 'vitest';
import { toModelEvent } from '../../../daemon/model/stream-events.ts';
import { ModelError } from '../../../machines/model/failure.ts';

const message = { type: 'message', id: 'msg_1', role: 'assistant', content: [] };

describe('toModelEvent', () => {
  test.each([
    {
      api: { type: 'response.created', response: { id: 'resp_1' } },
      event: { type: 'created', responseId: 'resp_1' },
    },
    { api: { type: 'response.output_item.added', item: message }, event: { type: 'itemAdded', item: message } },
    { api: { type: 'response.output_item.done', item: message }, event: { type: 'itemDone', item: message } },
    {
      api: { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'Hi', content_index: 0 },
      event: { type: 'textDelta', itemId: 'msg_1', delta: 'Hi' },
    },
    {
      api: { type: 'response.reasoning_summary_part.added', item_id: 'rs_1', summary_index: 1 },
      event: { type: 'reasoningSummaryPartAdded', itemId: 'rs_1', summaryIndex: 1 },
    },
    {
      api: { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', summary_index: 1, delta: 'So' },
      event: { type: 'reasoningSummaryDelta', itemId: 'rs_1', summaryIndex: 1, delta: 'So' },
    },
    {
      api: { type: 'response.reasoning_text.delta', item_id: 'rs_1', content_index: 2, delta: 'So' },
      event: { type: 'reasoningTextDelta', itemId: 'rs_1', contentIndex: 2, delta: 'So' },
    },
    {
      api: { type: 'response.custom_tool_call_input.delta', item_id: 'ctc_1', delta: '*** ' },
      event: { type: 'toolInputDelta', itemId: 'ctc_1', delta: '*** ' },
    },
    {
      api: { type: 'response.completed', response: { id: 'resp_1', usage: { input_tokens: 1, output_tokens: 2 } } },
      event: {
        type: 'completed',
        responseId: 'resp_1',
        usage: {
          inputTokens: 1,
          cachedInputTokens: 0,
          cacheWriteInputTokens: 0,
          outputTokens: 2,
          reasoningOutputTokens: 0,
          totalTokens: 3,
        },
      },
    },
    {
      api: { type: 'response.completed', response: { id: 'resp_1' } },
      event: { type: 'completed', responseId: 'resp_1', usage: null },
    },
  ])('reads $api.type', ({ api, event }) => {
    expect(toModelEvent(JSON.stringify(api))).toEqual(event);
  });

  test.each([
    'not json',
    '[DONE]',
    'null',
    '[]',
    '{}',
    '{"type": 7}',
    '{"type": "toString"}',
    '{"type": "response.in_progress"}',
    '{"type": "response.output_text.delta", "delta": "x"}',
    '{"type": "response.output_item.done"}',
    '{"type": "response.output_item.done", "item": {"type": "function_call"}}',
    '{"type": "response.completed"}',
  ])('ignores %s', (data) => {
    expect(toModelEvent(data)).toBeNull();
  });

  test.each([
    {
      name: 'a failed response',
      api: { type: 'response.failed', response: { error: { code: 'insufficient_quota' } } },
      kind: 'quotaExceeded',
    },
    { name: 'a failed response that says nothing', api: { type: 'response.failed' }, kind: 'streamDisconnected' },
    {
      name: 'an incomplete response',
      api: { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } },
      kind: 'incomplete',
    },
    { name: 'an incomplete response that says nothing', api: { type: 'response.incomplete' }, kind: 'incomplete' },
  ])('throws for $name', ({ api, kind }) => {
    expect(failureKind(() => toModelEvent(JSON.stringify(api)))).toBe(kind);
  });
});

function failureKind(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelError) return error.failure.kind;
    throw error;
  }
  return 'none';
}
