import * as v from 'valibot';
import { defineTool, harmless, type Tool } from './define-tool.ts';

const whenThereIsOne: Tool['isOffered'] = ({ goals, review }) => goals.current !== null && !review;

/** The thread's goal as the model reads it. */
export const getGoalTool = defineTool({
  name: 'get_goal',
  description: 'Tells the goal of this thread: what it is, how it stands, and the tokens used for it.',
  params: v.object({}),
  jsonSchema: { properties: {}, required: [] },
  isOffered: whenThereIsOne,
  prepare: async (_, { turn }) => harmless(() => JSON.stringify({ goal: turn.goals.current })),
});

/** Lets the model say that a goal is reached or cannot be reached; only people set one, or make it active again. */
export const updateGoalTool = defineTool({
  name: 'update_goal',
  description:
    'Changes how the goal of this thread stands. "complete": all of it is done and checked. "blocked": the same thing has stood in the way for three turns and only the person can take it away. "paused": only when the person asked for it.',
  params: v.object({ status: v.picklist(['complete', 'blocked', 'paused']) }),
  jsonSchema: {
    properties: { status: { type: 'string', enum: ['complete', 'blocked', 'paused'] } },
    required: ['status'],
  },
  isOffered: whenThereIsOne,
  prepare: async ({ status }, { turn }) =>
    harmless(() => JSON.stringify({ goal: turn.goals.change({ status }, turn.turnId) })),
});
