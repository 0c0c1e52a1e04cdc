import { RpcError } from '../../machines/core/errors.ts';
import type { QueuedPrompt } from '../../machines/protocol/types/thread.ts';
import type { Limits } from '../limits.ts';

/** Refuses a queue that would be longer or larger than it may be. @throws RpcError limitReached */
export function requireRoomInLine(
  queue: readonly QueuedPrompt[],
  { maxQueuedPrompts, maxQueuedBytes }: Pick<Limits, 'maxQueuedPrompts' | 'maxQueuedBytes'>,
): void {
  if (queue.length > maxQueuedPrompts)
    throw noRoom(`${maxQueuedPrompts} prompts`, 'max_queued_prompts', maxQueuedPrompts);
  const bytes = queue.reduce((sum, { input }) => sum + Buffer.byteLength(JSON.stringify(input)), 0);
  if (bytes > maxQueuedBytes) throw noRoom(`${maxQueuedBytes} bytes`, 'max_queued_bytes', maxQueuedBytes);
}

function noRoom(what: string, key: string, max: number): RpcError {
  return new RpcError(
    'limitReached',
    `at most ${what} wait in line (daemon.${key}): wait for the running turn to end, or withdraw a prompt`,
    { data: { limit: `daemon.${key}`, max } },
  );
}
