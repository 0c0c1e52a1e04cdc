import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';

/** Turns that are no prompts. While another turn runs they wait for its end, unless said otherwise. */

/** Has the model write a summary that takes the history's place: a turn of its own (protocol.md §4.5, §5). */
export const threadCompactStart = defineRequest({
  method: 'thread/compact/start',
  params: v.object({ threadId: v.string() }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

/**
 * Runs a command that a person typed: without sandbox, in the environment of the client that asks. It is a turn of its
 * own, or stands beside the one that runs (protocol.md §4.5). `timeoutMs` left out: an hour.
 */
export const threadShellCommand = defineRequest({
  method: 'thread/shellCommand',
  params: v.object({
    threadId: v.string(),
    command: v.pipe(v.string(), v.trim(), v.minLength(1, 'command must not be empty')),
    timeoutMs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24 * 60 * 60_000))),
  }),
  result: v.object({}),
  errors: ['threadNotFound', 'threadStoreFailed'],
  mutates: true,
});

/** Ends every command of the thread that runs in the background. */
export const threadBackgroundTerminalsClean = defineRequest({
  method: 'thread/backgroundTerminals/clean',
  params: v.object({ threadId: v.string() }),
  result: v.object({}),
  errors: ['threadNotFound'],
  mutates: true,
});

/** Ends one of them; `processId` as `thread/backgroundTerminals/list` names it. */
export const threadBackgroundTerminalsTerminate = defineRequest({
  method: 'thread/backgroundTerminals/terminate',
  params: v.object({
    threadId: v.string(),
    processId: v.pipe(v.string(), v.regex(/^\d+$/, 'is no number of a background terminal')),
  }),
  result: v.object({ terminated: v.boolean() }),
  errors: ['threadNotFound'],
  mutates: true,
});

/** The history of a thread was shortened; its items stay as they are. Sent behind the item's end. */
export const threadCompacted = defineNotification({
  method: 'thread/compacted',
  params: v.object({ threadId: v.string(), turnId: v.string() }),
});

/** The requests of this file, for the table. */
export const threadWorkRequests = [
  threadCompactStart,
  threadShellCommand,
  threadBackgroundTerminalsClean,
  threadBackgroundTerminalsTerminate,
] as const;
