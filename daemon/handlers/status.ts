import { PROTOCOL, VERSION } from '../../machines/core/version.ts';
import type { DaemonStatus } from '../../machines/protocol/methods/daemon.ts';
import type { Clock } from '../deps.ts';
import type { SandboxProbe } from '../sandbox/probe.ts';
import type { Broadcast } from '../server/broadcast.ts';
import type { Doors } from '../server/doors.ts';
import type { KeychainProbe } from '../store/keychain.ts';
import type { HomePaths } from '../store/paths.ts';
import type { ThreadRegistry } from '../threads/thread-registry.ts';

export interface StatusDeps {
  readonly paths: HomePaths;
  readonly clock: Clock;
  readonly instanceId: string;
  readonly startedAtMs: number;
  readonly startedBy: 'user' | 'client';
  readonly idleExitMinutes: number;
  readonly registry: ThreadRegistry;
  readonly broadcast: Broadcast;
  readonly doors: Doors;
  readonly probe: () => Promise<SandboxProbe>;
  readonly state: () => string;
  readonly keychainEntry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `codex daemon status` and `codex doctor` show. The keyring is tried once in a daemon's life. */
export function createStatus(deps: StatusDeps): () => Promise<DaemonStatus> {
  let keyring: Promise<KeychainProbe> | null = null;
  const probeKeyring = async (): Promise<KeychainProbe> => {
    const { probeKeychain } = await import('../store/keychain.ts');
    return probeKeychain({ entry: deps.keychainEntry, clock: deps.clock, env: deps.env });
  };
  return async () => {
    keyring ??= probeKeyring();
    const [sandbox, { available, reason }] = await Promise.all([deps.probe(), keyring]);
    const { paths, clock, registry, startedAtMs } = deps;
    const statuses = registry.all.map((thread) => thread.feed.snapshot.thread.status);
    const isWaiting = (status: (typeof statuses)[number]) => status.type === 'active' && status.activeFlags.length > 0;
    return {
      pid: process.pid,
      instanceId: deps.instanceId,
      build: VERSION,
      protocol: { ...PROTOCOL },
      state: deps.state(),
      startedAtMs,
      uptimeMs: clock.now() - startedAtMs,
      memoryBytes: process.memoryUsage.rss(),
      home: paths.home,
      socketPath: paths.socketPath,
      logPath: paths.logPath,
      threads: {
        loaded: statuses.length,
        running: registry.all.filter((thread) => thread.isRunning).length,
        waiting: statuses.filter(isWaiting).length,
      },
      clients: clientsOf(deps.broadcast),
      sandbox: sandbox.available
        ? { available: true, kind: sandbox.kind, reason: null, mend: null }
        : { available: false, kind: null, reason: sandbox.reason, mend: sandbox.mend },
      keyring: { available, reason },
      listeners: deps.doors.list(),
      startedBy: deps.startedBy,
      idleExitMinutes: deps.idleExitMinutes,
    };
  };
}

function clientsOf({ connections }: Broadcast): DaemonStatus['clients'] {
  return [...connections].map((connection) => ({
    clientId: connection.clientId,
    name: connection.facts?.name ?? 'connecting',
    version: connection.facts?.version ?? '',
    pid: connection.facts?.pid ?? null,
    terminal: connection.facts?.terminal ?? null,
    encoding: connection.encoding,
    threads: [...connection.threads.ids],
    waitingBytes: connection.waitingBytes,
  }));
}
