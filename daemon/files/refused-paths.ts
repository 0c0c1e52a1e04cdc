import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import { isInside } from '../../machines/policy/sandbox.ts';
import { linkTarget } from '../store/replace-file.ts';

/** What a call does with a path: a removal or a copy takes all that lies below it too. */
export type Reach = 'itself' | 'everythingBelow';

/**
 * @param hidden the stored sign-in, the daemon's folder and its sockets: no client reads or changes them as files
 * @returns the path with all links of its folders followed
 * @throws RpcError pathRefused
 */
export async function allowedPath(path: string, hidden: readonly string[], reach: Reach = 'itself'): Promise<string> {
  const [real, named, secrets] = await Promise.all([
    followed(path),
    followed(dirname(path)).then((folder) => join(folder, basename(path))),
    Promise.all(hidden.map(followed)),
  ]);
  for (const place of [real, named]) {
    const touches = (secret: string) =>
      isInside(place, secret) || (reach === 'everythingBelow' && isInside(secret, place));
    if ([...hidden, ...secrets].some(touches)) throw refused(path);
  }
  return named;
}

/** Another name of the same file (a hard link) is the same file. @throws RpcError pathRefused */
export async function refuseSameFile(path: string, { dev, ino }: Stats, hidden: readonly string[]): Promise<void> {
  for (const secret of hidden) {
    const known = await stat(secret).catch(() => null);
    if (known?.isFile() && known.dev === dev && known.ino === ino) throw refused(path);
  }
}

function refused(path: string): RpcError {
  return new RpcError(
    'pathRefused',
    `${path} belongs to the daemon or holds the stored sign-in: clients reach neither as files. Use account/* and daemon/* instead.`,
  );
}

/** The link-free path, also of what is not there yet: as far as it is there. */
async function followed(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    if (above === path) return path;
    const target = await lstat(path).catch(() => null);
    // A link that leads nowhere yet: writing through it would make its target.
    if (target?.isSymbolicLink()) return followedLink(path);
    return join(await followed(above), basename(path));
  }
}

async function followedLink(path: string): Promise<string> {
  const target = await linkTarget(path);
  return join(await followed(dirname(target)), basename(target));
}
