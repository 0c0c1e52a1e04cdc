import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { promptMessage } from '../../machines/context/prompt-message.ts';
import type { SkillFacts } from '../../machines/context/skills-text.ts';
import { type ResponseItem, textMessage } from '../../machines/model/response-item.ts';
import type { ReviewTarget } from '../../machines/protocol/methods/review.ts';
import { textOf } from '../../machines/protocol/prompt-text.ts';
import type { ItemOf, ThreadItem } from '../../machines/protocol/types/item.ts';
import { reviewHint, reviewPrompt } from '../../machines/review/review-prompt.ts';
import { goalMessage } from '../../machines/thread/goal.ts';
import { loadImages } from '../files/load-images.ts';
import { calledSkills } from '../skills/called-skills.ts';
import type { Thread } from '../threads/thread.ts';
import type { SubmittedPrompt } from '../threads/turn-run.ts';

const run = promisify(execFile);
/** A repository on a sleeping network disk must not hold up a review: the reviewer can ask git itself. */
const GIT_TIMEOUT_MS = 5_000;

/** What stands at the beginning of a turn: what the model reads, and what people see. */
export interface TurnOpening {
  readonly messages: readonly ResponseItem[];
  readonly items: readonly ThreadItem[];
}

/**
 * The opening of a turn in `cwd`. A compaction and a person's command have none.
 * @param skills those that the prompt may call by name
 */
export async function openTurn(
  thread: Thread,
  prompt: SubmittedPrompt,
  cwd: string,
  skills: readonly SkillFacts[],
): Promise<TurnOpening> {
  const { task } = prompt;
  if (task?.kind === 'review') return openReview(thread, prompt, task.target, cwd);
  if (task?.kind === 'goal') return { messages: openGoal(thread), items: [] };
  if (task) return { messages: [], items: [] };
  return {
    messages: [
      promptMessage(prompt.input, await loadImages(prompt.input)),
      ...(await calledSkills(textOf(prompt.input), skills)),
    ],
    items: [userMessage(thread, prompt, prompt.input, prompt.promptId)],
  };
}

function openGoal({ goals: { current } }: Thread): ResponseItem[] {
  return current ? [textMessage('user', goalMessage(current))] : [];
}

async function openReview(
  thread: Thread,
  prompt: SubmittedPrompt,
  target: ReviewTarget,
  cwd: string,
): Promise<TurnOpening> {
  const text = reviewPrompt(target, target.type === 'baseBranch' ? await mergeBase(cwd, target.branch) : null);
  return {
    messages: [textMessage('user', text)],
    items: [
      { type: 'enteredReviewMode', id: thread.newId(), review: reviewHint(target) },
      userMessage(thread, prompt, [{ type: 'text', text }], null),
    ],
  };
}

function userMessage(
  thread: Thread,
  { sentBy }: SubmittedPrompt,
  content: SubmittedPrompt['input'],
  clientId: string | null,
): ItemOf<'userMessage'> {
  return { type: 'userMessage', id: thread.newId(), content: [...content], clientId, sentBy };
}

async function mergeBase(cwd: string, branch: string): Promise<string | null> {
  try {
    const { stdout } = await run('git', ['-C', cwd, 'merge-base', '--end-of-options', 'HEAD', branch], {
      timeout: GIT_TIMEOUT_MS,
    });
    return stdout.trim() || null;
  } catch {
    // No git, no such branch, no common commit: the reviewer looks for itself.
    return null;
  }
}
