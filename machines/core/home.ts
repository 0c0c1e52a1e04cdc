/** Where the daemon's socket, log and lock lie: one rule for both ends (DESIGN §7). */

/** The longest socket path that Linux and macOS both bind without cutting it (libraries.md §4). */
export const MAX_SOCKET_PATH_BYTES = 103;

export interface HomeFacts {
  /** The home's real (symlink-free) absolute path. */
  readonly home: string;
  /** Numeric user id, part of the short socket folder's name. */
  readonly uid: number;
  /** Hex SHA-256 of `home`. */
  readonly homeHash: string;
}

export interface DaemonPaths {
  /** Folder of the daemon's own files; holds nothing a tool may read. */
  readonly daemonDir: string;
  /** Folder that holds the socket: `daemonDir`, or the short one in /tmp. */
  readonly socketDir: string;
  readonly socketPath: string;
  readonly logPath: string;
  readonly lockPath: string;
  readonly ledgerPath: string;
  /** The current file of the audit chain (audit.ts); full ones lie beside it. */
  readonly auditPath: string;
}

/** Where a plain client of the reference looks for a server (protocol.md §1). */
export function controlSocketPath(home: string): string {
  return `${home}/app-server-control/app-server-control.sock`;
}

/** The daemon's paths below a home. A socket path over 103 bytes moves to `/tmp/codex-UID/`, it is never cut. */
export function daemonPaths({ home, uid, homeHash }: HomeFacts): DaemonPaths {
  const daemonDir = `${home}/daemon`;
  const longPath = `${daemonDir}/daemon.sock`;
  const fits = new TextEncoder().encode(longPath).length <= MAX_SOCKET_PATH_BYTES;
  const socketDir = fits ? daemonDir : `/tmp/codex-${uid}`;
  return {
    daemonDir,
    socketDir,
    socketPath: fits ? longPath : `${socketDir}/${homeHash.slice(0, 16)}.sock`,
    logPath: `${daemonDir}/daemon.log`,
    lockPath: `${daemonDir}/start.lock`,
    ledgerPath: `${daemonDir}/children.jsonl`,
    auditPath: `${daemonDir}/audit.jsonl`,
  };
}
