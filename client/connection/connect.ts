import { VERSION } from '../../machines/core/version.ts';
import { daemonStatus, daemonStop } from '../../machines/protocol/methods/daemon.ts';
import type { ClientFacts } from './client-facts.ts';
import { compareVersions } from './compare-versions.ts';
import { ConnectError, type ConnectFailure } from './connect-error.ts';
import { type Connection, type ConnectionEvents, openConnection } from './connection.ts';
import type { ClientHome } from './home.ts';
import { DRAIN_LIMIT_MS, pause } from './limits.ts';
import { checkNamedSocket, type Place } from './place.ts';
import { checkSocketPlace } from './socket-place.ts';
import { spawnDaemon } from './spawn-daemon.ts';

/** How often a stopping daemon's socket is looked at. */
const LOOK_AGAIN_MS = 50;
/** Starts of the daemon per attempt: a second one covers a daemon that went in between. */
const MAX_STARTS = 2;

export interface ConnectOptions {
  readonly home: ClientHome;
  /** The daemon's bundle. */
  readonly daemonEntry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly name: string;
  readonly facts: ClientFacts | null;
  readonly autostart: boolean;
  /** Another server than the home's own daemon, or null. */
  readonly remote?: Place | null;
  /** Whether ssh may ask a person; not while the terminal shows something else. */
  readonly mayAsk?: boolean;
  /** Told in one line what the user should know but need not act on. */
  readonly notice: (line: string) => void;
}

/** Attaches to the running daemon. Starts nothing. */
export async function attachOnly(options: ConnectOptions, events: ConnectionEvents): Promise<Connection> {
  const { name, facts, home } = options;
  if (options.remote) return openRemote(options.remote, options, events);
  if (!checkSocketPlace(home)) throw notRunning();
  return openConnection({ place: { kind: 'unix', path: home.paths.socketPath }, name, facts, events });
}

function openRemote(place: Place, options: ConnectOptions, events: ConnectionEvents): Promise<Connection> {
  if (place.kind === 'unix') checkNamedSocket(place.path, options.home.uid);
  const { name, facts, mayAsk = true } = options;
  return openConnection({ place, name, facts, events, mayAsk });
}

/**
 * Attaches, and starts the daemon first when there is none. A stopping daemon is waited for; an older idle one is
 * replaced, an older busy one is used (DESIGN §7).
 * @throws ConnectError
 */
export async function connectDaemon(options: ConnectOptions, events: ConnectionEvents): Promise<Connection> {
  const connection = await attachOrStart(options, events);
  if (!options.autostart || !(await isReplaceable(connection, options.notice))) return connection;

  await connection.peer.request(daemonStop, {});
  connection.close();
  await waitUntilGone(options.home);
  return attachOrStart(options, events);
}

async function attachOrStart(options: ConnectOptions, events: ConnectionEvents): Promise<Connection> {
  const giveUpAtMs = Date.now() + DRAIN_LIMIT_MS;
  let starts = 0;
  for (;;) {
    try {
      return await attachOnly(options, events);
    } catch (error) {
      if (isFailure(error, 'draining') && Date.now() < giveUpAtMs) {
        await pause(LOOK_AGAIN_MS);
        continue;
      }
      if (!isFailure(error, 'notRunning') || !options.autostart || starts >= MAX_STARTS) throw error;
    }
    starts += 1;
    await startDaemon(options, events);
  }
}

/** Two clients may start it at once: the loser's daemon fails, but the winner's answers. */
async function startDaemon(options: ConnectOptions, events: ConnectionEvents): Promise<void> {
  try {
    await spawnDaemon({ ...options, startedBy: 'client' });
  } catch (error) {
    const other = await attachOnly(options, { ...events, closed: () => {} }).catch(() => null);
    if (!other) throw error;
    other.close();
  }
}

/**
 * Waits until the daemon has removed its socket.
 * @returns false when it is still there at the limit
 */
export async function waitUntilGone(home: ClientHome, limitMs = DRAIN_LIMIT_MS): Promise<boolean> {
  const giveUpAtMs = Date.now() + limitMs;
  while (checkSocketPlace(home)) {
    if (Date.now() > giveUpAtMs) return false;
    await pause(LOOK_AGAIN_MS);
  }
  return true;
}

async function isReplaceable({ hello, peer }: Connection, notice: (line: string) => void): Promise<boolean> {
  if (!hello.daemon || compareVersions(VERSION, hello.daemon.build) <= 0) return false;
  const { threads } = await peer.request(daemonStatus, {});
  if (threads.running === 0 && threads.waiting === 0) return true;
  notice(
    `the daemon (build ${hello.daemon.build}) is older than this client (build ${VERSION}) and busy, so it is used ` +
      'as it is; run `codex daemon restart` when its work is done',
  );
  return false;
}

function isFailure(error: unknown, failure: ConnectFailure): boolean {
  return error instanceof ConnectError && error.failure === failure;
}

function notRunning(): ConnectError {
  return new ConnectError('notRunning', 'the daemon is not running; run `codex daemon start`');
}
