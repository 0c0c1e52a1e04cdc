import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../machines/core/version.ts';
import { ActorList } from './actor-list.ts';
import { announceAuth, createHomeAuth } from './auth/home-auth.ts';
import { type OwnSettings, readOwnSettings } from './config/own-settings.ts';
import { type DaemonLife, startLife } from './daemon-life.ts';
import { systemClock } from './deps.ts';
import { createExecution, type Execution } from './exec/execution.ts';
import type { HandlerDeps } from './handlers/handler-deps.ts';
import { createHandlers } from './handlers/index.ts';
import { userAgent } from './handlers/initialize.ts';
import { createStatus } from './handlers/status.ts';
import type { Logger } from './log/logger.ts';
import { createMcpServers } from './mcp/mcp-servers.ts';
import { AccountLimits } from './model/account-limits.ts';
import { createChooseProvider } from './model/choose-provider.ts';
import { copyExample } from './model/practice/example.ts';
import { createPracticeAnswers } from './model/practice-answers.ts';
import { createAccept } from './server/accept-clients.ts';
import { sweepTokens } from './server/bearer-token.ts';
import { createBelongings } from './server/belongings.ts';
import { Broadcast } from './server/broadcast.ts';
import { Doors } from './server/doors.ts';
import { withStartLock } from './server/lock.ts';
import { bindHandlers } from './server/register.ts';
import { listen, type SocketServer } from './server/socket-server.ts';
import type { Reception } from './server/web-sockets.ts';
import { homePaths } from './store/paths.ts';
import { createStores, type Stores } from './store/stores.ts';
import { restoreWaiting } from './threads/restore-waiting.ts';
import type { ThreadDeps } from './threads/thread-deps.ts';
import { ThreadRegistry } from './threads/thread-registry.ts';

