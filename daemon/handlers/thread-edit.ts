import { RpcError } from '../../machines/core/errors.ts';
import { parseResponseItem, type ResponseItem } from '../../machines/model/response-item.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import type { HandlerContext, Handlers } from '../server/register.ts';
import { requireRecorded } from '../threads/prompt-desk.ts';
import type { HandlerDeps } from './handler-deps.ts';

type EditMethods = 'thread/revert' | 'thread/inject_items';

/** Changes of what a thread's history says. The log is only ever added to: other programs read it as well. */
export function threadEditHandlers(deps: HandlerDeps): Pick<Handlers, EditMethods> {
  return {
    'thread/revert': (params, context) => revert(deps, params, context),
    'thread/inject_items': async ({ threadId, items }) => {
      const added = items.map(toItem);
      const thread = await deps.registry.load(threadId);
      deps.registry.retain(threadId);
      requireRecorded(thread.journal.record(added.map((payload) => ({ type: 'response_item', payload }))));
      thread.history.push(...added);
      return {};
    },
  };
}

async function revert(
  { registry, broadcast }: HandlerDeps,
  { threadId, beforeTurnId }: ClientParams<'thread/revert'>,
  context: HandlerContext,
): Promise<ClientResult<'thread/revert'>> {
  const thread = await registry.load(threadId);
  registry.retain(threadId);
  if (thread.isBusy)
    throw new RpcError(
      'threadBusy',
      `thread ${threadId} works: interrupt its turn or wait for its end, then try again`,
    );
  const { turns } = thread.feed.snapshot.thread;
  const at = turns.findIndex(({ id }) => id === beforeTurnId);
  if (at < 0) throw new RpcError('turnNotFound', `turn not found: ${beforeTurnId}`);
  const payload = { type: 'thread_rolled_back', num_turns: turns.length - at };
  requireRecorded(thread.journal.record([{ type: 'event_msg', payload }]));
  const fresh = await registry.readAnew(thread);
  context.afterReply(() => broadcast.toAll({ method: 'thread/reverted', params: { threadId } }));
  return { thread: fresh.feed.snapshot.thread, itemsBackwardsCursor: null, turnsBackwardsCursor: null };
}

/** @throws RpcError invalidParams naming the item */
function toItem(raw: unknown, index: number): ResponseItem {
  const item = parseResponseItem(raw);
  if (!item) throw new RpcError('invalidParams', `items[${index}] is not a valid response item`);
  return item;
}
