import * as v from 'valibot';

/** Tokens of one response, or the sum of several. Field names are the wire's (`TokenUsageBreakdown`, protocol.md §10.3). */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningOutputTokens: number;
  readonly totalTokens: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
  totalTokens: 0,
};

/** Field by field; a thread's total is the sum over its responses (agent.md §5). */
export function addUsage(left: Usage, right: Usage): Usage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    cachedInputTokens: left.cachedInputTokens + right.cachedInputTokens,
    cacheWriteInputTokens: left.cacheWriteInputTokens + right.cacheWriteInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    reasoningOutputTokens: left.reasoningOutputTokens + right.reasoningOutputTokens,
    totalTokens: left.totalTokens + right.totalTokens,
  };
}

const count = v.fallback(v.pipe(v.number(), v.integer(), v.minValue(0)), 0);

const apiUsage = v.object({
  input_tokens: count,
  input_tokens_details: v.nullish(v.object({ cached_tokens: count, cache_write_tokens: count })),
  output_tokens: count,
  output_tokens_details: v.nullish(v.object({ reasoning_tokens: count })),
  total_tokens: v.nullish(v.number()),
});

/** `response.usage` of the API. Missing or malformed counts become 0; null when there is no usage object at all. */
export function toUsage(api: unknown): Usage | null {
  const parsed = v.safeParse(apiUsage, api);
  if (!parsed.success) return null;
  const { input_tokens, input_tokens_details, output_tokens, output_tokens_details, total_tokens } = parsed.output;
  return {
    inputTokens: input_tokens,
    cachedInputTokens: input_tokens_details?.cached_tokens ?? 0,
    cacheWriteInputTokens: input_tokens_details?.cache_write_tokens ?? 0,
    outputTokens: output_tokens,
    reasoningOutputTokens: output_tokens_details?.reasoning_tokens ?? 0,
    totalTokens: total_tokens ?? input_tokens + output_tokens,
  };
}
