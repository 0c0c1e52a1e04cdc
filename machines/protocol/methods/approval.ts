import * as v from 'valibot';
import { defineNotification, defineRequest } from '../define.ts';
import {
  answerContent,
  approvalDecision,
  approvalOutcome,
  openApproval,
  userInputQuestion,
} from '../types/approval.ts';

const ofItem = { threadId: v.string(), turnId: v.string(), itemId: v.string(), startedAtMs: v.number() };

/** Asks a client that did not send our extension; its answer is the response (protocol.md §9.5). */
export const commandApprovalRequest = defineRequest({
  method: 'item/commandExecution/requestApproval',
  params: v.object({
    ...ofItem,
    approvalId: v.nullish(v.string()),
    command: v.nullish(v.string()),
    cwd: v.nullish(v.string()),
    reason: v.nullish(v.string()),
    availableDecisions: v.nullish(v.array(approvalDecision)),
  }),
  result: v.object({ decision: approvalDecision }),
});

export const fileChangeApprovalRequest = defineRequest({
  method: 'item/fileChange/requestApproval',
  params: v.object({ ...ofItem, reason: v.nullish(v.string()), grantRoot: v.nullish(v.string()) }),
  result: v.object({ decision: approvalDecision }),
});

/** Asks a person questions for the model (agent.md §6). */
export const userInputRequest = defineRequest({
  method: 'item/tool/requestUserInput',
  params: v.object({
    threadId: v.string(),
    turnId: v.string(),
    itemId: v.string(),
    questions: v.array(userInputQuestion),
    /** Whether the turn waits for the answer: ours always does, and for as long as it takes. */
    isBlocking: v.optional(v.boolean(), true),
    autoResolutionMs: v.nullish(v.number()),
  }),
  /** Answers by the question's id: the labels that were chosen, or other words. */
  result: v.object({ answers: v.record(v.string(), v.object({ answers: v.array(v.string()) })) }),
});

/** Ours: answers a question that came as `approval/requested`. The first valid answer wins. */
export const approvalRespond = defineRequest({
  method: 'approval/respond',
  params: v.object({
    threadId: v.string(),
    approvalId: v.string(),
    decision: approvalDecision,
    /** What was filled in, for a question with a form that is accepted. */
    content: v.nullish(answerContent),
  }),
  result: v.object({}),
  errors: ['approvalNotFound', 'approvalResolved', 'invalidParams', 'auditFailed', 'threadStoreFailed'],
  mutates: true,
});

/** Ours: the open questions of all threads, or of one, oldest first; also of threads that nobody attached to yet. */
export const approvalList = defineRequest({
  method: 'approval/list',
  params: v.optional(v.object({ threadId: v.nullish(v.string()) }), {}),
  result: v.object({ data: v.array(openApproval) }),
});

/** The question is settled; dialogs that show it close. Sent to every subscriber. */
export const serverRequestResolved = defineNotification({
  method: 'serverRequest/resolved',
  params: v.object({ threadId: v.string(), requestId: v.union([v.string(), v.number()]) }),
});
/** Ours: a question waits. Part of the thread's numbered events, so that a snapshot holds the open ones. */
export const approvalRequested = defineNotification({
  method: 'approval/requested',
  params: openApproval,
  isOurs: true,
});
/** Ours: who decided, what, from which terminal, after how long. */
export const approvalResolved = defineNotification({
  method: 'approval/resolved',
  params: approvalOutcome,
  isOurs: true,
});
