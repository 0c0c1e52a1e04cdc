import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import { goalStatus, threadGoal } from '../types/goal.ts';

/** A thread's goal: kept over restarts, and worked on turn after turn while it is active (protocol.md §9.2). */

const origin = v.nullish(v.picklist(['user', 'automatic']));

/**
 * Sets a goal or changes the one that is there: what is left out stays, a `tokenBudget` of null takes the budget away.
 * An active goal of a thread that rests is taken up at once.
 */
export const threadGoalSet = defineRequest({
  method: 'thread/goal/set',
  params: v.object({
    threadId: v.string(),
    objective: v.nullish(v.pipe(v.string(), v.trim(), v.minLength(1, 'goal objective must not be empty'))),
    status: v.nullish(goalStatus),
    tokenBudget: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))),
    origin,
  }),
  result: v.object({ goal: threadGoal }),
  errors: ['threadNotFound', 'threadStoreFailed', 'goalNotFound'],
  mutates: true,
});

export const threadGoalGet = defineRequest({
  method: 'thread/goal/get',
  params: v.object({ threadId: v.string() }),
  result: v.object({ goal: v.nullable(threadGoal) }),
  errors: ['threadNotFound'],
});

export const threadGoalClear = defineRequest({
  method: 'thread/goal/clear',
  params: v.object({ threadId: v.string(), origin }),
  /** False: there was none. */
  result: v.object({ cleared: v.boolean() }),
  errors: ['threadNotFound'],
  mutates: true,
});

/** `turnId`: the turn in which it changed, or null when a person changed it. */
export const threadGoalUpdated = defineNotification({
  method: 'thread/goal/updated',
  params: v.object({ threadId: v.string(), turnId: v.nullish(v.string()), goal: threadGoal }),
});
export const threadGoalCleared = defineNotification({
  method: 'thread/goal/cleared',
  params: v.object({ threadId: v.string() }),
});

/** The requests of this file, for the table. */
export const goalRequests = [threadGoalSet, threadGoalGet, threadGoalClear] as const;
