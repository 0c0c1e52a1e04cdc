import type { DaemonStatus } from '../../machines/protocol/methods/daemon.ts';

/** The name under which `codex daemon` itself attaches, which nobody asks for. */
export const CONTROL_CLIENT = 'codex-daemon-control';

/** The daemon's status for people, without a line break at the end. */
export function statusText(status: DaemonStatus): string {
  const { threads, sandbox, keyring } = status;
  const clients = status.clients.filter(({ name }) => name !== CONTROL_CLIENT);
  const rows: readonly (readonly [string, string])[] = [
    [
      'daemon',
      `${status.state.replaceAll('.', ', ')}, pid ${status.pid}, build ${status.build}, up ${durationText(status.uptimeMs)}`,
    ],
    ['started by', startText(status)],
    ['memory', `${Math.round(status.memoryBytes / 1024 / 1024)} MB`],
    ['home', status.home],
    ['socket', status.socketPath],
    ...(status.listeners ?? []).map((listener) => ['also at', listenerText(listener)] as const),
    ['log', status.logPath],
    ['threads', `${threads.loaded} loaded, ${threads.running} running, ${threads.waiting} waiting`],
    ['sandbox', sandbox.available ? (sandbox.kind ?? 'available') : missing(sandbox.reason, sandbox.mend)],
    ['keyring', keyring.available ? 'available' : missing(keyring.reason, null)],
    ['clients', `${clients.length}`],
    ...clients.map((client) => ['', clientText(client)] as const),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}`).join('\n');
}

function startText({ startedBy, idleExitMinutes }: DaemonStatus): string {
  if (startedBy === 'user') return '`codex daemon start`; it stays';
  if (idleExitMinutes === 0) return 'a client; it stays';
  return `a client; it goes after ${idleExitMinutes} min without use`;
}

function listenerText({ address, owner, clients, problem }: DaemonStatus['listeners'][number]): string {
  if (problem !== null) return `${address}: not there: ${problem}`;
  return `${address} (${clients} clients; ${owner === null ? 'stays' : `goes with ${owner}`})`;
}

const missing = (reason: string | null, mend: string | null): string =>
  `not available${reason ? `: ${reason}` : ''}${mend ? `; ${mend}` : ''}`;

function clientText({ name, version, pid, terminal, encoding, threads }: DaemonStatus['clients'][number]): string {
  const place = [terminal, pid === null ? null : `pid ${pid}`, encoding].filter((part) => part !== null).join(', ');
  const what = threads.length === 0 ? '' : ` on ${threads.map((id) => id.slice(0, 13)).join(', ')}`;
  return `${name} ${version} (${place})${what}`;
}

/** Two units at most, such as `3h 12m`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}
