import * as v from 'valibot';
import { defineRequest } from '../define.ts';
import { turn } from '../types/thread.ts';

/** What a review looks at (protocol.md §10.3). */
export const reviewTarget = v.variant('type', [
  v.object({ type: v.literal('uncommittedChanges') }),
  v.object({ type: v.literal('baseBranch'), branch: v.pipe(v.string(), v.trim(), v.minLength(1)) }),
  v.object({
    type: v.literal('commit'),
    sha: v.pipe(v.string(), v.trim(), v.minLength(1)),
    title: v.nullish(v.string()),
  }),
  v.object({ type: v.literal('custom'), instructions: v.pipe(v.string(), v.trim(), v.minLength(1)) }),
]);
export type ReviewTarget = v.InferOutput<typeof reviewTarget>;

/**
 * Reviews changes in a turn of its own: a reviewer with instructions and a history of its own looks at them, and the
 * thread keeps its findings. While another turn runs it waits for its end. `delivery` knows one value (0.169).
 */
export const reviewStart = defineRequest({
  method: 'review/start',
  params: v.object({
    threadId: v.string(),
    target: reviewTarget,
    delivery: v.nullish(v.literal('inline')),
  }),
  result: v.object({ reviewThreadId: v.string(), turn }),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});
