import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { turnsAtRest } from '../../machines/protocol/resume-events.ts';
import type { Thread as WireThread } from '../../machines/protocol/types/thread.ts';
import { readStateOf } from '../threads/read-state.ts';
import type { HandlerDeps } from './handler-deps.ts';

/** `thread/read`: what is known of a thread, archived or not. */
export async function readThread(
  deps: HandlerDeps,
  { threadId, includeTurns }: ClientParams<'thread/read'>,
): Promise<ClientResult<'thread/read'>> {
  const thread = await wholeThread(deps, threadId);
  return {
    thread: includeTurns ? thread : { ...thread, turns: [] },
    readState: thread.ephemeral ? null : readStateOf(deps.facts, threadId),
  };
}

/** A thread with all its turns; an archived one is read without being loaded. @throws RpcError threadNotFound */
export async function wholeThread({ registry, index }: HandlerDeps, threadId: string): Promise<WireThread> {
  const archived = registry.snapshotOf(threadId) ? null : await index.findArchived(threadId);
  if (!archived) {
    const thread = await registry.load(threadId).catch(asNotLoaded(threadId));
    registry.release(threadId);
    return thread.feed.snapshot.thread;
  }
  const [summary, names] = await Promise.all([index.summarize(archived), index.names()]);
  if (!summary) throw new RpcError('threadNotFound', `thread not loaded: ${threadId}`);
  return { ...registry.toWire(summary, names.get(threadId) ?? null), turns: await registry.turnsAt(archived) };
}

/** The same without what is still being said: that comes as events. */
export async function threadAtRest(deps: HandlerDeps, threadId: string): Promise<WireThread> {
  const thread = await wholeThread(deps, threadId);
  return { ...thread, turns: turnsAtRest({ thread }) };
}

/** The reference's words for reading an unknown thread (protocol.md §2). */
export function asNotLoaded(threadId: string) {
  return (error: unknown): never => {
    if (!(error instanceof RpcError) || error.errorName !== 'threadNotFound') throw error;
    throw new RpcError('threadNotFound', `thread not loaded: ${threadId}`, { data: error.data });
  };
}
