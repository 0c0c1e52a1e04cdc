import { NO_USAGE, type Usage } from '../model/usage.ts';

/** A usage of the log, in its snake case; none counts as nothing. */
export const toUsage = (raw: Record<string, number> | undefined): Usage =>
  raw
    ? {
        inputTokens: raw.input_tokens ?? 0,
        cachedInputTokens: raw.cached_input_tokens ?? 0,
        cacheWriteInputTokens: raw.cache_write_input_tokens ?? 0,
        outputTokens: raw.output_tokens ?? 0,
        reasoningOutputTokens: raw.reasoning_output_tokens ?? 0,
        totalTokens: raw.total_tokens ?? 0,
      }
    : NO_USAGE;

/** A usage in the snake case of the log. */
export const fromUsage = (usage: Usage): Record<string, number> => ({
  input_tokens: usage.inputTokens,
  cached_input_tokens: usage.cachedInputTokens,
  cache_write_input_tokens: usage.cacheWriteInputTokens,
  output_tokens: usage.outputTokens,
  reasoning_output_tokens: usage.reasoningOutputTokens,
  total_tokens: usage.totalTokens,
});

/** What a `token_count` line says; null when it says nothing. */
export function toLoggedUsage(raw: unknown): { total: Usage; last: Usage; window: number | null } | null {
  const info = raw as Record<string, Record<string, number> & number> | null | undefined;
  if (!info) return null;
  return {
    total: toUsage(info.total_token_usage),
    last: toUsage(info.last_token_usage),
    window: typeof info.model_context_window === 'number' ? info.model_context_window : null,
  };
}
