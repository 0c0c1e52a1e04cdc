import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { clientTag, userInput } from '../types/item.ts';
import { queuedPrompt, turn } from '../types/thread.ts';

const input = v.pipe(v.array(userInput), v.minLength(1));
const metadata = v.nullish(v.record(v.string(), v.string()));

/** A prompt in line (protocol.md §9.3). */
export const queuedSubmission = v.object({
  id: v.string(),
  clientUserMessageId: v.string(),
  input: v.array(userInput),
  responsesapiClientMetadata: metadata,
  /** Ours: who put it in line, who changed its words last, when it came (milliseconds), why it does not start. */
  sentBy: v.nullish(clientTag),
  editedBy: v.nullish(clientTag),
  queuedAtMs: v.nullish(v.number()),
  waitsFor: v.nullish(v.string()),
});
export type QueuedSubmission = v.InferOutput<typeof queuedSubmission>;

/** Puts a prompt in line; an idle thread starts it at once. Its client-made id is its id: added again, it is not doubled. */
export const threadQueueAdd = defineRequest({
  method: 'thread/queue/add',
  params: v.object({
    threadId: v.string(),
    clientUserMessageId: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
    input,
    responsesapiClientMetadata: metadata,
  }),
  result: v.object({ queuedSubmission }),
  errors: ['threadNotFound', 'threadStoreFailed', 'limitReached'],
  mutates: true,
});

/** The prompts in line, in the order in which they will run. */
export const threadQueueList = defineRequest({
  method: 'thread/queue/list',
  params: v.object({
    threadId: v.string(),
    cursor: v.nullish(v.string()),
    limit: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  result: v.object({
    data: v.array(queuedSubmission),
    nextCursor: v.nullish(v.string()),
    /** Ours: the turn before was stopped, so the line waits for `thread/queue/start` or for a turn. */
    held: v.optional(v.boolean(), false),
  }),
  errors: ['threadNotFound'],
});

/** Changes the words of a prompt in line; its place stays. Left out or empty, the metadata stay. */
export const threadQueueUpdate = defineRequest({
  method: 'thread/queue/update',
  params: v.object({
    threadId: v.string(),
    queuedSubmissionId: v.string(),
    input,
    responsesapiClientMetadata: metadata,
  }),
  result: v.object({ queuedSubmission }),
  errors: ['threadNotFound', 'promptNotFound', 'promptStarted', 'threadStoreFailed', 'limitReached'],
  mutates: true,
});

/** Takes a prompt out of the line; `deleted` is false when it is not in it. */
export const threadQueueDelete = defineRequest({
  method: 'thread/queue/delete',
  params: v.object({ threadId: v.string(), queuedSubmissionId: v.string() }),
  result: v.object({ deleted: v.boolean() }),
  errors: ['threadNotFound', 'promptStarted', 'threadStoreFailed'],
  mutates: true,
});

/** Puts the prompts in line into another order: each of them once. */
export const threadQueueReorder = defineRequest({
  method: 'thread/queue/reorder',
  params: v.object({ threadId: v.string(), queuedSubmissionIds: v.array(v.string()) }),
  result: v.object({}),
  errors: ['threadNotFound', 'queueMismatch', 'threadStoreFailed'],
  mutates: true,
});

/**
 * Starts a prompt in line, the first if none is named, and lets a line that was held go on. One that lost its
 * environment in a restart runs in that of the caller.
 */
export const threadQueueStart = defineRequest({
  method: 'thread/queue/start',
  params: v.object({ threadId: v.string(), queuedSubmissionId: v.nullish(v.string()) }),
  result: v.object({ turn }),
  errors: ['threadNotFound', 'promptNotFound', 'queueEmpty', 'turnRunning'],
  mutates: true,
});

/** The whole line after a change. A client of the reference is told the thread's id alone and asks for the list. */
export const threadQueueChanged = defineNotification({
  method: 'thread/queue/changed',
  params: v.object({ threadId: v.string(), queue: v.optional(v.array(queuedPrompt), []) }),
});

/** The requests of this file, for the table. */
export const threadQueueRequests = [
  threadQueueAdd,
  threadQueueList,
  threadQueueUpdate,
  threadQueueDelete,
  threadQueueReorder,
  threadQueueStart,
] as const;
