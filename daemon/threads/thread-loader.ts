import { dirname, join } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import type { Thread as WireThread } from '../../machines/protocol/types/thread.ts';
import { AFTER_CRASH, type BreakWords, recoveryLines } from '../../machines/thread/recover.ts';
import { replayLine } from '../../machines/thread/replay.ts';
import type { SessionMeta } from '../../machines/thread/rollout-line.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';
import { PartialText } from '../store/partial-text.ts';
import { readRollout } from '../store/read-rollout.ts';
import { type LogPlace, Rollout } from '../store/rollout.ts';
import { auditLost } from './approvals.ts';
import { notFound } from './not-found.ts';
import { provideThread } from './provide-thread.ts';
import { type SleepingThread, toWoken } from './sleeping-threads.ts';
import { Thread } from './thread.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadOverrides, ThreadSetup } from './thread-setup.ts';
import { toSnapshot, toWireThread } from './thread-snapshot.ts';

/** What a log says. */
export interface ReadThread {
  readonly path: string;
  readonly meta: SessionMeta;
  readonly record: ThreadRecord;
}

/** A log that is gone on with. */
export interface OpenedLog {
  readonly log: Rollout;
  readonly record: ThreadRecord;
  /** The log as it was found. */
  readonly found: LogPlace;
  /** Whether nothing had been left open in it. */
  readonly isClosed: boolean;
}

/** What a thread is made of. */
export interface ThreadParts {
  readonly id: string;
  readonly log: Rollout;
  readonly record: ThreadRecord;
  readonly name: string | null;
  readonly setup: ThreadSetup;
  readonly overrides: ThreadOverrides;
  /** It slept, and goes on where it stopped. */
  readonly slept?: SleepingThread | null;
}

/** Makes threads from their logs. Who keeps them, and for how long, is the registry's. */
export class ThreadLoader {
  constructor(private readonly deps: ThreadDeps) {}

  /** What a stored thread's log says, without opening it. @throws RpcError threadNotFound, threadArchived */
  async read(threadId: string): Promise<ReadThread> {
    const stored = await this.deps.index.find(threadId);
    if (!stored) throw await notFound(this.deps.index, threadId);
    return this.readAt(threadId, stored.path);
  }

  /** The same for the log at a path. */
  async readAt(threadId: string, path: string): Promise<ReadThread> {
    const record = await readRollout(path);
    if (!record.meta) throw new RpcError('threadNotFound', `the log of thread ${threadId} has no first line: ${path}`);
    return { path, meta: record.meta, record };
  }

  /** Opens a log to go on with; what is left open in it is closed. @param words why it is */
  async open(threadId: string, path: string, words: BreakWords = AFTER_CRASH): Promise<OpenedLog> {
    const { record } = await this.readAt(threadId, path);
    const log = Rollout.open(path, this.deps.clock, record.ordinal);
    const found = log.place;
    const nowMs = this.deps.clock.now();
    const partial = this.partialOf(threadId);
    const lost = [...record.asides.values()];
    const recovery = recoveryLines(record, nowMs, partial.read(), words);
    log.append(recovery);
    for (const approval of lost) auditLost(this.deps, approval, nowMs);
    partial.clear();
    for (const line of recovery) replayLine(record, { ...line, timestamp: new Date(nowMs).toISOString() });
    return { log, record, found, isClosed: recovery.length === 0 };
  }

  make({ id, log, record, name, setup: { settings }, overrides, slept = null }: ThreadParts): Thread {
    if (!record.meta) throw new Error(`thread ${id} has no first line`);
    const facts = {
      path: log.path,
      name,
      isEphemeral: dirname(log.path) === this.deps.ephemeralDir,
      updatedAt: Math.floor(this.deps.clock.now() / 1000),
      status: { type: 'idle' as const },
      model: settings.model,
    };
    const wire = toWireThread(record.meta, record.preview, facts, record.turns);
    const stored = toSnapshot(record, this.corrected(wire), settings);
    const snapshot = slept ? toWoken(slept, stored) : stored;
    const provide = (made: Thread) => provideThread(made, record);
    return new Thread(id, this.deps, log, this.partialOf(id), record, snapshot, overrides, provide, slept);
  }

  /** With the repository facts that a client put in place of the log's. */
  corrected<T extends WireThread>(thread: T): T {
    const { gitInfo } = this.deps.facts.of(thread.id);
    return gitInfo === undefined ? thread : { ...thread, gitInfo };
  }

  private partialOf(threadId: string): PartialText {
    return new PartialText(join(this.deps.partialDir, threadId), this.deps.clock);
  }
}
