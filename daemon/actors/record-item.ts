import type { ResponseItem } from '../../machines/model/response-item.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { type CoreItem, toCoreItem } from '../../machines/thread/rollout-item.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import type { TurnRun } from '../threads/turn-run.ts';

/** The line of an item that the model reads. What a reviewer reads is no part of its thread's history. */
export function modelLines(run: TurnRun | null, item: ResponseItem): LinePayload[] {
  return run?.review ? [] : [{ type: 'response_item', payload: item }];
}

/**
 * The end of an item: the line that keeps it, and the event that tells it.
 * @param core the item as the log keeps it, where that is more than is shown
 */
export function completedItem(
  threadId: string,
  turnId: string,
  item: ThreadItem,
  nowMs: number,
  core: CoreItem | null = toCoreItem(item),
): { lines: LinePayload[]; event: ThreadNotification } {
  const ended = { ...item, startedAtMs: item.startedAtMs ?? nowMs, completedAtMs: nowMs };
  const times = { started_at_ms: ended.startedAtMs, completed_at_ms: nowMs };
  return {
    lines: core
      ? [
          {
            type: 'event_msg',
            payload: { type: 'item_completed', thread_id: threadId, turn_id: turnId, item: core, ...times },
          },
        ]
      : [],
    event: { method: 'item/completed', params: { threadId, turnId, item: ended, completedAtMs: nowMs } },
  };
}
