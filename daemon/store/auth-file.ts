import { lstat, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { linkTarget, replaceFile, syncFolder } from './replace-file.ts';

/** auth.json as it lies on the disk. */
export interface AuthFile {
  readonly text: string;
  /** Changes with every write of the file, also by another program. */
  readonly stamp: string;
}

/** The stamp of a home without an auth.json. */
export const NO_FILE_STAMP = 'none';

/** Where a home keeps its sign-in. */
export function authFilePath(home: string): string {
  return join(home, 'auth.json');
}

/** Null only when there is no file (ENOENT); every other failure rejects, it is not "signed out" (auth.md §10). */
export async function readAuthFile(home: string): Promise<AuthFile | null> {
  const file = authFilePath(home);
  try {
    // The stamp first: a write in between then shows as a change at the next look.
    const stamp = await readStamp(file);
    return { text: await readFile(file, 'utf8'), stamp };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** The file's stamp alone. Null-safe: a file that cannot be looked at has a stamp of its own, too. */
export async function authFileStamp(home: string): Promise<string> {
  try {
    return await readStamp(authFilePath(home));
  } catch (error) {
    if (isAbsent(error)) return NO_FILE_STAMP;
    return `unreadable ${codeOf(error)}`;
  }
}

async function readStamp(file: string): Promise<string> {
  const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true });
  return [mtimeNs, ctimeNs, size, ino].join(' ');
}

/** Writes auth.json whole, with mode 0600 whatever it had; beside the real file when it is a link. */
export async function writeAuthFile(home: string, text: string, signal: AbortSignal): Promise<void> {
  await replaceFile(authFilePath(home), text, { mode: 0o600, signal });
}

/**
 * Removes auth.json and what a crash while writing left beside it. Of a link only the link goes, as in the reference;
 * then the path that still holds the sign-in is returned. Nothing there is fine.
 */
export async function eraseAuthFile(home: string): Promise<string | null> {
  const file = authFilePath(home);
  const stats = await lstat(file).catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw error;
  });
  const target = await linkTarget(file);
  // Without `recursive` a folder of that name is an error and stays.
  if (stats) await rm(file);
  await eraseLeftovers(file);
  await eraseLeftovers(target);
  if (stats) await syncFolder(home);
  return stats?.isSymbolicLink() ? target : null;
}

/** Removes what a crash while writing left beside a file. */
export async function eraseLeftovers(file: string): Promise<void> {
  const folder = dirname(file);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const left = names.filter((name) => name.startsWith(`.${basename(file)}.`) && name.endsWith('.tmp'));
  for (const name of left) await rm(join(folder, name), { force: true });
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** `EACCES` and the like; `unknown` for an error without a code. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
