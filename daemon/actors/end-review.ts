import { messageText, textMessage } from '../../machines/model/response-item.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import { NO_REVIEW, parseReview, renderReview } from '../../machines/review/review-output.ts';
import { REVIEW_STOPPED, reviewMessage } from '../../machines/review/review-prompt.ts';
import type { TurnOutput } from '../../machines/thread/turn.ts';
import type { Thread } from '../threads/thread.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import { completedItem } from './record-item.ts';

/**
 * Ends a review in the order of the reference's log: what the thread's model reads of it, the item that leaves the
 * mode, and the findings as a message, for the model and for people.
 */
export function endReview(thread: Thread, run: TurnRun, status: TurnOutput['status']): void {
  const answer = status === 'completed' ? lastAnswer(run) : null;
  const output = answer === null ? null : parseReview(answer);
  const text = output ? renderReview(output) : status === 'interrupted' ? REVIEW_STOPPED : NO_REVIEW;
  const nowMs = thread.deps.clock.now();
  const exited: ItemOf<'exitedReviewMode'> = {
    type: 'exitedReviewMode',
    id: thread.newId(),
    review: output ? text : NO_REVIEW,
    startedAtMs: nowMs,
  };
  const message: ItemOf<'agentMessage'> = { type: 'agentMessage', id: thread.newId(), text, startedAtMs: nowMs };
  const read = textMessage('user', reviewMessage(output && text));
  const said = { type: 'message' as const, role: 'assistant' as const, content: [{ type: 'output_text', text }] };
  const core = { type: 'ExitedReviewMode', id: exited.id, review_output: output };
  const exit = completedItem(thread.id, run.turnId, exited, nowMs, core);
  const shown = completedItem(thread.id, run.turnId, message, nowMs);
  const of = { threadId: thread.id, turnId: run.turnId, startedAtMs: nowMs };
  const isRecorded = thread.journal.record(
    [{ type: 'response_item', payload: read }, ...exit.lines, { type: 'response_item', payload: said }, ...shown.lines],
    { method: 'item/started', params: { ...of, item: exited } },
    exit.event,
    { method: 'item/started', params: { ...of, item: { ...message, text: '' } } },
    shown.event,
  );
  if (isRecorded) thread.history.push(read, said);
}

/** What the reviewer said last; null when it said nothing. */
function lastAnswer({ history }: TurnRun): string | null {
  const last = history.findLast((item) => item.type === 'message' && item.role === 'assistant');
  return last?.type === 'message' ? messageText(last) : null;
}
