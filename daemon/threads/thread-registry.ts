import { RpcError } from '../../machines/core/errors.ts';
import type { ThreadSnapshot, Turn, Thread as WireThread } from '../../machines/protocol/types/thread.ts';
import type { StoredThread, ThreadSummary } from '../store/thread-index.ts';
import { beginThread, type StartRequest } from './begin-thread.ts';
import type { Followers } from './followers.ts';
import { type ForkRequest, forkThread, sourceOf, storedSource } from './fork-thread.ts';
import { IdleTimers } from './idle-timers.ts';
import { notFound } from './not-found.ts';
import { isAsLeft, type SleepingThread, toSleeping } from './sleeping-threads.ts';
import type { Thread } from './thread.ts';
import type { ThreadDeps } from './thread-deps.ts';
import { ThreadLoader } from './thread-loader.ts';
import { setUpStored, type ThreadOverrides, type ThreadSetup, type WorkPlace } from './thread-setup.ts';
import { toWireThread } from './thread-snapshot.ts';

export interface OpenedThread {
  readonly thread: Thread;
  readonly setup: ThreadSetup;
}

/** The loaded threads: starts, loads and lets go of them. A thread has one writer, and it is this. */
export class ThreadRegistry {
  private readonly loaded = new Map<string, Thread>();
  private readonly loading = new Map<string, Promise<Thread>>();
  private readonly closing = new Map<string, Promise<void>>();
  private readonly loader: ThreadLoader;
  private readonly idle: IdleTimers;
  /** Idle threads that are followed and not loaded: to their followers they are as ever. */
  private readonly sleeping = new Map<string, SleepingThread>();

  constructor(
    private readonly deps: ThreadDeps,
    private readonly sessionsDir: string,
    private readonly followers: Followers,
    private readonly onClosed: (thread: Thread) => void,
  ) {
    this.loader = new ThreadLoader(deps);
    this.idle = new IdleTimers(deps.clock);
  }

  get all(): readonly Thread[] {
    return [...this.loaded.values()];
  }

  get(threadId: string): Thread | undefined {
    return this.loaded.get(threadId);
  }

  /** A thread that its clients take for loaded: loaded again when it sleeps; undefined when it is only stored. */
  async current(threadId: string): Promise<Thread | undefined> {
    return this.sleeping.has(threadId) ? this.load(threadId) : this.loaded.get(threadId);
  }

  /** The state of such a thread, without its turns when it sleeps. */
  snapshotOf(threadId: string): ThreadSnapshot | undefined {
    return this.loaded.get(threadId)?.feed.snapshot ?? this.sleeping.get(threadId)?.shell;
  }

  /** The ids of such threads. */
  get ids(): readonly string[] {
    return [...this.loaded.keys(), ...this.sleeping.keys()];
  }

  /** Makes and stores a thread. @throws RpcError as setUpThread does, threadStoreFailed */
  async start(request: StartRequest): Promise<OpenedThread> {
    const parts = await beginThread(this.deps, this.sessionsDir, request);
    return { thread: this.keep(this.loader.make(parts)), setup: parts.setup };
  }

  /**
   * A loaded thread, loaded from its log if need be. @param overrides used only when it has to be loaded
   * @throws RpcError threadNotFound with the nearest ids, threadArchived, threadStoreFailed
   */
  async load(
    threadId: string,
    overrides: ThreadOverrides = {},
    variables: WorkPlace['variables'] = {},
  ): Promise<Thread> {
    // A thread that is being let go is loaded only after its log was closed, or removed.
    await this.closing.get(threadId);
    const known = this.loaded.get(threadId) ?? this.loading.get(threadId);
    if (known) return known;
    const loading = this.read(threadId, overrides, variables).finally(() => this.loading.delete(threadId));
    this.loading.set(threadId, loading);
    return loading;
  }

  /**
   * A new thread with a copy of another one's history.
   * @throws RpcError threadNotFound, threadArchived, turnNotFound, invalidParams, threadStoreFailed
   */
  async fork(request: ForkRequest): Promise<Thread> {
    const { threadId } = request;
    const loaded = (await this.current(threadId)) ?? (await this.loading.get(threadId));
    const source = loaded ? sourceOf(loaded) : await storedSource(this.loader, threadId);
    return this.keep(await forkThread(this.deps, this.sessionsDir, this.loader, source, request));
  }

  /**
   * Lets go of a thread for something that takes its log away; until that is done nobody can load it.
   * @throws RpcError threadBusy while a turn runs
   */
  async withdraw<T>(threadId: string, takeAway: () => Promise<T>): Promise<T> {
    await this.closing.get(threadId);
    const thread = (await this.current(threadId)) ?? (await this.loading.get(threadId));
    if (thread?.isAtWork) {
      throw new RpcError(
        'threadBusy',
        `thread ${threadId} works: interrupt its turn or wait for its end, then try again`,
      );
    }
    const run = async () => {
      if (thread) await this.drop(thread);
      return takeAway();
    };
    const done = run();
    this.closing.set(
      threadId,
      done.then(
        () => {},
        () => {},
      ),
    );
    return done.finally(() => this.closing.delete(threadId));
  }

  /**
   * Reads a thread again when nothing runs and its log is no longer ours alone: another program wrote to it, or a
   * write failed.
   */
  async refresh(thread: Thread): Promise<Thread> {
    const { rollout } = thread.journal;
    return thread.isBusy || !(rollout.isBroken || rollout.hasForeignLines()) ? thread : this.readAnew(thread);
  }