export interface DaemonOptions {
  /** Real path of the home folder. */
  readonly home: string;
  /** Folder of the built programs: the patch writer, the keychain process, the example. */
  readonly programs: string;
  readonly startedBy: 'user' | 'client';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

export interface Daemon {
  readonly socketPath: string;
  stop(reason: string): void;
  /** Settles when the daemon has stopped. */
  readonly stopped: Promise<void>;
}

/** Wires all parts together and starts to listen. @throws when another daemon answers, or the socket cannot be bound */
export async function createDaemon(options: DaemonOptions): Promise<Daemon> {
  const base = createBase(options, await readOwnSettings(options.home));
  const { paths, own, logger, clock } = base;
  const { life, stores, execution, doors, registry, reception, listener, tellRestored } = createParts(base);

  mkdirSync(paths.daemonDir, { recursive: true, mode: 0o700 });
  try {
    listener.server = await withStartLock(paths.lockPath, () =>
      listen({ kind: 'own', socketPath: paths.socketPath }, reception),
    );
  } catch (error) {
    life.startFailed(error);
    throw error;
  }
  sweepTokens(paths.daemonDir);
  await stores.sweep();
  await execution.sweep();
  if (own.controlSocket) await doors.listenForReference();
  life.listening();
  void restoreWaiting({ registry, questionMarks: stores.questionMarks, logger, clock }).then(tellRestored);
  logger.info('listening', { socket: paths.socketPath, build: VERSION, startedBy: options.startedBy });
  return { socketPath: paths.socketPath, stop: life.stop, stopped: life.stopped() };
}

/** What every part is made from. */
function createBase(options: DaemonOptions, own: OwnSettings) {
  const { home, startedBy, logger, programs } = options;
  const clock = systemClock;
  const actors = new ActorList(clock.now);
  return {
    ...options,
    own,
    clock,
    actors,
    inspect: actors.inspect,
    paths: homePaths(home),
    ids: { now: clock.now, randomBytes: (count: number) => new Uint8Array(randomBytes(count)) },
    instanceId: randomUUID(),
    startedAtMs: clock.now(),
    idleExitMinutes: startedBy === 'user' ? 0 : own.idleExitMinutes,
    keychainEntry: join(programs, 'keychain-process.cjs'),
    onInternalError: (error: unknown, where: string) => logger.error(where, error),
  };
}
type Base = ReturnType<typeof createBase>;

/** Who signs requests to the model, and what is left of the plan. */
function createAccount(base: Base, broadcast: Broadcast) {
  const { auth, store: authStore } = createHomeAuth({ ...base, broadcast });
  const accountLimits = new AccountLimits(base.clock);
  auth.onChange(({ type }) => type === 'accountUpdated' && accountLimits.forget());
  return { auth, authStore, accountLimits, chooseProvider: createChooseProvider(auth) };
}
type Account = ReturnType<typeof createAccount>;

/** All parts. What one needs of a later one it is given as a function, called when all are there. */
function createParts(base: Base) {
  const { home, programs, paths, own, clock, ids, inspect, logger, env, onInternalError } = base;
  const execution = createExecution({ clock, randomBytes: ids.randomBytes, ledgerPath: paths.ledgerPath, inspect });
  const { spawnCommand } = execution;
  const stores = createStores(paths, clock, (message) => logger.error('audit', new Error(message)));
  const broadcast = new Broadcast(clock.now);
  const account = createAccount(base, broadcast);
  const belongings = createBelongings({
    spawnCommand,
    clock,
    matcherEntry: join(programs, 'file-matcher.cjs'),
    searchPath: env.PATH ?? '',
  });
  const { mcp, mcpOauth } = createMcpServers({
    home,
    clock,
    spawnCommand,
    tellAll: (notification) => broadcast.toAll(notification),
    lingerMs: own.limits.unloadAfterMs,
    journalOf: (threadId) => registry.get(threadId)?.journal,
    onInternalError,
    inspect,
  });
  const threadDeps = createThreadDeps(base, execution, stores, account, {
    mcp,
    dynamicTools: belongings.dynamicTools,
    hidden: () => doors.hidden,
    onEvent: (threadId, entry) => broadcast.threadEvent(threadId, entry),
    onChange: (threadId) => {
      life.noteUse();
      // A turn may have ended, also after the last client left.
      queueMicrotask(() => registry.retain(threadId));
    },
  });
  const registry = new ThreadRegistry(threadDeps, paths.sessionsDir, broadcast.followers, (thread) => {
    mcp.close(thread.id);
    thread.journal.announce({ method: 'thread/closed', params: { threadId: thread.id } });
  });
  const reception: Reception = {
    limits: own.limits,
    hasRoom: () => broadcast.connections.size < own.limits.maxConnections,
    accept: (socket, encoding) => accept(socket, encoding),
  };
  const doors = new Doors({ home, daemonDir: paths.daemonDir, lockPath: paths.lockPath, reception, logger });
  const listener: { server: SocketServer | null } = { server: null };
  const life = startLife({
    registry,
    processes: execution.processes,
    mcp,
    mcpOauth,
    belongings,
    broadcast,
    auth: account.auth,
    logger,
    clock,
    server: () => listener.server,
    doors,
    idleExitMs: base.idleExitMinutes * 60_000,
    isUsed: () => doors.hasStaying || broadcast.connections.size > 0 || registry.all.some((thread) => thread.isBusy),
    inspect,
  });
  const shared = { ...stores, ...account, broadcast, belongings, mcp, mcpOauth, registry, doors };
  const { promise: restored, settle: tellRestored } = createSignal();
  const handlerDeps = createHandlerDeps(base, shared, execution, threadDeps, life, restored);
  const accept = createAccept({
    ...shared,
    clock,
    limits: own.limits,
    answer: bindHandlers(createHandlers(handlerDeps)),
    rateLimits: () => account.accountLimits.last,
    noteUse: life.noteUse,
    inspect,
    onInternalError,
  });
  announceAuth(account.auth, broadcast);
  return { execution, stores, registry, reception, doors, life, listener, tellRestored };
}

/** What all threads share. */
function createThreadDeps(
  base: Base,
  { processes, spawnCommand, probe }: Execution,
  stores: Stores,
  { auth, accountLimits, chooseProvider }: Account,
  hooks: Pick<ThreadDeps, 'mcp' | 'dynamicTools' | 'onEvent' | 'onChange'> & {
    readonly hidden: () => readonly string[];
  },
): ThreadDeps {
  const { home, programs, paths, own, clock, ids, inspect, onInternalError } = base;
  const { hidden, ...events } = hooks;
  return {
    ...stores,
    ...events,
    home,
    skillRoots: { extra: [] },
    limits: own.limits,
    clock,
    ids,
    random: Math.random,
    hasDraft: (threadId) => stores.drafts.has(threadId),
    removeLog: async (path) => unlinkSync(path),
    chooseProvider,
    getAuth: (server) => auth.getModelAuth(server),
    recoverAuth: (rejected, server) => auth.recoverModelAuth(rejected, server),
    noteLimits: (headers, usedAuth) => accountLimits.note(headers, usedAuth),
    practiceFetch: createPracticeAnswers(clock),
    userAgent: userAgent('codex-daemon', VERSION),
    onInternalError,
    inspect,
    tools: {
      processes,
      spawn: spawnCommand,
      probe,
      get hidden() {
        return [paths.daemonDir, paths.socketDir, paths.authFile, paths.mcpCredentialsFile, ...hidden()];
      },
      guarded: [home],
      patchWriter: [process.execPath, join(programs, 'patch-writer.cjs')],
      now: clock.now,
    },
  };
}

type Shared = Omit<Stores, 'sweep'> &
  Account &
  Pick<HandlerDeps, 'broadcast' | 'belongings' | 'mcp' | 'mcpOauth' | 'registry' | 'doors'>;

/** What the handlers of all calls work with. */
function createHandlerDeps(
  base: Base,
  shared: Shared,
  { probe }: Execution,
  { tools, skillRoots }: ThreadDeps,
  { stop, state }: DaemonLife,
  restored: Promise<void>,
): HandlerDeps {
  const { home, programs, actors, clock, instanceId } = base;
  return {
    ...shared,
    home,
    clock,
    instanceId,
    restored,
    tools,
    skillRoots,
    copyExample: (variables) =>
      copyExample({ from: join(programs, 'example'), into: join(home, 'practice'), env: variables }),
    stop,
    actors,
    status: createStatus({ ...base, ...shared, probe, state }),
  };
}

/** Something that others wait for. */
function createSignal(): { readonly promise: Promise<void>; readonly settle: () => void } {
  let settle = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}
