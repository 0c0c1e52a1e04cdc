import * as v from 'valibot';
import { defineRequest } from '../define.ts';

export const wireModel = v.object({
  id: v.string(),
  model: v.string(),
  displayName: v.string(),
  description: v.string(),
  hidden: v.boolean(),
  isDefault: v.boolean(),
  defaultReasoningEffort: v.string(),
  supportedReasoningEfforts: v.array(v.object({ reasoningEffort: v.string(), description: v.string() })),
});
export type WireModel = v.InferOutput<typeof wireModel>;

export const modelList = defineRequest({
  method: 'model/list',
  params: v.object({
    cursor: v.nullish(v.string()),
    limit: v.nullish(v.number()),
    includeHidden: v.nullish(v.boolean()),
    modelProvider: v.nullish(v.string()),
  }),
  result: v.object({ data: v.array(wireModel), nextCursor: v.nullish(v.string()) }),
});
