import {
  threadQueueDelete,
  threadQueueReorder,
  threadQueueStart,
} from '../../machines/protocol/methods/thread-queue.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { EffectDeps } from './effects.ts';
import type { Effect } from './model.ts';

type QueueEffect = Extract<Effect, { type: 'withdrawPrompt' | 'orderPrompts' | 'startPrompt' }>;

/** Changes the line of prompts. @throws RpcError when it cannot be done: the prompt runs already, say */
export async function runQueueEffect(effect: QueueEffect, { link, threadId, dispatch }: EffectDeps): Promise<void> {
  const of = { threadId: threadId() };
  switch (effect.type) {
    case 'withdrawPrompt': {
      const { deleted } = await link.request(threadQueueDelete, { ...of, queuedSubmissionId: effect.promptId });
      // Only a prompt that is out of the line for sure comes back: it must not be sent twice.
      if (deleted && effect.text !== null) dispatch({ type: 'promptWithdrawn', text: effect.text });
      return;
    }
    case 'orderPrompts':
      await link.request(threadQueueReorder, { ...of, queuedSubmissionIds: [...effect.promptIds] });
      return;
    case 'startPrompt':
      // A prompt that is sent again is not doubled: it only gets an environment (DESIGN §3).
      if (effect.isTurnRunning)
        await link.request(turnStart, { ...of, input: [], clientUserMessageId: effect.promptId, whenBusy: 'queue' });
      else await link.request(threadQueueStart, { ...of, queuedSubmissionId: effect.promptId });
      return;
    default:
      effect satisfies never;
  }
}
