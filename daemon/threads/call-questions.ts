import { questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { OpenApproval, QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import { closeApproval, keepAside } from './approvals.ts';
import type { Thread } from './thread.ts';
import { announceWaiting } from './turn-notices.ts';

export type CallQuestion = Pick<OpenApproval, 'kind' | 'command' | 'cwd' | 'reason' | 'form'>;

const TAKEN_BACK: QuestionAnswer = { decision: 'cancel', content: null };

/**
 * What running calls ask people. The calls go on with the answer, so that such a question ends with its call at the
 * latest; a restart, which no call survives, closes it.
 */
export class CallQuestions {
  private readonly open = new Map<string, (answer: QuestionAnswer) => void>();

  constructor(private readonly thread: Thread) {}

  /**
   * Keeps the question, and asks everybody who follows the thread. Waits for a person, for ever, until the signal takes
   * the question back: then its answer is `cancel`.
   * @throws when the question cannot be kept; then nobody was asked
   */
  async ask(
    question: CallQuestion,
    of: Pick<OpenApproval, 'turnId' | 'itemId'>,
    signal: AbortSignal,
  ): Promise<QuestionAnswer> {
    if (signal.aborted) return TAKEN_BACK;
    const { thread } = this;
    const approval: OpenApproval = {
      approvalId: `approval-${thread.newId()}`,
      ...question,
      threadId: thread.id,
      ...of,
      availableDecisions: [...questionKinds[question.kind].decisions],
      startedAtMs: thread.deps.clock.now(),
    };
    keepAside(thread, approval);
    const { approvalId } = approval;
    const answered = new Promise<QuestionAnswer>((resolve) => this.open.set(approvalId, resolve));
    const takeBack = () => {
      closeApproval(thread, approvalId);
      this.settle(approvalId, TAKEN_BACK);
    };
    signal.addEventListener('abort', takeBack, { once: true });
    announceWaiting(thread, [approval]);
    thread.journal.announce({ method: 'approval/requested', params: approval });
    try {
      return await answered;
    } finally {
      signal.removeEventListener('abort', takeBack);
    }
  }

  /** Hands an answer to the call that waits for it. False: no running call asked. */
  settle(approvalId: string, answer: QuestionAnswer): boolean {
    const resolve = this.open.get(approvalId);
    if (!resolve) return false;
    this.open.delete(approvalId);
    announceWaiting(this.thread);
    resolve(answer);
    return true;
  }
}
