import type { ThreadNotification } from './index.ts';

/** A piece of text for one item. */
type Delta = Extract<ThreadNotification, { readonly params: { readonly delta: string } }>;

/** Largest text that deltas are merged to, in characters: a frame stays small beside what a client is sent at once. */
const MERGED_CHARACTERS = 256 * 1024;

/**
 * Consecutive deltas of one item as one delta (DESIGN §3): folding it is the same as folding each. Only the deltas at
 * the start that belong together are taken.
 * @param events the first one decides what belongs together; read only as far as needed
 * @returns how many events were taken (at least 1, when there is any), and the one that stands for them
 */
export function mergeDeltas(
  events: Iterable<ThreadNotification>,
): { readonly count: number; readonly event: ThreadNotification } | null {
  let first: ThreadNotification | null = null;
  let size = 0;
  const texts: string[] = [];
  for (const event of events) {
    if (first && !(isDelta(first) && isDelta(event) && belongsTo(first, event))) break;
    size += isDelta(event) ? event.params.delta.length : 0;
    if (first && size > MERGED_CHARACTERS) break;
    first ??= event;
    if (isDelta(event)) texts.push(event.params.delta);
  }
  if (!first) return null;
  if (!isDelta(first) || texts.length === 1) return { count: 1, event: first };
  // The cast: the same method with the same kind of parameters, which a spread loses.
  const event = { ...first, params: { ...first.params, delta: texts.join('') } } as ThreadNotification;
  return { count: texts.length, event };
}

function isDelta(event: ThreadNotification): event is Delta {
  return 'delta' in event.params;
}

/** Same method, same item, same part of it. */
function belongsTo(first: Delta, next: Delta): boolean {
  return (
    first.method === next.method &&
    first.params.itemId === next.params.itemId &&
    first.params.turnId === next.params.turnId &&
    indexOf(first) === indexOf(next)
  );
}

function indexOf({ params }: Delta): number {
  if ('summaryIndex' in params) return params.summaryIndex;
  return 'contentIndex' in params ? params.contentIndex : 0;
}
