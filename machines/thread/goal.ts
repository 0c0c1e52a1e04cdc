import * as v from 'valibot';
import type { Usage } from '../model/usage.ts';
import { type GoalStatus, type ThreadGoal, threadGoal } from '../protocol/types/goal.ts';
import type { TurnOutput } from './turn.ts';

/** Turns in a row that only talk, after which a goal counts as blocked: it must not eat tokens for ever. */
export const MAX_IDLE_TURNS = 3;

/** A goal of the log; null when it is none. */
export function parseGoal(raw: unknown): ThreadGoal | null {
  const parsed = v.safeParse(threadGoal, raw);
  return parsed.success ? parsed.output : null;
}

/** What a client, or the model, changes about a goal; undefined: stays. */
export interface GoalChange {
  readonly objective?: string | null | undefined;
  readonly status?: GoalStatus | null | undefined;
  /** Null takes the budget away. */
  readonly tokenBudget?: number | null | undefined;
}

/** The goal after a change; null when there is none to change. */
export function changeGoal(
  goal: ThreadGoal | null,
  { objective, status, tokenBudget }: GoalChange,
  { threadId, nowSeconds }: { readonly threadId: string; readonly nowSeconds: number },
): ThreadGoal | null {
  if (!goal && objective == null) return null;
  const begun: ThreadGoal = goal ?? {
    threadId,
    objective: '',
    status: 'active',
    tokenBudget: null,
    tokensUsed: 0,
    timeUsedSeconds: 0,
    createdAt: nowSeconds,
    updatedAt: nowSeconds,
  };
  return {
    ...begun,
    objective: objective ?? begun.objective,
    status: status ?? begun.status,
    tokenBudget: tokenBudget === undefined ? (begun.tokenBudget ?? null) : tokenBudget,
    updatedAt: nowSeconds,
  };
}

/** What one response counts against a budget: what was not cached, and what was answered. */
export function goalTokens({ inputTokens, cachedInputTokens, outputTokens }: Usage): number {
  return Math.max(0, inputTokens - cachedInputTokens) + outputTokens;
}

/** What a turn did for a goal. */
export interface GoalTurn {
  readonly end: TurnOutput;
  readonly tokens: number;
  readonly seconds: number;
  /** How many turns in a row, this one included, went on for the goal and did nothing but talk. */
  readonly idleTurns: number;
  readonly nowSeconds: number;
}

/** The goal after a turn. Only an active one counts, and is stopped by what a person or a limit says. */
export function afterTurn(goal: ThreadGoal, turn: GoalTurn): ThreadGoal {
  const tokensUsed = goal.tokensUsed + turn.tokens;
  const timeUsedSeconds = goal.timeUsedSeconds + turn.seconds;
  const used = { ...goal, tokensUsed, timeUsedSeconds, updatedAt: turn.nowSeconds };
  return goal.status === 'active' ? { ...used, status: statusAfter(used, turn) } : used;
}

function statusAfter({ tokenBudget, tokensUsed }: ThreadGoal, { end, idleTurns }: GoalTurn): GoalStatus {
  if (end.status === 'interrupted') return 'paused';
  if (end.status === 'failed') return end.error?.codexErrorInfo === 'usageLimitExceeded' ? 'usageLimited' : 'blocked';
  if (tokenBudget != null && tokensUsed >= tokenBudget) return 'budgetLimited';
  return idleTurns >= MAX_IDLE_TURNS ? 'blocked' : 'active';
}

/** What the model reads at the beginning of a turn that goes on for the goal. */
export function goalMessage({ objective, tokenBudget, tokensUsed }: ThreadGoal): string {
  const budget =
    tokenBudget == null
      ? `Tokens used: ${tokensUsed}; there is no limit.`
      : `Tokens used: ${tokensUsed} of ${tokenBudget}.`;
  return `<codex_internal_context source="goal">
This thread has a goal that the person set. Nobody has written since; go on with it by yourself.

<goal>
${objective}
</goal>

${budget}

- Look at what is there now before you rely on what was said earlier. Do the next step that brings the goal nearer; do not make it smaller.
- When all of it is done and you have checked that it is, call update_goal with the status "complete", then tell the person what was done.
- When the same thing has stood in the way for three turns and only the person can take it away, call update_goal with the status "blocked" and say what is missing.
- Use the status "paused" only when the person asked for it. Not being finished, or a budget that runs out, is no reason for any of them.
</codex_internal_context>`;
}
