import type { ThreadNotification } from './index.ts';
import { isSpoken, type SpokenItem, spokenDelta } from './spoken-item.ts';
import type { ItemOf, ThreadItem } from './types/item.ts';
import type { ThreadSnapshot, Turn } from './types/thread.ts';

/**
 * How a client that knows no snapshots joins in mid-answer: its `thread/resume` is answered with `turnsAtRest`, and
 * right behind the answer come the `resumeEvents`, as if the answer had just begun (protocol.md §6).
 */

/** The turns without what is still being said. */
export function turnsAtRest({ thread }: Pick<ThreadSnapshot, 'thread'>): Turn[] {
  return thread.turns.map((turn) =>
    turn.status === 'inProgress' ? { ...turn, items: turn.items.filter((item) => !isBeingSaid(item)) } : turn,
  );
}

/** What is still being said, from its start to here, and the tokens used so far (protocol.md §4.3). */
export function resumeEvents({ thread, tokenUsage, goal }: ThreadSnapshot): ThreadNotification[] {
  const turn = thread.turns.at(-1);
  if (!turn) return [];
  const of = { threadId: thread.id, turnId: turn.id };
  const said = turn.status === 'inProgress' ? turn.items.filter(isBeingSaid) : [];
  return [
    ...(tokenUsage ? [{ method: 'thread/tokenUsage/updated' as const, params: { ...of, tokenUsage } }] : []),
    ...(goal ? [{ method: 'thread/goal/updated' as const, params: { threadId: thread.id, turnId: null, goal } }] : []),
    ...said.flatMap((item) => saidSoFar(of, item)),
  ];
}

type Said = SpokenItem | ItemOf<'reasoning'>;
type OfTurn = { readonly threadId: string; readonly turnId: string };

function isBeingSaid(item: ThreadItem): item is Said {
  return (isSpoken(item) || item.type === 'reasoning') && item.completedAtMs == null;
}

function saidSoFar(of: OfTurn, item: Said): ThreadNotification[] {
  const startedAtMs = item.startedAtMs ?? 0;
  const ofItem = { ...of, itemId: item.id };
  const empty = isSpoken(item) ? { ...item, text: '' } : { ...item, summary: [], content: [] };
  return [
    { method: 'item/started', params: { ...of, item: empty, startedAtMs } },
    ...(isSpoken(item) ? (item.text === '' ? [] : [spokenDelta(of, item, item.text)]) : thoughtDeltas(ofItem, item)),
  ];
}

type OfItem = OfTurn & { readonly itemId: string };

function thoughtDeltas(of: OfItem, { summary, content }: ItemOf<'reasoning'>): ThreadNotification[] {
  return [
    ...summary.flatMap((delta, summaryIndex): ThreadNotification[] => [
      { method: 'item/reasoning/summaryPartAdded', params: { ...of, summaryIndex } },
      { method: 'item/reasoning/summaryTextDelta', params: { ...of, summaryIndex, delta } },
    ]),
    ...content.map(
      (delta, contentIndex): ThreadNotification => ({
        method: 'item/reasoning/textDelta',
        params: { ...of, contentIndex, delta },
      }),
    ),
  ];
}
