import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import type { Presence, Thread as WireThread } from '../../machines/protocol/types/thread.ts';
import { readStateOf } from '../threads/read-state.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { afterPlace, fromPlace, type PlacedThread, threadsInOrder } from './thread-order.ts';

const DEFAULT_LIMIT = 25;

type Filter = (placed: PlacedThread) => boolean;

/**
 * One page of stored threads; only as many heads are read as the page needs.
 * @param includeOpen also threads without a prompt that somebody has open: a second terminal has to find them
 */
export async function listThreads(
  deps: HandlerDeps,
  params: ClientParams<'thread/list'>,
  includeOpen = false,
): Promise<ClientResult<'thread/list'>> {
  const limit = params.limit ?? DEFAULT_LIMIT;
  await deps.restored;
  const found: PlacedThread[] = [];
  const isWanted = toFilter(params, (threadId) => includeOpen && presenceIn(deps, threadId).length > 0);
  for await (const placed of isOfNothing(params) ? [] : threadsInOrder(deps, params)) {
    if (isWanted(placed)) found.push(placed);
    if (found.length > limit) break;
  }
  const data = found.slice(0, limit).map(({ thread }) => thread);
  return {
    data,
    ...cursorsOf(found, limit),
    readStates: Object.fromEntries(data.map(({ id }) => [id, readStateOf(deps.facts, id)])),
    presence: presenceOf(deps, data),
  };
}

/** @param found the page and, if there is more, the thread behind it */
export function cursorsOf(found: readonly PlacedThread[], limit: number) {
  const [first, last] = [found[0], found[limit - 1]];
  return {
    nextCursor: last && found.length > limit ? afterPlace(last.place) : null,
    backwardsCursor: first ? fromPlace(first.place) : null,
  };
}

/** A list of a section, a project or the threads below another one: there are none here. */
function isOfNothing(params: ClientParams<'thread/list'>): boolean {
  const { sectionId, projectId, parentThreadId, ancestorThreadId, attachedToThreadId } = params;
  return [sectionId, projectId, parentThreadId, ancestorThreadId, attachedToThreadId].some((id) => id != null);
}

function toFilter(
  { cwd, searchTerm, modelProviders, excludedThreadIds }: ClientParams<'thread/list'>,
  isOpen: (threadId: string) => boolean,
): Filter {
  const folders = typeof cwd === 'string' ? [cwd] : cwd;
  const term = searchTerm?.toLowerCase();
  return ({ summary, thread }) =>
    (summary.head.hasPrompt || thread.status.type === 'active' || isOpen(thread.id)) &&
    !excludedThreadIds?.includes(thread.id) &&
    (!folders || folders.includes(thread.cwd)) &&
    (!modelProviders?.length || modelProviders.includes(thread.modelProvider)) &&
    (!term || `${thread.name ?? ''} ${thread.preview}`.toLowerCase().includes(term));
}

const presenceIn = ({ registry }: HandlerDeps, threadId: string): readonly Presence[] =>
  registry.snapshotOf(threadId)?.presence ?? [];

function presenceOf(deps: HandlerDeps, page: readonly WireThread[]) {
  return Object.fromEntries(
    page.flatMap(({ id }) => {
      const presence = [...presenceIn(deps, id)];
      return presence.length > 0 ? [[id, presence]] : [];
    }),
  );
}
