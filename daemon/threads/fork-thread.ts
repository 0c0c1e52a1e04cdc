import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import { createUuidV7 } from '../../machines/core/ids.ts';
import { VERSION } from '../../machines/core/version.ts';
import type { Turn } from '../../machines/protocol/types/thread.ts';
import { AFTER_FORK } from '../../machines/thread/recover.ts';
import type { SessionMeta } from '../../machines/thread/rollout-line.ts';
import { type CopyBounds, copyRollout } from '../store/copy-rollout.ts';
import { rolloutPath } from '../store/paths.ts';
import { Rollout } from '../store/rollout.ts';
import type { StartRequest } from './begin-thread.ts';
import { originatorName } from './begin-thread.ts';
import { readGitInfo } from './git-info.ts';
import type { Thread } from './thread.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadLoader } from './thread-loader.ts';
import { setUpStored } from './thread-setup.ts';

/** The thread to be copied, as it is now. */
export interface ForkSource {
  readonly path: string;
  readonly meta: SessionMeta;
  readonly turns: readonly Turn[];
  readonly cwd: string;
  readonly model: string | null;
}

/** A loaded thread as it is now. @throws RpcError threadNotFound for one that is not kept */
export function sourceOf({ id, meta, settings, journal, feed }: Thread): ForkSource {
  const { turns, ephemeral } = feed.snapshot.thread;
  if (ephemeral) throw new RpcError('threadNotFound', `no rollout found for thread id ${id}`);
  const { cwd, model } = settings;
  return { path: journal.rollout.path, meta, turns, cwd, model };
}

/** A thread that is only stored. @throws RpcError threadNotFound, threadArchived */
export async function storedSource(loader: ThreadLoader, threadId: string): Promise<ForkSource> {
  const { path, meta, record } = await loader.read(threadId);
  const { cwd, model } = record.lastContext ?? { cwd: meta.cwd, model: null };
  return { path, meta, turns: record.turns, cwd, model };
}

export interface ForkRequest extends Omit<StartRequest, 'dynamicTools'> {
  readonly threadId: string;
  readonly bounds: CopyBounds;
}

/**
 * A new thread with a copy of another one's history, ready to be used.
 * @throws RpcError turnNotFound, invalidParams, threadStoreFailed
 */
export async function forkThread(
  deps: ThreadDeps,
  sessionsDir: string,
  loader: ThreadLoader,
  source: ForkSource,
  { bounds, place, overrides, originator, ...kind }: ForkRequest,
): Promise<Thread> {
  const cwd = overrides.cwd ?? source.cwd;
  const fork = await writeFork(deps, sessionsDir, { ...kind, source, bounds, cwd, originator });
  const wanted = { ...overrides, cwd, model: overrides.model ?? source.model };
  try {
    const { log, record } = await loader.open(fork.threadId, fork.path, AFTER_FORK);
    const setup = await setUpStored(deps, record, wanted, place.variables);
    return loader.make({ id: fork.threadId, log, record, name: null, setup, overrides: wanted });
  } catch (error) {
    await deps.removeLog(fork.path);
    throw error;
  }
}

interface ForkPlan {
  readonly source: ForkSource;
  readonly bounds: CopyBounds;
  readonly cwd: string;
  readonly originator: string;
  readonly isEphemeral: boolean;
  readonly threadSource: string | null;
}

/** Writes the log of a fork: a first line of its own, then the copied history. A copy that fails leaves nothing behind. */
async function writeFork(
  deps: ThreadDeps,
  sessionsDir: string,
  { source, bounds, cwd, originator, isEphemeral, threadSource }: ForkPlan,
): Promise<{ threadId: string; path: string }> {
  checkBounds(source.turns, bounds);
  const threadId = createUuidV7(deps.ids);
  const now = new Date(deps.clock.now());
  const path = isEphemeral ? join(deps.ephemeralDir, `${threadId}.jsonl`) : rolloutPath(sessionsDir, threadId, now);
  // Who forks it need not be who answers its tools.
  const { dynamic_tools: _, ...meta } = source.meta;
  const git = await readGitInfo(cwd);
  const log = Rollout.create(path, deps.clock);
  try {
    const own: SessionMeta = {
      ...meta,
      id: threadId,
      session_id: threadId,
      forked_from_id: meta.id,
      timestamp: now.toISOString(),
      cwd,
      originator: originatorName(originator),
      cli_version: VERSION,
      git,
    };
    log.append([{ type: 'session_meta', payload: withSource(own, threadSource) }]);
    await copyRollout(source.path, log, bounds);
    await log.close();
    return { threadId, path };
  } catch (error) {
    await log.close();
    unlinkSync(path);
    throw error;
  }
}

function withSource({ thread_source: _, ...meta }: SessionMeta, threadSource: string | null): SessionMeta {
  return threadSource === null ? meta : { ...meta, thread_source: threadSource };
}

/** The reference's words for a place that a fork cannot end at. @throws RpcError invalidParams, turnNotFound */
function checkBounds(turns: readonly Turn[], { lastTurnId, beforeTurnId }: CopyBounds): void {
  if (lastTurnId !== null && beforeTurnId !== null)
    throw new RpcError('invalidParams', '`beforeTurnId` cannot be combined with `lastTurnId`');
  const wanted = lastTurnId ?? beforeTurnId;
  if (wanted === null) return;
  const turn = turns.find(({ id }) => id === wanted);
  if (!turn) throw new RpcError('turnNotFound', `turn not found: ${wanted}`);
  if (lastTurnId !== null && turn.status === 'inProgress')
    throw new RpcError('invalidParams', `lastTurnId '${wanted}' identifies an in-progress turn`);
}
