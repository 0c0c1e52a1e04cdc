import { lstatSync, type Stats } from 'node:fs';
import { ConnectError, homeUnusable } from './connect-error.ts';
import type { ClientHome } from './home.ts';

/**
 * Looks at the socket's folder and file before anything is sent through them: prompts and keys must not go to a
 * socket that somebody else put there (the short folder lies in /tmp).
 * @returns whether there is a socket file
 * @throws ConnectError `unsafeSocket` for a foreign or writable folder, a link, or something that is no socket;
 *   `homeUnusable`
 */
export function checkSocketPlace({ home, uid, paths }: ClientHome): boolean {
  const statOf = (path: string): Stats | null => statBelow(home, path);
  const folder = statOf(paths.socketDir);
  if (!folder) return false;
  if (!folder.isDirectory()) throw unsafe(`${paths.socketDir} is not a folder`, `remove it`);
  if (folder.uid !== uid) throw unsafe(`${paths.socketDir} belongs to user ${folder.uid}`, 'remove it');
  if (folder.mode & 0o022)
    throw unsafe(`others may write to ${paths.socketDir}`, `run \`chmod 700 ${paths.socketDir}\``);

  const file = statOf(paths.socketPath);
  if (!file) return false;
  if (!file.isSocket()) throw unsafe(`${paths.socketPath} is not a socket`, 'remove it');
  if (file.uid !== uid) throw unsafe(`${paths.socketPath} belongs to user ${file.uid}`, 'remove it');
  return true;
}

/** Permission bits of the socket file, or null when there is none. @throws ConnectError homeUnusable */
export function socketMode({ home, paths }: ClientHome): number | null {
  const file = statBelow(home, paths.socketPath);
  return file ? file.mode & 0o777 : null;
}

function statBelow(home: string, path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw homeUnusable(home, error);
  }
}

function unsafe(what: string, mend: string): ConnectError {
  return new ConnectError('unsafeSocket', `the daemon's socket is not safe to use: ${what}; ${mend}`);
}
