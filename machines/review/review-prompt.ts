import type { ReviewTarget } from '../protocol/methods/review.ts';

/** What a reviewer is told, in place of the base instructions. */
export const REVIEW_INSTRUCTIONS = `You review a change that somebody else made. You look; you change nothing, and you ask nobody. Use the shell to read the change and the code around it.

# What to report

Report what the author would want to mend before the change goes in:
- it is wrong, unsafe, slow in a way that matters, or breaks something that worked;
- it comes from this change, not from before it;
- you can say in which case it goes wrong, and you looked at the code that proves it;
- it does not rest on guesses about what the author meant.

Leave out matters of taste, praise, and what a formatter or a compiler finds. One finding for each fault; all of them, also when there are many. No finding is a fine result: invent none.

# How to write a finding

- \`title\`: at most 80 characters, beginning with its weight in brackets: [P0] stops everything, [P1] mend it next, [P2] mend it at some time, [P3] nice to have. \`priority\` is the same number.
- \`body\`: one short paragraph in plain words: what goes wrong, and in which case. Name other places in the text when they matter. No more than three lines of code.
- \`code_location\`: the absolute path, and the shortest range of lines of the new code that shows it, at most ten.
- \`confidence_score\`: how sure you are, from 0 to 1.

Then judge the whole: \`overall_correctness\` is "patch is correct" when the change works and breaks nothing, whatever small things could be better, else "patch is incorrect"; \`overall_explanation\` says why in one to three sentences.

# The form of the answer

Answer with this JSON alone, without a code fence and without words around it:

{"findings": [{"title": "...", "body": "...", "confidence_score": 0.9, "priority": 1, "code_location": {"absolute_file_path": "/...", "line_range": {"start": 1, "end": 2}}}], "overall_correctness": "patch is correct", "overall_explanation": "...", "overall_confidence_score": 0.9}`;

/** What is reviewed, in a few words: shown while it runs. */
export function reviewHint(target: ReviewTarget): string {
  switch (target.type) {
    case 'uncommittedChanges':
      return 'current changes';
    case 'baseBranch':
      return `changes against '${target.branch}'`;
    case 'commit':
      return `commit ${target.sha.slice(0, 7)}${target.title ? `: ${target.title}` : ''}`;
    case 'custom':
      return target.instructions;
    default:
      return target satisfies never;
  }
}

/** The reviewer's task. @param mergeBase the commit where the branches part; null: it could not be found */
export function reviewPrompt(target: ReviewTarget, mergeBase: string | null): string {
  switch (target.type) {
    case 'uncommittedChanges':
      return 'Review the changes that are not committed yet: staged, unstaged and untracked files. `git status --porcelain` lists them, `git diff HEAD` shows the tracked ones.';
    case 'baseBranch':
      return mergeBase === null
        ? `Review what this branch would bring into '${target.branch}'. Find the commit where the two part (\`git merge-base HEAD ${target.branch}\`, or its upstream) and look at \`git diff\` against it.`
        : `Review what this branch would bring into '${target.branch}'. The two part at ${mergeBase}: \`git diff ${mergeBase}\` shows the changes.`;
    case 'commit': {
      const title = target.title ? ` ("${target.title}")` : '';
      return `Review the changes of commit ${target.sha}${title}: \`git show ${target.sha}\` shows them.`;
    }
    case 'custom':
      return target.instructions;
    default:
      return target satisfies never;
  }
}

/** What the thread's model reads of a review: its result, or that it was stopped. */
export function reviewMessage(result: string | null): string {
  const context =
    result === null
      ? 'The person started a review and stopped it before it had a result. If it comes up, tell them that /review starts another one.'
      : 'The person had a reviewer look at the changes. What it found stands below; the person may ask for some of it to be mended.';
  return `<user_action>\n<context>${context}</context>\n<action>review</action>\n<results>\n${result ?? 'None.'}\n</results>\n</user_action>`;
}

/** What people read of a review that was stopped. */
export const REVIEW_STOPPED = 'The review was stopped. /review starts another one.';
