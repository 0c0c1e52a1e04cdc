import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { fromCursor } from '../../machines/protocol/page.ts';
import type { HandlerContext, Handlers } from '../server/register.ts';
import { searchLog } from '../store/search-log.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { itemEntry } from './thread-history.ts';
import { cursorsOf } from './thread-list.ts';
import { type PlacedThread, threadsInOrder } from './thread-order.ts';
import { threadAtRest } from './thread-read.ts';

type SearchMethods = 'thread/search' | 'thread/searchOccurrences' | 'thread/items/read';

const THREADS_LIMIT = 25;
const OCCURRENCES_LIMIT = 100;
const MAX_ITEM_IDS = 100;

export function threadSearchHandlers(deps: HandlerDeps): Pick<Handlers, SearchMethods> {
  return {
    'thread/search': (params, context) => searchThreads(deps, params, context),
    'thread/searchOccurrences': (params, context) => searchOccurrences(deps, params, context),
    'thread/items/read': async ({ threadId, turnId, itemIds }) => {
      if (itemIds.length === 0 || itemIds.length > MAX_ITEM_IDS)
        throw new RpcError('invalidParams', `itemIds must contain 1 to ${MAX_ITEM_IDS} IDs`);
      const { turns } = await threadAtRest(deps, threadId);
      const turn = turns.find(({ id }) => id === turnId);
      const items = turn?.items.filter(({ id }) => itemIds.includes(id)) ?? [];
      return { data: items.map((item) => itemEntry(turnId, item)) };
    },
  };
}

/** Looks through the logs one after the other, newest first unless told; a client that leaves ends it. */
async function searchThreads(
  deps: HandlerDeps,
  params: ClientParams<'thread/search'>,
  { connection }: HandlerContext,
): Promise<ClientResult<'thread/search'>> {
  const term = requireTerm('thread/search', params.searchTerm);
  const limit = params.limit ?? THREADS_LIMIT;
  const isWanted = () => connection.isInitialized;
  const found: (PlacedThread & { readonly snippet: string })[] = [];
  for await (const placed of threadsInOrder(deps, params)) {
    if (!isWanted()) break;
    // A log that is gone meanwhile has nothing to find.
    const [first] = await searchLog(placed.summary.path, { term, limit: 1, isWanted }).catch(() => []);
    if (first) found.push({ ...placed, snippet: first.snippet });
    if (found.length > limit) break;
  }
  const data = found.slice(0, limit).map(({ thread, snippet }) => ({ thread, snippet }));
  return { data, ...cursorsOf(found, limit) };
}

async function searchOccurrences(
  { index }: HandlerDeps,
  { threadId, searchTerm, cursor, limit }: ClientParams<'thread/searchOccurrences'>,
  { connection }: HandlerContext,
): Promise<ClientResult<'thread/searchOccurrences'>> {
  const term = requireTerm('thread/searchOccurrences', searchTerm);
  const stored = (await index.find(threadId)) ?? (await index.findArchived(threadId));
  if (!stored) throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
  const start = cursor == null ? 0 : parseOffset(cursor);
  const end = start + (limit ?? OCCURRENCES_LIMIT);
  const isWanted = () => connection.isInitialized;
  const found = await searchLog(stored.path, { term, limit: end + 1, isWanted });
  return {
    data: found.slice(start, end).map((one) => ({ ...one, turnCursor: fromCursor(one.turnId) })),
    nextCursor: found.length > end ? `after:${end}` : null,
  };
}

/** A log only grows at its end, so a count of places holds. */
function parseOffset(cursor: string): number {
  const count = /^after:(\d{1,9})$/.exec(cursor)?.[1];
  if (count === undefined) throw new RpcError('invalidParams', `invalid cursor: ${cursor}`);
  return Number(count);
}

function requireTerm(method: string, searchTerm: string): string {
  if (searchTerm.trim() !== '') return searchTerm;
  throw new RpcError('invalidParams', `${method} requires a non-empty searchTerm`);
}
