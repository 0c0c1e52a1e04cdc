import { RpcError } from '../../machines/core/errors.ts';
import type { Handlers } from '../server/register.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type ApprovalMethods = 'approval/list' | 'approval/respond' | 'thread/why';

export function approvalHandlers({ registry, restored, home }: HandlerDeps): Pick<Handlers, ApprovalMethods> {
  return {
    'approval/list': async ({ threadId }) => {
      await restored;
      const threads = registry.all.filter(({ id }) => threadId == null || id === threadId);
      const open = threads.flatMap(({ feed }) => feed.snapshot.approvals);
      return { data: open.sort((a, b) => a.startedAtMs - b.startedAtMs) };
    },
    'approval/respond': ({ threadId, approvalId, decision, content = null }, { connection }) => {
      const thread = registry.get(threadId);
      if (!thread) throw new RpcError('approvalNotFound', `no question ${approvalId} waits in thread ${threadId}`);
      thread.answer({ approvalId, decision, content, by: connection.tag }, environmentOf(connection, home));
      return {};
    },
    'thread/why': async ({ threadId }) => {
      const thread = await registry.load(threadId);
      registry.release(threadId);
      return { isRunning: thread.isRunning, chain: thread.waitingChain };
    },
  };
}
