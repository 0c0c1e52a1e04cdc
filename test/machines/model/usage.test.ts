import { describe, expect, test } from 'vitest';
import { addUsage, NO_USAGE, toUsage } from '../../../machines/model/usage.ts';

const full = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 7 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 8 },
  total_tokens: 120,
};
const usage = {
  inputTokens: 100,
  cachedInputTokens: 40,
  cacheWriteInputTokens: 7,
  outputTokens: 20,
  reasoningOutputTokens: 8,
  totalTokens: 120,
};

describe('usage', () => {
  test.each([
    { name: 'reads every count', api: full, expected: usage },
    {
      name: 'adds up the total and takes 0 for what is missing',
      api: { input_tokens: 3, output_tokens: 4, input_tokens_details: null },
      expected: { ...NO_USAGE, inputTokens: 3, outputTokens: 4, totalTokens: 7 },
    },
    {
      name: 'takes 0 for a count that is no count',
      api: { input_tokens: -3, output_tokens: '4', total_tokens: 9 },
      expected: { ...NO_USAGE, totalTokens: 9 },
    },
    { name: 'is null without a usage object', api: null, expected: null },
    { name: 'is null for something else', api: 'many', expected: null },
  ])('$name', ({ api, expected }) => {
    expect(toUsage(api)).toEqual(expected);
  });

  test('sums field by field', () => {
    expect(addUsage(usage, { ...NO_USAGE, inputTokens: 10, outputTokens: 5, totalTokens: 15 })).toEqual({
      ...usage,
      inputTokens: 110,
      outputTokens: 25,
      totalTokens: 135,
    });
    expect(addUsage(NO_USAGE, usage)).toEqual(usage);
  });
});
