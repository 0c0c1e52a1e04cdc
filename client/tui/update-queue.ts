import { textOf } from '../../machines/protocol/prompt-text.ts';
import type { QueuedPrompt } from '../../machines/protocol/types/thread.ts';
import type { Effect, Model, Step } from './model.ts';
import { isFromHere } from './seat.ts';

/** Takes the last prompt in line out of it, this client's own first, to be changed in the composer. */
export function takeBack(model: Model): Step {
  const { queue } = model.snapshot;
  const isOwn = ({ sentBy }: QueuedPrompt) => sentBy !== null && isFromHere(model.seat, sentBy);
  const prompt = queue.findLast(isOwn) ?? queue.at(-1);
  const effect = prompt && takeBackEffect(prompt);
  if (!effect || model.role === 'observer') return [model, []];
  return [model, [effect]];
}

/** Withdraws a prompt and puts its words into the composer; null for one with pictures, which have no place there. */
export function takeBackEffect({ promptId, input }: QueuedPrompt): Effect | null {
  if (!input.every(({ type }) => type === 'text')) return null;
  return { type: 'withdrawPrompt', promptId, text: textOf(input) };
}
