import type { ModeKind } from '../protocol/types/thread.ts';
import { PLAN_BEGINS, PLAN_ENDS } from '../thread/proposed-plan.ts';

const PLAN = `Plan mode is on: you and the user work out what is to be done, and how. Nothing is carried out yet.

- Look around as much as you like: read, search, run commands that leave everything as it is. Do not change, create or delete files, and run nothing that does, not even when the user asks for it: that takes the end of Plan mode, which only the user can bring about.
- What the files can tell, find there. What only the user can decide and would change the plan, ask: with \`request_user_input\` where a few answers can be offered, else in your own words.
- When nothing that matters is open, propose the plan. Somebody who has not read this conversation must be able to carry it out: the aim, the steps in their order with the files and interfaces they touch, how the result is checked, what you assumed.
- Put the plan, in Markdown, between a line \`${PLAN_BEGINS}\` and a line \`${PLAN_ENDS}\`, at most once in an answer. A later plan replaces the earlier one whole.
- Do not ask whether to begin: the program does that when it has seen the plan.`;

const DEFAULT = `Plan mode is off: from here on carry things out. \`request_user_input\` does not work now; where something is unclear, decide for what the user most likely wants and name the assumption in your answer.`;

/**
 * The part that says how a mode works; said when that changes, and at a thread's start only when there is more to say
 * than that no mode has ended. @param instructions a client's words in place of ours, also empty ones
 */
export function modeText(mode: ModeKind, instructions: string | null = null): string {
  if (instructions !== null) return `<collaboration_mode>${instructions}</collaboration_mode>`;
  return `<collaboration_mode>\n${mode === 'plan' ? PLAN : DEFAULT}\n</collaboration_mode>`;
}
