import type { ThreadGoal } from '../../machines/protocol/types/goal.ts';

const STATES: Readonly<Record<ThreadGoal['status'], string>> = {
  active: 'worked on',
  paused: 'paused',
  blocked: 'blocked',
  usageLimited: 'stopped by the usage limit',
  budgetLimited: 'stopped by its budget',
  complete: 'reached',
};

/** How a thread's goal stands, in one line. */
export function goalText({ objective, status, tokensUsed, tokenBudget }: ThreadGoal): string {
  const tokens = tokenBudget == null ? `${tokensUsed}` : `${tokensUsed} of ${tokenBudget}`;
  return `goal: ${objective} (${STATES[status]}, ${tokens} tokens)`;
}
