import * as v from 'valibot';
import { defineRequest } from '../define.ts';

/** One link of the chain: what it is, its state, and what it waits for; null when it waits for nothing. */
export const waitingLink = v.object({
  kind: v.picklist(['thread', 'turn', 'call', 'approval']),
  id: v.string(),
  state: v.string(),
  waitsFor: v.nullable(v.string()),
});
export type WaitingLink = v.InferOutput<typeof waitingLink>;

/** Ours: what a thread waits for, from the thread down to the model, the command or the person (DESIGN §4). */
export const threadWhy = defineRequest({
  method: 'thread/why',
  params: v.object({ threadId: v.string() }),
  result: v.object({
    /** Whether a turn runs or is about to: true as soon as its prompt was taken. */
    isRunning: v.boolean(),
    chain: v.array(waitingLink),
  }),
  errors: ['threadNotFound'],
});
