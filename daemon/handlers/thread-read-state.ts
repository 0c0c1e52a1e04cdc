import { RpcError } from '../../machines/core/errors.ts';
import type { Handlers } from '../server/register.ts';
import { markThread } from '../threads/read-state.ts';
import type { HandlerDeps } from './handler-deps.ts';

export function threadReadStateHandlers(deps: HandlerDeps): Pick<Handlers, 'thread/readState/update'> {
  const { registry, index, facts } = deps;
  return {
    'thread/readState/update': async ({ threadId, operation, expectedRevision }, context) => {
      const loaded = await registry.current(threadId);
      if (loaded?.feed.snapshot.thread.ephemeral) throw new RpcError('invalidRequest', 'thread read state unavailable');
      const isStored = loaded || (await index.find(threadId)) || (await index.findArchived(threadId));
      if (!isStored) throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
      const readState = markThread(facts, threadId, { operation: operation.type, expectedRevision });
      const params = { threadId, readState };
      context.afterReply(() => loaded?.journal.announce({ method: 'thread/readState/changed', params }));
      return { readState };
    },
  };
}
