import { RpcError } from '../../machines/core/errors.ts';
import type { ThreadIndex } from '../store/thread-index.ts';

/** Why a thread cannot be opened: it is archived, or no log has its id; then with the nearest ones that there are. */
export async function notFound(index: ThreadIndex, threadId: string): Promise<RpcError> {
  if (await index.findArchived(threadId)) {
    return new RpcError(
      'threadArchived',
      `session ${threadId} is archived. Run \`codex threads unarchive ${threadId}\` to unarchive it first.`,
    );
  }
  const stored = await index.list();
  const nearest = stored.filter(
    (known) => commonPrefix(known.threadId, threadId) >= 4 || known.threadId.includes(threadId),
  );
  const ids = (nearest.length > 0 ? nearest : stored).slice(0, 3).map((known) => known.threadId);
  const hint = ids.length > 0 ? ` Nearest: ${ids.join(', ')}.` : '';
  return new RpcError('threadNotFound', `no rollout found for thread id ${threadId}.${hint}`, {
    data: { nearest: ids },
  });
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
