import * as v from 'valibot';

/** Tokens of one response, or summed over a thread. */
export const tokenUsageBreakdown = v.object({
  totalTokens: v.number(),
  inputTokens: v.number(),
  cachedInputTokens: v.number(),
  cacheWriteInputTokens: v.optional(v.number()),
  outputTokens: v.number(),
  reasoningOutputTokens: v.number(),
});
export type TokenUsageBreakdown = v.InferOutput<typeof tokenUsageBreakdown>;

/** `total` sums the thread, `last` is the latest response; "context left" is window minus `last`. */
export const threadTokenUsage = v.object({
  total: tokenUsageBreakdown,
  last: tokenUsageBreakdown,
  modelContextWindow: v.nullable(v.number()),
});
export type ThreadTokenUsage = v.InferOutput<typeof threadTokenUsage>;
