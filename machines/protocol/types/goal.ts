import * as v from 'valibot';

/** `active` is worked on; the others wait for a person, or are done. */
export const goalStatus = v.picklist(['active', 'paused', 'blocked', 'usageLimited', 'budgetLimited', 'complete']);
export type GoalStatus = v.InferOutput<typeof goalStatus>;

/** What a thread works towards. Times are whole seconds. */
export const threadGoal = v.object({
  threadId: v.string(),
  objective: v.string(),
  status: goalStatus,
  /** Tokens that may be used for it; null: as many as it takes. */
  tokenBudget: v.nullish(v.number()),
  tokensUsed: v.number(),
  timeUsedSeconds: v.number(),
  createdAt: v.number(),
  updatedAt: v.number(),
});
export type ThreadGoal = v.InferOutput<typeof threadGoal>;
