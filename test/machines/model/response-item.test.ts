import { describe, expect, test } from 'vitest';
import { messageText, parseResponseItem, textMessage } from '../../../machines/model/response-item.ts';

describe('parseResponseItem', () => {
  test.each([
    {
      name: 'a message with parts and fields that we do not know',
      raw: {
        type: 'message',
        id: 'msg_a',
        role: 'assistant',
        status: 'completed',
        content: [
          { type: 'output_text', text: 'Hi', annotations: [{ x: 1 }] },
          { type: 'hologram', depth: 3 },
        ],
        phase: 'final_answer',
      },
    },
    {
      name: 'reasoning with its encrypted content',
      raw: {
        type: 'reasoning',
        id: 'rs_a',
        summary: [{ type: 'summary_text', text: '**Looking**' }],
        encrypted_content: 'ZmFrZQ==',
        content: null,
      },
    },
    {
      name: 'a function call whose arguments are no JSON',
      raw: { type: 'function_call', id: 'fc_1', call_id: 'call_a', name: 'exec_command', arguments: '{"cmd":' },
    },
    {
      name: 'an output that is a list of parts',
      raw: {
        type: 'function_call_output',
        call_id: 'call_a',
        output: [{ type: 'input_image', image_url: 'data:image/png;base64,AA==' }],
      },
    },
    {
      name: 'a custom tool call and all it carries',
      raw: { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_b', name: 'apply_patch', input: '*** Begin Patch' },
    },
    { name: 'a web search', raw: { type: 'web_search_call', id: 'ws_1', action: { type: 'search', query: 'x' } } },
    { name: 'a kind that nobody has heard of', raw: { type: 'dream', id: 'd_1', content: 7 } },
  ])('keeps $name as it is', ({ raw }) => {
    expect(parseResponseItem(raw)).toEqual(raw);
  });

  test.each([
    { name: 'no object', raw: 'message' },
    { name: 'no type', raw: { id: 'x' } },
    { name: 'a call without an id', raw: { type: 'function_call', name: 'exec_command', arguments: '{}' } },
    { name: 'a message of an unknown role', raw: { type: 'message', role: 'prophet', content: [] } },
    { name: 'a message whose content is a text', raw: { type: 'message', role: 'user', content: 'Hi' } },
  ])('refuses $name', ({ raw }) => {
    expect(parseResponseItem(raw)).toBeNull();
  });

  test('a text message gives its text back', () => {
    const message = textMessage('developer', 'Be brief.');

    expect(message).toEqual({
      type: 'message',
      role: 'developer',
      content: [{ type: 'input_text', text: 'Be brief.' }],
    });
    expect(messageText(message)).toBe('Be brief.');
  });
});
