import { describe, expect, test } from 'vitest';
import type { ThreadGoal } from '../../../machines/protocol/types/goal.ts';
import {
  afterTurn,
  changeGoal,
  type GoalTurn,
  goalMessage,
  goalTokens,
  MAX_IDLE_TURNS,
  parseGoal,
} from '../../../machines/thread/goal.ts';

const goal: ThreadGoal = {
  threadId: 't',
  objective: 'Tidy up',
  status: 'active',
  tokenBudget: 100,
  tokensUsed: 40,
  timeUsedSeconds: 5,
  createdAt: 1,
  updatedAt: 2,
};
const at = { threadId: 't', nowSeconds: 9 };

describe('a change', () => {
  test.each([
    {
      name: 'makes a goal',
      from: null,
      change: { objective: 'New' },
      to: { objective: 'New', status: 'active', tokenBudget: null, tokensUsed: 0, createdAt: 9 },
    },
    {
      name: 'keeps what it does not name',
      from: goal,
      change: { status: 'paused' as const },
      to: { ...goal, status: 'paused', updatedAt: 9 },
    },
    {
      name: 'keeps what was used when the words change',
      from: goal,
      change: { objective: 'Else' },
      to: { ...goal, objective: 'Else', updatedAt: 9 },
    },
    {
      name: 'takes a budget away',
      from: goal,
      change: { tokenBudget: null },
      to: { ...goal, tokenBudget: null, updatedAt: 9 },
    },
  ])('$name', ({ from, change, to }) => {
    expect(changeGoal(from, change, at)).toMatchObject(to);
  });

  test('of no goal needs words', () => {
    expect(changeGoal(null, { status: 'active' }, at)).toBeNull();
  });
});

describe('after a turn', () => {
  const turn = (more: Partial<GoalTurn>): GoalTurn => ({
    end: { status: 'completed', error: null },
    tokens: 10,
    seconds: 3,
    idleTurns: 0,
    nowSeconds: 9,
    ...more,
  });
  const failed = (codexErrorInfo: string) => ({ status: 'failed' as const, error: { message: 'no', codexErrorInfo } });
  test.each([
    { name: 'that went well it goes on', turn: turn({}), status: 'active' },
    { name: 'that reached the budget it is stopped', turn: turn({ tokens: 60 }), status: 'budgetLimited' },
    {
      name: 'that was interrupted it is paused',
      turn: turn({ end: { status: 'interrupted', error: null } }),
      status: 'paused',
    },
    { name: 'that failed it is blocked', turn: turn({ end: failed('other') }), status: 'blocked' },
    {
      name: 'that met the usage limit it says so',
      turn: turn({ end: failed('usageLimitExceeded') }),
      status: 'usageLimited',
    },
    { name: 'that only talked once more it is blocked', turn: turn({ idleTurns: MAX_IDLE_TURNS }), status: 'blocked' },
  ])('$name', ({ turn: ended, status }) => {
    const tokensUsed = 40 + ended.tokens;
    expect(afterTurn(goal, ended)).toEqual({ ...goal, status, tokensUsed, timeUsedSeconds: 8, updatedAt: 9 });
  });

  test('in which the model said that it is reached, it stays so', () => {
    expect(afterTurn({ ...goal, status: 'complete' }, turn({ tokens: 500 })).status).toBe('complete');
  });
});

test('tokens that were cached do not count', () => {
  const used = {
    inputTokens: 100,
    cachedInputTokens: 70,
    cacheWriteInputTokens: 0,
    outputTokens: 5,
    reasoningOutputTokens: 0,
    totalTokens: 105,
  };
  expect(goalTokens(used)).toBe(35);
});

test('the model is told the goal and what is left of its budget', () => {
  expect(goalMessage(goal)).toMatch(/Tidy up[\s\S]*Tokens used: 40 of 100\./);
  expect(goalMessage({ ...goal, tokenBudget: null })).toContain('there is no limit');
});

test('a logged goal is read back, anything else is none', () => {
  expect([parseGoal(goal), parseGoal({ ...goal, status: 'odd' }), parseGoal(null)]).toEqual([goal, null, null]);
});
