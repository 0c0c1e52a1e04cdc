import * as v from 'valibot';
import { elicitationForm, elicitationUrl } from './elicitation.ts';
import { clientTag } from './item.ts';

/** Once, for the rest of this thread, refuse and go on, refuse and stop the turn (protocol.md §7). */
export const approvalDecision = v.picklist(['accept', 'acceptForSession', 'decline', 'cancel']);
export type ApprovalDecision = v.InferOutput<typeof approvalDecision>;

export const userInputQuestion = v.object({
  id: v.string(),
  /** A word or two above the question. */
  header: v.string(),
  question: v.string(),
  /** Whether an answer in other words is offered beside the options. */
  isOther: v.optional(v.boolean(), false),
  isSecret: v.optional(v.boolean(), false),
  options: v.nullish(v.array(v.object({ label: v.string(), description: v.string() }))),
});
export type UserInputQuestion = v.InferOutput<typeof userInputQuestion>;

/** What a person is to fill in or to look at, where yes and no to a command are not enough. */
export const questionForm = v.variant('type', [
  v.object({ type: v.literal('userInput'), questions: v.array(userInputQuestion) }),
  elicitationForm,
  elicitationUrl,
]);
export type QuestionForm = v.InferOutput<typeof questionForm>;

/** A question that waits for a person. The id is the same for every client, over reconnects and restarts. */
export const openApproval = v.object({
  approvalId: v.string(),
  /** What is known of each kind: machines/protocol/question-kinds.ts. */
  kind: v.picklist(['command', 'fileChange', 'userInput', 'mcpToolCall', 'mcpElicitation']),
  threadId: v.string(),
  turnId: v.string(),
  itemId: v.string(),
  /** The command as shown, for a command; the call in one line, for an MCP tool. */
  command: v.nullable(v.string()),
  cwd: v.nullable(v.string()),
  /** Why the model or the policy asks. */
  reason: v.nullable(v.string()),
  /** Left out or null: it is answered by a decision alone. */
  form: v.nullish(questionForm),
  availableDecisions: v.array(approvalDecision),
  startedAtMs: v.number(),
  /** For a tool of an MCP server: which, with what, and what it is said to do. */
  mcpTool: v.nullish(
    v.object({
      server: v.string(),
      tool: v.string(),
      description: v.nullable(v.string()),
      arguments: v.unknown(),
    }),
  ),
});
export type OpenApproval = v.InferOutput<typeof openApproval>;
export type QuestionKindName = OpenApproval['kind'];

/** What was filled in, in the shape of the kind's answer by the reference's protocol (protocol.md §9.5). */
export const answerContent = v.record(v.string(), v.unknown());
export type AnswerContent = v.InferOutput<typeof answerContent>;

/** A person's answer. */
export interface QuestionAnswer {
  readonly decision: ApprovalDecision;
  /** Null: nothing was to be filled in, or nothing was. */
  readonly content: AnswerContent | null;
}

/** How a question ended, and through whom. `by` is null when the daemon settled it (the turn was interrupted). */
export const approvalOutcome = v.object({
  approvalId: v.string(),
  threadId: v.string(),
  turnId: v.string(),
  itemId: v.string(),
  decision: approvalDecision,
  content: v.nullish(answerContent),
  by: v.nullable(clientTag),
  waitedMs: v.number(),
  /** When; left out by the logs of older daemons. */
  resolvedAtMs: v.nullish(v.number()),
});
export type ApprovalOutcome = v.InferOutput<typeof approvalOutcome>;
