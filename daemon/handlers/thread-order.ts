import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams } from '../../machines/protocol/index.ts';
import type { Thread as WireThread } from '../../machines/protocol/types/thread.ts';
import type { StoredThread, ThreadSummary } from '../store/thread-index.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** What decides which threads come, and in which order. */
export type ThreadOrder = Pick<
  ClientParams<'thread/search'>,
  'cursor' | 'sortKey' | 'sortDirection' | 'archived' | 'sourceKinds'
>;

/** A thread in its place. */
export interface PlacedThread {
  readonly place: Place;
  readonly summary: ThreadSummary;
  readonly thread: WireThread;
}

/** Where a thread stands: by a time in ms, or by its id alone, which tells when it was made. */
interface Place {
  readonly atMs: number;
  readonly threadId: string;
}

/** How many heads are read at once. */
const BATCH = 32;
/** What is listed unless other sources are asked for: what people work in. */
const INTERACTIVE: readonly string[] = ['cli', 'vscode'];

/** The threads from a cursor on, in order; a head is read only when its turn comes. @throws RpcError invalidParams */
export async function* threadsInOrder(deps: HandlerDeps, order: ThreadOrder): AsyncGenerator<PlacedThread> {
  const { index, registry } = deps;
  const kinds = order.sourceKinds?.length ? order.sourceKinds : INTERACTIVE;
  const from = order.cursor == null ? null : parseCursor(order.cursor);
  const names = await index.names();
  const placed = startingAt(await placedThreads(deps, order), from, order.sortDirection === 'asc');
  for (let at = 0; at < placed.length; at += BATCH) {
    const batch = placed.slice(at, at + BATCH);
    const summaries = await Promise.all(batch.map(({ stored }) => index.summarize(stored)));
    for (const [offset, summary] of summaries.entries()) {
      const place = batch[offset];
      if (!summary || !place) continue;
      const thread = registry.toWire(summary, names.get(summary.threadId) ?? null);
      if (kinds.includes(thread.source)) yield { place, summary, thread };
    }
  }
}

/** The cursor of what lies behind a thread. */
export const afterPlace = ({ atMs, threadId }: Place): string => `after:${atMs}|${threadId}`;
/** The cursor that begins with a thread, for the other direction. */
export const fromPlace = ({ atMs, threadId }: Place): string => `from:${atMs}|${threadId}`;

interface Cursor extends Place {
  readonly isIncluded: boolean;
}

function parseCursor(cursor: string): Cursor {
  const [, mark, atMs, threadId] = /^(after|from):([\d.]+)\|([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (threadId === undefined) throw new RpcError('invalidParams', `invalid cursor: ${cursor}`);
  return { isIncluded: mark === 'from', atMs: Number(atMs), threadId };
}

type Placed = Place & { readonly stored: StoredThread };

/** Oldest first. */
async function placedThreads({ index }: HandlerDeps, { archived, sortKey }: ThreadOrder): Promise<Placed[]> {
  const stored = archived ? await index.listArchived() : await index.list();
  const isByTime = sortKey === 'updated_at' || sortKey === 'recency_at';
  const times = isByTime ? await index.timesOf(stored) : [];
  const placed = stored.map((one, at) => ({ stored: one, threadId: one.threadId, atMs: times[at] ?? 0 }));
  return isByTime ? placed.sort(compare) : placed.reverse();
}

/** Places hold when the list changes: what was taken out meanwhile is not missed, what moved is not shown twice. */
function startingAt(placed: readonly Placed[], from: Cursor | null, isAscending: boolean): Placed[] {
  const ordered = isAscending ? [...placed] : placed.toReversed();
  if (!from) return ordered;
  const sign = isAscending ? 1 : -1;
  return ordered.filter((one) => {
    const side = compare(one, from) * sign;
    return side > 0 || (side === 0 && from.isIncluded);
  });
}

function compare(a: Place, b: Place): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  return a.threadId < b.threadId ? -1 : Number(a.threadId > b.threadId);
}
