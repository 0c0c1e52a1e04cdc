import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { afterCursor, pageOf } from '../../machines/protocol/page.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Turn } from '../../machines/protocol/types/thread.ts';
import type { Handlers } from '../server/register.ts';
import type { HandlerDeps } from './handler-deps.ts';
import { threadAtRest } from './thread-read.ts';

type HistoryMethods =
  | 'thread/turns/list'
  | 'thread/items/list'
  | 'thread/loaded/list'
  | 'thread/backgroundTerminals/list';

export function threadHistoryHandlers(deps: HandlerDeps): Pick<Handlers, HistoryMethods> {
  return {
    'thread/turns/list': async ({ itemsView, ...params }) => {
      const turns = await turnsOf(deps, params.threadId);
      const page = pageOf(turns, ({ id }) => id, params, { limit: 25, sortDirection: 'desc' });
      return { ...page, data: page.data.map((turn) => viewOf(turn, itemsView ?? 'summary')) };
    },
    'thread/items/list': (params) => listItems(deps, params),
    'thread/loaded/list': (params) => {
      const ids = deps.registry.ids.filter((id) => deps.registry.get(id)?.isKeptApart !== true);
      const { data, nextCursor } = pageOf(ids, (id) => id, params, { limit: 1_000, sortDirection: 'asc' });
      return { data, nextCursor };
    },
    'thread/backgroundTerminals/list': async (params) => {
      await requireStored(deps, params.threadId);
      const running = terminalsOf(deps, params.threadId);
      const { data, nextCursor } = pageOf(running, ({ processId }) => processId, params, {
        limit: 1_000,
        sortDirection: 'asc',
      });
      return { data, nextCursor };
    },
  };
}

async function turnsOf(deps: HandlerDeps, threadId: string): Promise<readonly Turn[]> {
  return (await threadAtRest(deps, threadId)).turns;
}

async function requireStored({ registry, index }: HandlerDeps, threadId: string): Promise<void> {
  if (registry.snapshotOf(threadId) || (await index.find(threadId))) return;
  throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
}

function viewOf(turn: Turn, itemsView: Turn['itemsView']): Turn {
  return {
    ...turn,
    itemsView,
    items: itemsView === 'full' ? turn.items : itemsView === 'summary' ? summary(turn) : [],
  };
}

/** The prompt and the last answer. */
function summary({ items }: Turn): ThreadItem[] {
  const prompt = items.find(({ type }) => type === 'userMessage');
  const answer = items.findLast(({ type }) => type === 'agentMessage');
  return [prompt, answer].filter((item) => item !== undefined);
}

async function listItems(
  deps: HandlerDeps,
  { turnId, cursor, ...params }: ClientParams<'thread/items/list'>,
): Promise<ClientResult<'thread/items/list'>> {
  const turns = await turnsOf(deps, params.threadId);
  const entries = turns
    .filter(({ id }) => turnId == null || id === turnId)
    .flatMap(({ id, items }) => items.map((item) => itemEntry(id, item)));
  const anchor = typeof cursor === 'object' && cursor ? afterCursor(`${turnId ?? ''}/${cursor.itemId}`) : cursor;
  const request = { ...params, cursor: typeof anchor === 'string' ? anchor : null };
  return pageOf(entries, (entry) => `${entry.turnId}/${entry.item.id}`, request, { limit: 100, sortDirection: 'asc' });
}

/** An item with its turn and times (protocol.md §10: ThreadItemEntry). */
export const itemEntry = (turnId: string, item: ThreadItem) => ({
  turnId,
  item,
  startedAtMs: item.startedAtMs ?? null,
  completedAtMs: item.completedAtMs ?? null,
});

/** The commands that run, with the words and the folder that their items show. */
function terminalsOf({ registry }: HandlerDeps, threadId: string) {
  const thread = registry.get(threadId);
  if (!thread) return [];
  const { turns, cwd } = thread.feed.snapshot.thread;
  const itemOf = (callId: string) =>
    turns.flatMap(({ items }) => items).findLast((item) => item.type === 'commandExecution' && item.id === callId);
  return thread.deps.tools.processes
    .list()
    .filter((process) => process.threadId === threadId && process.isRunning)
    .map(({ callId, sessionId, pid, argv }) => {
      const item = itemOf(callId);
      const shown = item?.type === 'commandExecution' ? item : { command: argv.join(' '), cwd };
      return { itemId: callId, processId: String(sessionId), osPid: pid, command: shown.command, cwd: shown.cwd };
    });
}
