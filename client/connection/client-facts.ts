import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { VERSION } from '../../machines/core/version.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import { TOKEN_VARIABLE } from './place.ts';

/** What a client tells about itself in `initialize`. */
export interface ClientFacts {
  /** Program name, such as `codex-tui`. */
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  /** Terminal of standard input, such as `/dev/pts/3`, or null. */
  readonly terminal: string | null;
  /** Null when the server is on another machine: then its own decides (DESIGN §3). */
  readonly environment: ClientEnvironment | null;
}

/** This process and its terminal. */
export function ownSeat(): Pick<ClientFacts, 'pid' | 'terminal'> {
  return { pid: process.pid, terminal: terminalName() };
}

/** Facts for a server on another machine, where this one's folders and variables mean nothing. */
export function strangerFacts(name: string): ClientFacts {
  return { name, version: VERSION, ...ownSeat(), environment: null };
}

/** Facts of this process. The tools of its turns run in this folder, with these variables and this umask (DESIGN §3). */
export function clientFacts(name: string, cwd: string, env: Readonly<Record<string, string | undefined>>): ClientFacts {
  return { ...strangerFacts(name), environment: environmentOf(cwd, env) };
}

/** Without the token of a remote server, which is nobody's business but this process's. */
export function environmentOf(cwd: string, env: Readonly<Record<string, string | undefined>>): ClientEnvironment {
  const variables = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== TOKEN_VARIABLE,
    ),
  );
  return { cwd, variables, umask: process.umask() };
}

/** The name that `tty` would print; Node has no call for it. */
function terminalName(): string | null {
  if (!process.stdin.isTTY) return null;
  try {
    if (process.platform === 'linux') return readlinkSync('/proc/self/fd/0');
    return execFileSync('tty', { stdio: ['inherit', 'pipe', 'ignore'], timeout: 1_000 })
      .toString()
      .trim();
  } catch {
    return null; // only shown to people, so a system without either goes without it
  }
}
