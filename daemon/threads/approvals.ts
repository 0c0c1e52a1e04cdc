import type { AuditEntry, AuditSubject } from '../../machines/core/audit.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { ApprovalOutcome, OpenApproval, QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import type { ClientTag, ThreadItem } from '../../machines/protocol/types/item.ts';
import { takenBack } from '../../machines/thread/recover.ts';
import type { DaemonRecord, LinePayload, QuestionRecord } from '../../machines/thread/rollout-line.ts';
import type { ReadyCall } from '../tools/define-tool.ts';
import type { Thread } from './thread.ts';
import type { ThreadDeps } from './thread-deps.ts';

/** A person's answer to one question. */
export interface ApprovalAnswer extends QuestionAnswer {
  readonly approvalId: string;
  readonly by: ClientTag;
}

/**
 * Makes a question outlive the daemon, before anybody hears of it.
 * @throws when it cannot be kept; then it must not be asked
 */
export function keepQuestion(thread: Thread, question: QuestionRecord): void {
  try {
    keep(thread, question, { kind: 'question', ...question });
  } catch (error) {
    throw new Error(
      `not run: a person would have to be asked, and the question could not be kept: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The same for a question that a running call asks: the log says that it was asked. @throws when it cannot be kept */
export function keepAside(thread: Thread, approval: OpenApproval): void {
  keep(thread, { approval, item: null }, { kind: 'aside', approval });
}

function keep(thread: Thread, { approval, item }: Pick<QuestionRecord, 'approval' | 'item'>, record: DaemonRecord) {
  const { approvalId, threadId, turnId, itemId } = approval;
  try {
    if (!thread.isEphemeral) thread.deps.questionMarks.add(thread.id);
    const subject = subjectOf(approval, item);
    thread.deps.audit.append({ kind: 'question', threadId, turnId, itemId, approvalId, subject });
    const line: LinePayload = { type: 'codex_daemon', payload: record };
    if (!thread.journal.record([line])) throw new Error("the thread's log takes no more lines");
  } catch (error) {
    removeMark(thread);
    throw error;
  }
}

/** The thread is no longer named as one in which a question waits, once none does. */
function removeMark({ id, feed, deps }: Thread): void {
  if (feed.snapshot.approvals.length === 0) deps.questionMarks.remove(id);
}

/**
 * Settles an open question: writes down who decided, and tells every follower.
 * @returns the question
 * @throws RpcError approvalResolved with the winner, approvalNotFound; invalidParams for a decision that was not offered,
 * or for what does not fit the question; auditFailed, threadStoreFailed: then the question stays open
 */
export function answerApproval(thread: Thread, { approvalId, decision, content, by }: ApprovalAnswer): OpenApproval {
  const { approvals, decisions } = thread.feed.snapshot;
  const open = approvals.find((approval) => approval.approvalId === approvalId);
  if (!open) throw alreadyResolved(decisions, approvalId);
  if (!open.availableDecisions.includes(decision)) throw notOffered(open, decision);
  requireFitting(open, { decision, content });
  const outcome = outcomeOf(thread, open, { decision, content }, by);
  thread.deps.audit.append(decisionEntry(thread, open, outcome));
  if (!thread.journal.record([decisionLine(outcome)])) {
    throw new RpcError('threadStoreFailed', "the answer could not be written to the thread's log, so it was not taken");
  }
  tell(thread, outcome);
  return open;
}

/** Closes a question that nobody will answer any more, because its call is over: no command hangs on it. */
export function closeApproval(thread: Thread, approvalId: string): void {
  const open = thread.feed.snapshot.approvals.find((approval) => approval.approvalId === approvalId);
  if (!open) return;
  const outcome = outcomeOf(thread, open, { decision: 'cancel', content: null }, null);
  try {
    thread.deps.audit.append(decisionEntry(thread, open, outcome));
  } catch (error) {
    thread.deps.onInternalError(error, `thread ${thread.id}`);
  }
  thread.journal.record([decisionLine(outcome)]);
  tell(thread, outcome);
}

/** Writes down that a question of a daemon that has ended was never answered: its call ended with it. */
export function auditLost({ audit, onInternalError }: ThreadDeps, approval: OpenApproval, nowMs: number): void {
  const { decision, by, waitedMs, approvalId, threadId, turnId, itemId } = takenBack(approval, nowMs);
  const subject = subjectOf(approval, null);
  try {
    audit.append({ kind: 'decision', threadId, turnId, itemId, approvalId, subject, decision, by, waitedMs });
  } catch (error) {
    onInternalError(error, `thread ${threadId}`);
  }
}

/** Writes down that a call is not asked about, because a person allowed equal ones. @throws RpcError auditFailed */
export function noteGranted(thread: Thread, turnId: string, callId: string, ready: ReadyCall): void {
  const subject = subjectOf(ready.question, ready.item);
  const of = { threadId: thread.id, turnId, itemId: callId };
  thread.deps.audit.append({ kind: 'auto', ...of, subject, rule: 'acceptForSession' });
}

function decisionEntry(thread: Thread, open: OpenApproval, { waitedMs, decision, by }: ApprovalOutcome): AuditEntry {
  const { approvalId, threadId, turnId, itemId } = open;
  const item = thread.currentTurn?.items.find(({ id }) => id === itemId) ?? null;
  const subject = subjectOf(open, item);
  return { kind: 'decision', threadId, turnId, itemId, approvalId, subject, decision, by, waitedMs };
}

function subjectOf(
  { kind, command, cwd, reason }: Pick<OpenApproval, 'kind' | 'command' | 'cwd' | 'reason'>,
  item: ThreadItem | null,
): AuditSubject {
  const paths = item?.type === 'fileChange' ? item.changes.map(({ path }) => path) : [];
  return { kind, command, cwd, reason, paths };
}

function outcomeOf(
  thread: Thread,
  { approvalId, threadId, turnId, itemId, startedAtMs }: OpenApproval,
  { decision, content }: QuestionAnswer,
  by: ClientTag | null,
): ApprovalOutcome {
  const resolvedAtMs = thread.deps.clock.now();
  const filled = content === null ? {} : { content };
  const waitedMs = resolvedAtMs - startedAtMs;
  return { approvalId, threadId, turnId, itemId, decision, ...filled, by, waitedMs, resolvedAtMs };
}

const decisionLine = (outcome: ApprovalOutcome): LinePayload => ({
  type: 'codex_daemon',
  payload: { kind: 'decision', outcome },
});

function tell(thread: Thread, outcome: ApprovalOutcome): void {
  const { threadId, approvalId } = outcome;
  thread.journal.announce({ method: 'serverRequest/resolved', params: { threadId, requestId: approvalId } });
  thread.journal.announce({ method: 'approval/resolved', params: outcome });
  removeMark(thread);
}

function requireFitting(open: OpenApproval, { decision, content }: QuestionAnswer): void {
  const isFilled = decision === 'accept' || decision === 'acceptForSession';
  const why = isFilled ? questionKinds[open.kind].misfit(open, content) : null;
  if (why === null) return;
  throw new RpcError('invalidParams', `Invalid request: content: ${why}`, { data: { field: 'content' } });
}

function notOffered({ kind, availableDecisions }: OpenApproval, decision: QuestionAnswer['decision']): RpcError {
  const offered = availableDecisions.join(', ');
  return new RpcError(
    'invalidParams',
    `Invalid request: decision: ${decision} is not offered for this ${kind}; one of ${offered} is`,
    { data: { field: 'decision', availableDecisions } },
  );
}

function alreadyResolved(decisions: readonly ApprovalOutcome[], approvalId: string): RpcError {
  const known = decisions.findLast((outcome) => outcome.approvalId === approvalId);
  if (!known) return new RpcError('approvalNotFound', `no question ${approvalId} waits in this thread`);
  const who = known.by ? `${known.by.name}${known.by.terminal ? ` on ${known.by.terminal}` : ''}` : 'the daemon';
  return new RpcError('approvalResolved', `already resolved: ${who} answered ${known.decision}`, {
    data: { outcome: known },
  });
}
