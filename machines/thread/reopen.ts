import type { ResponseItem } from '../model/response-item.ts';
import type { QuestionRecord } from './rollout-line.ts';
import type { ThreadRecord } from './thread-record.ts';
import { toolCallOf } from './tool-call.ts';
import type { ReopenedCalls } from './turn.ts';

type CallItem = Extract<ResponseItem, { type: 'function_call' | 'custom_tool_call' }>;

/** Calls of a log without an output, oldest first. A server may use an id again, so each output answers one call only. */
export function callsWithoutOutput({ history }: ThreadRecord): CallItem[] {
  const outputs = new Map<string, number>();
  for (const item of history) {
    if (item.type !== 'function_call_output' && item.type !== 'custom_tool_call_output') continue;
    outputs.set(item.call_id, (outputs.get(item.call_id) ?? 0) + 1);
  }
  return history.filter((item): item is CallItem => {
    if (item.type !== 'function_call' && item.type !== 'custom_tool_call') return false;
    const left = outputs.get(item.call_id) ?? 0;
    outputs.set(item.call_id, left - 1);
    return left <= 0;
  });
}

/** Questions that still wait for a person: those of the last turn, when nothing ended it. */
export function openQuestions(record: ThreadRecord): QuestionRecord[] {
  const turn = record.turns.at(-1);
  if (turn?.status !== 'inProgress') return [];
  const open = new Set(callsWithoutOutput(record).map((call) => call.call_id));
  return [...record.questions.values()].filter(
    ({ approval }) => approval.turnId === turn.id && open.has(approval.itemId),
  );
}

/** Whether anything of a call can have happened: it was announced to the log, or shown as ended. */
export function hasBegun({ intents, turns }: ThreadRecord, callId: string): boolean {
  return intents.has(callId) || turns.at(-1)?.items.some((item) => item.id === callId) === true;
}

/** A turn that goes on waiting for a person after a restart. */
export interface ReopenedTurn {
  readonly turnId: string;
  readonly promptId: string;
  readonly calls: ReopenedCalls;
}

/**
 * The turn that was waiting for a person when the daemon ended, or null (DESIGN §3). Calls that had not begun are still
 * to be decided. @param record closed by `recoveryLines`: calls that had begun have an output
 */
export function reopenedTurn(record: ThreadRecord): ReopenedTurn | null {
  const questions = new Map(openQuestions(record).map((question) => [question.approval.itemId, question]));
  const turn = record.turns.at(-1);
  if (!turn || questions.size === 0) return null;
  const open = callsWithoutOutput(record);
  const prompt = turn.items.find((item) => item.type === 'userMessage');
  return {
    turnId: turn.id,
    promptId: prompt?.clientId ?? turn.id,
    calls: {
      waiting: open.flatMap((item) => {
        const [question, call] = [questions.get(item.call_id), toolCallOf(item)];
        return question && call ? [{ call, thenOutside: question.thenOutside }] : [];
      }),
      pending: open.filter((item) => !questions.has(item.call_id)).flatMap((item) => toolCallOf(item) ?? []),
    },
  };
}
