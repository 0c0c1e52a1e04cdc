import { inOrder } from '../protocol/in-order.ts';
import type { ApprovalOutcome } from '../protocol/types/approval.ts';
import type { Turn } from '../protocol/types/thread.ts';
import type { DaemonRecord } from './rollout-line.ts';
import { putItem, type ThreadRecord } from './thread-record.ts';

/** Takes one line of our own into the record. */
export function replayOwn(record: ThreadRecord, own: DaemonRecord): void {
  switch (own.kind) {
    case 'seq':
      record.seqReserved = Math.max(record.seqReserved, own.upTo);
      return;
    case 'prompt':
      record.promptIds.add(own.prompt.promptId);
      record.queue.push({ turnId: own.turnId, prompt: own.prompt });
      return;
    case 'promptTaken':
    case 'promptWithdrawn':
      record.queue = record.queue.filter(({ prompt }) => prompt.promptId !== own.promptId);
      return;
    case 'promptChanged':
      record.queue = record.queue.map((known) =>
        known.prompt.promptId === own.prompt.promptId ? { ...known, prompt: own.prompt } : known,
      );
      return;
    case 'promptsOrdered':
      record.queue = inOrder(record.queue, own.promptIds, ({ prompt }) => prompt.promptId);
      return;
    case 'intent':
      record.intents.set(own.callId, own);
      return;
    case 'settings':
      record.chosen = own.settings;
      return;
    case 'goalCleared':
      record.goal = null;
      return;
    case 'context':
      record.context = own.facts;
      return;
    case 'question':
      record.questions.set(own.approval.itemId, own);
      if (own.item) putItem(record, own.approval.turnId, own.item);
      return;
    case 'aside':
      record.asides.set(own.approval.approvalId, own.approval);
      return;
    case 'decision':
      record.decisions.push(own.outcome);
      if (!record.asides.delete(own.outcome.approvalId)) settleQuestion(record, own.outcome);
      return;
    case 'turnStopped':
      changeTurn(record, own.turnId, { interruptedBy: own.by });
      return;
    case 'turnFailed':
      changeTurn(record, own.turnId, { status: 'failed', error: own.error });
      return;
  }
}

/** From here on the call may have begun. */
function settleQuestion({ questions, intents }: ThreadRecord, { itemId: callId, turnId }: ApprovalOutcome): void {
  const question = questions.get(callId);
  if (questions.delete(callId) && question) intents.set(callId, { turnId, callId, item: question.item });
}

function changeTurn(record: ThreadRecord, turnId: string, change: Partial<Turn>): void {
  const turn = record.turns.findLast((known) => known.id === turnId);
  if (turn) Object.assign(turn, change);
}
