import { RpcError } from '../../machines/core/errors.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import { answerOf, questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { OpenApproval, QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import type { ClientTag } from '../../machines/protocol/types/item.ts';
import { plainEnvironment } from '../threads/plain-environment.ts';
import type { Thread } from '../threads/thread.ts';

/** Asks one client by the reference's request. Null: it answered with an error, or with what is no answer. */
export async function askPlainClient(peer: Peer, open: OpenApproval): Promise<QuestionAnswer | null> {
  const { request, toParams } = questionKinds[open.kind];
  const result = await peer.request(request, toParams(open), open.approvalId).catch(() => null);
  return answerOf(open.kind, result);
}

/**
 * Gives a plain client's answer. One that came after another client's is dropped, as in the reference (protocol.md §6).
 * @returns whether the question is settled
 */
export function answerFor(
  thread: Thread,
  approvalId: string,
  answer: QuestionAnswer,
  by: ClientTag,
  environment: ClientEnvironment | null,
): boolean {
  try {
    thread.answer({ approvalId, ...answer, by }, environment ?? plainEnvironment(thread.deps.home));
    return true;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (error.errorName === 'approvalResolved' || error.errorName === 'approvalNotFound') return true;
    // It asked nobody for an answer to its answer: everybody is told that the question is still open.
    const message = `The answer of ${by.name} was not taken: ${error.message}`;
    thread.journal.announce({ method: 'warning', params: { threadId: thread.id, message } });
    return false;
  }
}
