import { expect, test } from 'vitest';
import { parseReview } from '../../../machines/review/review-output.ts';
import { REVIEW_INSTRUCTIONS, reviewHint, reviewPrompt } from '../../../machines/review/review-prompt.ts';

const base = { type: 'baseBranch', branch: 'main' } as const;
const commit = { type: 'commit', sha: 'abcdef1234567' } as const;

test.each([
  { target: { type: 'uncommittedChanges' } as const, hint: 'current changes', asks: 'not committed yet' },
  { target: base, mergeBase: 'abc123', hint: "changes against 'main'", asks: '`git diff abc123`' },
  { target: base, hint: "changes against 'main'", asks: '`git merge-base HEAD main`' },
  { target: commit, hint: 'commit abcdef1', asks: 'commit abcdef1234567:' },
  { target: { ...commit, title: 'Add sums' }, hint: 'commit abcdef1: Add sums', asks: '("Add sums")' },
  { target: { type: 'custom', instructions: 'the sums' } as const, hint: 'the sums', asks: 'the sums' },
])('a review of $target is shown as "$hint"', ({ target, mergeBase = null, hint, asks }) => {
  expect(reviewHint(target)).toBe(hint);
  expect(reviewPrompt(target, mergeBase)).toContain(asks);
});

test('the form that the reviewer is told is the form that is understood', () => {
  const form = REVIEW_INSTRUCTIONS.slice(REVIEW_INSTRUCTIONS.lastIndexOf('\n\n'));
  expect(parseReview(form)).toMatchObject({ findings: [{ priority: 1 }], overall_confidence_score: 0.9 });
});
