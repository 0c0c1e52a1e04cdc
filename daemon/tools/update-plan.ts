import * as v from 'valibot';
import { parsePlan } from '../../machines/thread/logged-plan.ts';
import { defineTool, harmless } from './define-tool.ts';

/** Shows the steps of a longer task (agent.md §6). */
export const updatePlanTool = defineTool({
  name: 'update_plan',
  description:
    'Shows the user the steps of a longer task and how far you are. Send the whole list each time; at most one step is in progress.',
  params: v.object({
    explanation: v.nullish(v.string()),
    plan: v.array(v.object({ step: v.string(), status: v.picklist(['pending', 'in_progress', 'completed']) })),
  }),
  jsonSchema: {
    properties: {
      explanation: { type: 'string', description: 'Why the plan changed, in one sentence.' },
      plan: {
        type: 'array',
        description: 'All steps, in order.',
        items: {
          type: 'object',
          properties: {
            step: { type: 'string', description: 'What is done in this step.' },
            status: { type: 'string', enum: ['pending', 'in_progress', 'completed'] },
          },
          required: ['step', 'status'],
          additionalProperties: false,
        },
      },
    },
    required: ['plan'],
  },
  isOffered: ({ review }) => !review,
  prepare: async (params, { turn, announce }) =>
    harmless(() => {
      const plan = parsePlan(JSON.stringify(params));
      if (plan) {
        const { explanation, steps } = plan;
        announce({
          method: 'turn/plan/updated',
          params: { threadId: turn.threadId, turnId: turn.turnId, explanation, plan: steps },
        });
      }
      return 'Plan updated';
    }),
});
