import { randomUUID } from 'node:crypto';
import { RpcError } from '../../machines/core/errors.ts';
import type { ThreadReadState } from '../../machines/protocol/methods/thread-read-state.ts';
import type { ThreadFactsFile } from '../store/thread-facts.ts';
import type { Thread } from './thread.ts';

/** Where a reader is in a thread; one that nobody marked and that had no turn is read. */
export function readStateOf(facts: ThreadFactsFile, threadId: string): ThreadReadState {
  return facts.of(threadId).readState ?? { firstUnread: null, revision: `initial:${threadId}` };
}

/**
 * Marks a thread as read or unread. Who has not seen the latest is told of it instead.
 * @throws RpcError readStateConflict with the state as it is, threadStoreFailed
 */
export function markThread(
  facts: ThreadFactsFile,
  threadId: string,
  { operation, expectedRevision }: { operation: 'read' | 'unread'; expectedRevision: string },
): ThreadReadState {
  const known = readStateOf(facts, threadId);
  if (known.revision !== expectedRevision) {
    const data = { reason: 'readStateConflict', readState: known };
    throw new RpcError('readStateConflict', 'read state changed', { data });
  }
  const readState: ThreadReadState = {
    firstUnread: operation === 'read' ? null : { type: 'threadStart' },
    revision: randomUUID(),
  };
  facts.change(threadId, { readState });
  return readState;
}

/** A turn ended: what was read stays read, and this turn is the first unread one unless an older one is. */
export function noteTurnEnd(thread: Thread, turnId: string): void {
  if (thread.feed.snapshot.thread.ephemeral) return;
  const { facts, onInternalError } = thread.deps;
  const firstUnread = readStateOf(facts, thread.id).firstUnread ?? { type: 'turn' as const, turnId };
  const readState: ThreadReadState = { firstUnread, revision: randomUUID() };
  try {
    facts.change(thread.id, { readState });
  } catch (error) {
    // A turn that ended well is not spoiled by a mark that could not be kept.
    onInternalError(error, `read state of thread ${thread.id}`);
    return;
  }
  thread.journal.announce({ method: 'thread/readState/changed', params: { threadId: thread.id, readState } });
}
