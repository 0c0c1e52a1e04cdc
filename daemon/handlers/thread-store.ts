import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { resumeEvents } from '../../machines/protocol/resume-events.ts';
import type { HandlerContext, Handlers } from '../server/register.ts';
import type { StoredThread } from '../store/thread-index.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';
import { applyOverrides, follow, opened } from './open-thread.ts';
import { wholeThread } from './thread-read.ts';

type StoreMethods = 'thread/fork' | 'thread/archive' | 'thread/unarchive' | 'thread/delete' | 'thread/metadata/update';

export function threadStoreHandlers(deps: HandlerDeps): Pick<Handlers, StoreMethods> {
  const { index, broadcast } = deps;
  return {
    'thread/fork': (params, context) => fork(deps, params, context),
    'thread/archive': async ({ threadId }, context) => {
      const stored = await index.find(threadId);
      if (!stored) throw noRollout(threadId);
      await withdraw(deps, threadId, () => index.archive(stored));
      context.afterReply(() => broadcast.toAll({ method: 'thread/archived', params: { threadId } }));
      return {};
    },
    'thread/unarchive': async ({ threadId }, context) => {
      const archived = await index.findArchived(threadId);
      if (!archived) throw new RpcError('threadNotFound', `no archived rollout found for thread id ${threadId}`);
      const thread = await shown(deps, await index.unarchive(archived));
      context.afterReply(() => broadcast.toAll({ method: 'thread/unarchived', params: { threadId } }));
      return { thread };
    },
    'thread/delete': async ({ threadId }, context) => {
      await remove(deps, threadId);
      context.afterReply(() => broadcast.toAll({ method: 'thread/deleted', params: { threadId } }));
      return {};
    },
    'thread/metadata/update': (params) => updateMetadata(deps, params),
  };
}

async function fork(
  deps: HandlerDeps,
  params: ClientParams<'thread/fork'>,
  context: HandlerContext,
): Promise<ClientResult<'thread/fork'>> {
  const { connection } = context;
  const environment = environmentOf(connection, deps.home);
  const thread = await deps.registry.fork({
    threadId: params.threadId,
    bounds: { lastTurnId: params.lastTurnId ?? null, beforeTurnId: params.beforeTurnId ?? null },
    place: environment,
    overrides: params,
    originator: connection.facts?.name ?? 'codex',
    isEphemeral: params.ephemeral === true,
    threadSource: params.threadSource ?? null,
  });
  const { snapshot } = thread.feed;
  // At once: a thread that is not kept goes as soon as nobody follows it.
  follow(deps, thread, 'operator', context, connection.facts?.speaksOurs ? [] : resumeEvents(snapshot));
  await applyOverrides(deps, thread, { ...params, model: thread.settings.model }, connection);
  const started = { ...snapshot.thread, turns: [] };
  context.afterReply(() => thread.journal.announce({ method: 'thread/started', params: { thread: started } }));
  const answer = opened(thread, connection);
  return { ...answer, thread: params.excludeTurns ? started : answer.thread, notices: [] };
}

/** Takes a thread's log away from under its followers, who hear of it with everybody else. */
async function withdraw<T>(
  { registry, broadcast, mcp }: HandlerDeps,
  threadId: string,
  takeAway: () => Promise<T>,
): Promise<T> {
  return registry.withdraw(threadId, async () => {
    for (const connection of broadcast.followersOf(threadId)) connection.unfollow(threadId);
    mcp.close(threadId);
    try {
      return await takeAway();
    } catch (error) {
      throw error instanceof RpcError ? error : storeFailed(threadId, error);
    }
  });
}

/** First the log, which is the thread; what lies beside it can be removed again at leisure. */
async function remove(deps: HandlerDeps, threadId: string): Promise<void> {
  const { index, registry, facts } = deps;
  const stored = (await index.find(threadId)) ?? (await index.findArchived(threadId));
  if (!stored) {
    if (!registry.get(threadId)) throw noRollout(threadId);
    throw new RpcError('invalidRequest', `thread is not persisted and cannot be deleted: ${threadId}`);
  }
  await withdraw(deps, threadId, async () => {
    await rm(stored.path);
    await rm(join(deps.partialDir, threadId), { force: true });
    await index.dropName(threadId);
    deps.drafts.forget(threadId);
    facts.forget(threadId);
  });
}

async function updateMetadata(
  deps: HandlerDeps,
  { threadId, gitInfo }: ClientParams<'thread/metadata/update'>,
): Promise<ClientResult<'thread/metadata/update'>> {
  const { registry, index, facts } = deps;
  const loaded = await registry.current(threadId);
  if (loaded?.feed.snapshot.thread.ephemeral)
    throw new RpcError('invalidRequest', `ephemeral thread does not support metadata updates: ${threadId}`);
  const stored = (await index.find(threadId)) ?? (await index.findArchived(threadId));
  if (!stored) throw noRollout(threadId);
  const change = checkedPatch(gitInfo);
  const { gitInfo: known } = await shown(deps, stored);
  const patched = { sha: null, branch: null, originUrl: null, ...known, ...change };
  facts.change(threadId, { gitInfo: patched });
  loaded?.journal.announce({ method: 'thread/gitInfo/updated', params: { threadId, gitInfo: patched } });
  return { thread: await shown(deps, stored) };
}

type GitPatch = NonNullable<ClientParams<'thread/metadata/update'>['gitInfo']>;

/** The reference's words for a change that changes nothing. @throws RpcError invalidParams */
function checkedPatch(gitInfo: GitPatch | null | undefined): GitPatch {
  if (!gitInfo) throw new RpcError('invalidParams', 'thread metadata update must include at least one field');
  const given = Object.entries(gitInfo).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new RpcError('invalidParams', 'gitInfo must include at least one field');
  const empty = given.find(([, value]) => value === '');
  if (empty) throw new RpcError('invalidParams', `gitInfo.${empty[0]} must not be empty`);
  return Object.fromEntries(given);
}

/** A stored thread as it is listed. */
async function shown(deps: HandlerDeps, stored: StoredThread) {
  const { index, registry } = deps;
  const [summary, names] = await Promise.all([index.summarize(stored), index.names()]);
  if (!summary) return { ...(await wholeThread(deps, stored.threadId)), turns: [] };
  return registry.toWire(summary, names.get(stored.threadId) ?? null);
}

const noRollout = (threadId: string): RpcError =>
  new RpcError('threadNotFound', `no rollout found for thread id ${threadId}`);

const storeFailed = (threadId: string, cause: unknown): RpcError =>
  new RpcError('threadStoreFailed', `the log of thread ${threadId} cannot be moved or removed: ${messageOf(cause)}`, {
    cause,
  });