  /** Its followers go on with a snapshot. */
  async readAnew(thread: Thread): Promise<Thread> {
    await this.unload(thread, { forGood: false });
    const fresh = await this.load(thread.id, thread.overrides);
    fresh.policies.adopt(thread.policies);
    this.followers.move(fresh);
    return fresh;
  }

  /**
   * Lets go of a thread after a while without work. With followers it sleeps: they notice nothing, and the next call
   * loads it again. Without, it is closed; one that never got a prompt is removed then.
   */
  release(threadId: string): void {
    const thread = this.loaded.get(threadId);
    if (!thread || this.idle.isRunning(threadId) || !this.mayGo(thread)) return;
    this.idle.start(threadId, thread.isEphemeral ? 0 : this.deps.limits.unloadAfterMs, () => {
      if (this.loaded.get(threadId) === thread) this.letGoIfIdle(thread);
    });
  }

  /** Somebody uses it: its while begins anew. */
  retain(threadId: string): void {
    this.idle.stop(threadId);
    this.release(threadId);
  }

  /** A follower left a thread: the others are told, also when it sleeps. */
  async left(threadId: string): Promise<void> {
    const thread = await this.current(threadId);
    if (!thread) return;
    this.followers.tellPresence(thread);
    this.retain(threadId);
  }

  /** Settles when no turn runs, or only turns that wait for a person. */
  async whenResting(): Promise<void> {
    await Promise.all(this.all.map((thread) => thread.whenResting()));
  }

  /** Stops every turn but those that wait for a person, then lets go of every thread. */
  async closeAll(): Promise<void> {
    this.sleeping.clear();
    await Promise.all(this.all.map((thread) => this.unload(thread, { forGood: false })));
  }

  /** The turns of a log that is not opened: of an archived thread. */
  async turnsAt({ threadId, path }: StoredThread): Promise<Turn[]> {
    return (await this.loader.readAt(threadId, path)).record.turns;
  }

  /** A stored thread as a listing shows it; a loaded one as it is now. */
  toWire(summary: ThreadSummary, name: string | null): WireThread {
    const known = this.snapshotOf(summary.threadId);
    const { updatedAt } = summary;
    if (known) return { ...known.thread, name, turns: [], updatedAt, recencyAt: updatedAt };
    const facts = {
      path: summary.path,
      name,
      updatedAt,
      status: { type: 'notLoaded' as const },
      model: summary.head.model,
    };
    return this.loader.corrected(toWireThread(summary.head.meta, summary.head.preview, facts, []));
  }

  /** An ephemeral thread has no log that it could be loaded from: it stays until its last client leaves. */
  private mayGo(thread: Thread): boolean {
    return !thread.isBusy && !(thread.isEphemeral && this.followers.count(thread.id) > 0);
  }

  private letGoIfIdle(thread: Thread): void {
    if (!this.mayGo(thread)) return;
    if (this.followers.count(thread.id) === 0) void this.unload(thread, { forGood: true });
    // A follower that lags is still being sent what happened.
    else if (this.followers.isLagging(thread.id)) this.release(thread.id);
    else void this.putToSleep(thread);
  }

  private async putToSleep(thread: Thread): Promise<void> {
    const asleep = this.unload(thread, { forGood: false });
    this.sleeping.set(thread.id, toSleeping(thread));
    this.followers.sleep(thread.id);
    await asleep;
  }

  private async read(threadId: string, overrides: ThreadOverrides, variables: WorkPlace['variables']): Promise<Thread> {
    const stored = await this.deps.index.find(threadId);
    if (!stored) throw await notFound(this.deps.index, threadId);
    const { log, record, found, isClosed } = await this.loader.open(threadId, stored.path);
    const setup = await setUpStored(this.deps, record, overrides, variables);
    const name = (await this.deps.index.names()).get(threadId) ?? null;
    const slept = this.sleeping.get(threadId);
    if (!slept) {
      const fresh = this.keep(this.loader.make({ id: threadId, log, record, name, setup, overrides }));
      await fresh.whenLoaded();
      return fresh;
    }
    this.sleeping.delete(threadId);
    const isSame = isAsLeft(slept, found) && isClosed;
    const made = { id: threadId, log, record, name, setup, overrides: slept.overrides, slept: isSame ? slept : null };
    const thread = this.keep(this.loader.make(made));
    thread.policies.adopt(slept.policies);
    if (isSame) this.followers.wake(thread, slept.seq);
    else this.followers.move(thread);
    // Whoever had it loaded need not keep it.
    this.release(threadId);
    return thread;
  }

  /** From here on the registry is the thread's one owner. */
  private keep(thread: Thread): Thread {
    this.loaded.set(thread.id, thread);
    return thread;
  }

  /** Tells everybody that a thread is no longer in memory, and closes it. */
  private async drop(thread: Thread): Promise<void> {
    this.idle.stop(thread.id);
    this.loaded.delete(thread.id);
    const params = { threadId: thread.id, status: { type: 'notLoaded' as const } };
    thread.journal.announce({ method: 'thread/status/changed', params });
    await thread.unload();
  }

  private async unload(thread: Thread, options: { forGood: boolean }): Promise<void> {
    this.idle.stop(thread.id);
    this.loaded.delete(thread.id);
    const closing = this.letGo(thread, options).finally(() => this.closing.delete(thread.id));
    this.closing.set(thread.id, closing);
    await closing;
  }

  private async letGo(thread: Thread, { forGood }: { forGood: boolean }): Promise<void> {
    await thread.unload();
    const isEmpty = forGood && !thread.hasPrompt && !this.deps.hasDraft(thread.id);
    if (thread.isEphemeral || isEmpty) await this.deps.removeLog(thread.journal.rollout.path);
    if (forGood) this.onClosed(thread);
  }
}
