import type { ThreadNotification } from './index.ts';
import type { ItemOf, ThreadItem } from './types/item.ts';

/** What a model says in pieces of one text: an answer, or the plan in it. */
export type SpokenItem = ItemOf<'agentMessage' | 'plan'>;

export const isSpoken = (item: ThreadItem): item is SpokenItem => item.type === 'agentMessage' || item.type === 'plan';

/** The next piece of its text. */
export function spokenDelta(
  { threadId, turnId }: { readonly threadId: string; readonly turnId: string },
  { type, id: itemId }: Pick<SpokenItem, 'type' | 'id'>,
  delta: string,
): ThreadNotification {
  return { method: `item/${type}/delta`, params: { threadId, turnId, itemId, delta } };
}
