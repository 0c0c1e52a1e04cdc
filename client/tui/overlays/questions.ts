import type { QuestionKindName } from '../../../machines/protocol/types/approval.ts';
import type { Model } from '../model.ts';
import { createApproval } from './approval.ts';
import { createElicitation } from './elicitation.ts';
import type { Overlay } from './overlay.ts';
import { createPlanOffer, offeredPlan } from './plan-offer.ts';
import { createUserInput } from './user-input.ts';

/** How each kind of question is asked. Each is given the id of the question, and finds it in the thread. */
const byKind: Readonly<Record<QuestionKindName, (approvalId: string) => Overlay>> = {
  command: createApproval,
  fileChange: createApproval,
  mcpToolCall: createApproval,
  mcpElicitation: createElicitation,
  userInput: createUserInput,
};

/** What has to be asked now: the first open question, else whether a plan is carried out. Null: nothing. */
export function wantedQuestion(model: Model): { readonly subject: string; readonly create: () => Overlay } | null {
  const open = model.snapshot.approvals[0];
  if (open) return { subject: open.approvalId, create: () => byKind[open.kind](open.approvalId) };
  const turnId = offeredPlan(model);
  if (turnId === null || model.putAside.includes(turnId)) return null;
  return { subject: turnId, create: () => createPlanOffer(turnId) };
}

/** Whether it asks something for the thread: then it lies above all else, and goes when the thread says so. */
export const isQuestion = ({ subject }: Overlay): boolean => subject !== null;
