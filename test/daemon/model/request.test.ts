import { describe, expect, test } from 'vitest';
import { buildRequestBody, type RequestInput, type ToolSpec } from '../../../daemon/model/request.ts';
import { findModel } from '../../../machines/model/models.ts';
import { textMessage } from '../../../machines/model/response-item.ts';

const tool: ToolSpec = {
  type: 'function',
  name: 'exec_command',
  description: 'Runs a command.',
  strict: false,
  parameters: { type: 'object', properties: {}, additionalProperties: false },
};
const plain: RequestInput = {
  model: findModel('gpt-5.5'),
  instructions: 'You are a coding agent.',
  input: [textMessage('user', 'do it')],
  tools: [tool],
  threadId: 'thread-1',
};

describe('buildRequestBody', () => {
  test('makes the request of 0.169', () => {
    expect(buildRequestBody(plain)).toEqual({
      model: 'gpt-5.5',
      stream: true,
      input: [textMessage('developer', 'You are a coding agent.'), textMessage('user', 'do it')],
      tools: [tool],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'medium' },
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'thread-1',
      text: { verbosity: 'low' },
    });
  });

  test('sends neither reasoning nor verbosity to a model that we do not know', () => {
    expect(buildRequestBody({ ...plain, model: findModel('house-model') })).toEqual({
      model: 'house-model',
      stream: true,
      input: [textMessage('developer', 'You are a coding agent.'), textMessage('user', 'do it')],
      tools: [tool],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      store: false,
      include: [],
      prompt_cache_key: 'thread-1',
    });
  });

  test('leaves out what the reference notes for itself in the items of its logs', () => {
    const noted = { ...textMessage('user', 'do it'), internal_chat_message_metadata_passthrough: { turn_id: 't' } };
    expect(buildRequestBody({ ...plain, input: [noted] })).toEqual(buildRequestBody(plain));
  });

  test('puts a word in the place of an image for a model that takes text alone', () => {
    const part = { type: 'input_image', image_url: 'data:,' };
    const input = [{ type: 'message' as const, role: 'user' as const, content: [part] }];
    expect(buildRequestBody({ ...plain, input }).input.at(-1)).toMatchObject({ content: [part] });
    const model = { ...plain.model, inputModalities: ['text' as const] };
    expect(buildRequestBody({ ...plain, model, input }).input.at(-1)).toMatchObject({
      content: [{ type: 'input_text', text: '(left out: this model does not take images)' }],
    });
  });

  test.each<{ name: string; input: Partial<RequestInput>; fields: Record<string, unknown> }>([
    { name: 'an effort', input: { effort: 'xhigh' }, fields: { reasoning: { effort: 'xhigh' } } },
    {
      name: 'a summary',
      input: { summary: 'concise' },
      fields: { reasoning: { effort: 'medium', summary: 'concise' } },
    },
    { name: 'no summary', input: { summary: 'none' }, fields: { reasoning: { effort: 'medium' } } },
    {
      name: 'an effort for an unknown model',
      input: { model: findModel('house-model'), effort: 'low' },
      fields: { reasoning: { effort: 'low' }, include: ['reasoning.encrypted_content'] },
    },
    { name: 'a verbosity', input: { verbosity: 'high' }, fields: { text: { verbosity: 'high' } } },
    {
      name: 'an output schema',
      input: { outputSchema: { type: 'object' } },
      fields: {
        text: {
          verbosity: 'low',
          format: { type: 'json_schema', strict: true, name: 'codex_output_schema', schema: { type: 'object' } },
        },
      },
    },
    { name: 'calls one by one', input: { parallelToolCalls: false }, fields: { parallel_tool_calls: false } },
    { name: 'a service tier', input: { serviceTier: 'priority' }, fields: { service_tier: 'priority' } },
    { name: 'no tools', input: { tools: [] }, fields: { tools: [] } },
    { name: 'no instructions', input: { instructions: '' }, fields: { input: [textMessage('user', 'do it')] } },
  ])('takes $name', ({ input, fields }) => {
    expect(buildRequestBody({ ...plain, ...input })).toMatchObject(fields);
  });

  test('answers a call that was left open', () => {
    const call = { type: 'function_call', call_id: 'a', name: 'exec_command', arguments: '{}' } as const;

    expect(buildRequestBody({ ...plain, instructions: '', input: [call] }).input).toEqual([
      call,
      { type: 'function_call_output', call_id: 'a', output: 'aborted' },
    ]);
  });
});
