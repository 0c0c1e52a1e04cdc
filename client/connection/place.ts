import { lstatSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { controlSocketPath } from '../../machines/core/home.ts';
import { ConnectError } from './connect-error.ts';
import type { ClientHome } from './home.ts';

/** Where a server is. */
export type Place =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'ws'; readonly url: string; readonly token: string | null }
  | {
      readonly kind: 'ssh';
      /** `host` or `user@host`. */
      readonly destination: string;
      readonly port: number | null;
      /** A socket over there; null for the daemon of the user's home over there. */
      readonly path: string | null;
    };

/** The variable that holds the token of a remote server. It reaches no daemon and no command. */
export const TOKEN_VARIABLE = 'CODEX_REMOTE_TOKEN';

const FORMS = 'unix://PATH, ws://127.0.0.1:PORT, wss://HOST or ssh://[USER@]HOST[:PORT][/SOCKET]';

export interface RemoteOptions {
  /** As given with `--remote`. */
  readonly address: string;
  /** As given with `--remote-token-file`. */
  readonly tokenFile: string | undefined;
  readonly cwd: string;
  readonly home: ClientHome;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads a remote address. @throws ConnectError `failed` with the forms that are known */
export function parsePlace(options: RemoteOptions): Place {
  const { address, cwd, home } = options;
  if (address.startsWith('unix://')) {
    const path = address.slice('unix://'.length);
    return { kind: 'unix', path: path === '' ? controlSocketPath(home.home) : resolve(cwd, path) };
  }
  const url = urlOf(address);
  if (url?.protocol === 'ssh:') return sshPlace(url);
  if (url?.protocol === 'wss:' || url?.protocol === 'ws:') return wsPlace(url, options);
  throw new ConnectError('failed', `--remote: cannot use ${address}; write ${FORMS}`);
}

/** Whether a server may run on another machine: then this one's folders and variables mean nothing to it. */
export const isFarAddress = (address: string): boolean => !address.startsWith('unix://');

/** An address for people. */
export function placeText(place: Place): string {
  if (place.kind === 'unix') return `unix://${place.path}`;
  if (place.kind === 'ws') return place.url;
  return `ssh://${place.destination}${place.port === null ? '' : `:${place.port}`}${place.path ?? ''}`;
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function sshPlace({ hostname, username, port, pathname }: URL): Place {
  const destination = username === '' ? hostname : `${decodeURIComponent(username)}@${hostname}`;
  // ssh would take a word that begins with a dash for an option.
  if (!/^[\w.+@[\]:][\w.+@[\]:-]*$/.test(destination))
    throw new ConnectError('failed', `--remote: ${destination} is no host`);
  const path = decodeURIComponent(pathname);
  const isSocket = path !== '' && path !== '/';
  return { kind: 'ssh', destination, port: port === '' ? null : Number(port), path: isSocket ? path : null };
}

function wsPlace(url: URL, options: RemoteOptions): Place {
  const token = tokenOf(options);
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'ws:' && !isLocal) {
    throw new ConnectError(
      'failed',
      `--remote: ws:// would send everything readable to ${url.hostname}; use wss:// or ssh://${url.hostname}`,
    );
  }
  if (url.username !== '' || url.password !== '')
    throw new ConnectError(
      'failed',
      `--remote: no names or passwords in an address; put the token into ${TOKEN_VARIABLE}`,
    );
  return { kind: 'ws', url: url.href, token };
}

/** Never from the command line: every user of the machine could read it there. */
function tokenOf({ tokenFile, cwd, env }: RemoteOptions): string | null {
  if (tokenFile === undefined) return env[TOKEN_VARIABLE]?.trim() || null;
  const path = isAbsolute(tokenFile) ? tokenFile : resolve(cwd, tokenFile);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new ConnectError('failed', `--remote-token-file: there is no file ${path}`);
  if (stat.mode & 0o077)
    throw new ConnectError('failed', `--remote-token-file: others may read ${path}; run \`chmod 600 ${path}\``);
  return readFileSync(path, 'utf8').trim();
}

/**
 * Looks at a socket that was named before anything is sent to it. A link is followed: the reference's server makes one.
 * @throws ConnectError `notRunning` or `unsafeSocket`
 */
export function checkNamedSocket(path: string, uid: number): void {
  const file = lstatSync(path, { throwIfNoEntry: false }) && statSync(path, { throwIfNoEntry: false });
  if (!file) {
    throw new ConnectError(
      'notRunning',
      `nothing listens on ${path}; \`codex app-server --listen unix://${path}\` does`,
    );
  }
  if (!file.isSocket()) throw new ConnectError('unsafeSocket', `${path} is not a socket`);
  if (file.uid !== uid) throw new ConnectError('unsafeSocket', `${path} belongs to user ${file.uid}, not to you`);
}
