import * as v from 'valibot';
import { defineRequest } from '../define.ts';

/** Longest draft that is kept, in characters; a longer one is refused, and the one before it stays. */
export const MAX_DRAFT_CHARACTERS = 64 * 1024;

/**
 * Ours: keeps what a client is typing for a thread, so that a terminal that is killed loses no words. An empty text
 * removes it, and so does a prompt of the same client. Kept beside the threads, never in their logs.
 */
export const draftSet = defineRequest({
  method: 'draft/set',
  params: v.object({ threadId: v.string(), text: v.pipe(v.string(), v.maxLength(MAX_DRAFT_CHARACTERS)) }),
  result: v.object({}),
  errors: ['threadNotFound'],
  mutates: true,
});

/**
 * Ours: hands the caller what a client that is gone was typing: the newest text of its own terminal, else the only one
 * that there is. It is the caller's draft then, so no other client gets it too.
 */
export const draftTake = defineRequest({
  method: 'draft/take',
  params: v.object({ threadId: v.string() }),
  result: v.object({ draft: v.nullable(v.object({ text: v.string(), savedAtMs: v.number() })) }),
  errors: ['threadNotFound'],
  mutates: true,
});
