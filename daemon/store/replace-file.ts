import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, mkdir, open, readlink, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** How many links in a row are followed before it counts as a loop (the kernel's own limit is 40). */
const MAX_LINKS = 40;

/**
 * Replaces a file whole or not at all: a temporary file beside it, synced, then renamed over it. `mode` is set
 * whatever the umask. A link is followed, so that two names of one file stay one file (auth.md §1). `signal` is
 * looked at last before the rename.
 */
export async function replaceFile(
  path: string,
  text: string,
  { mode, signal }: { readonly mode: number; readonly signal?: AbortSignal },
): Promise<void> {
  const target = await linkTarget(path);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = temporaryName(target, randomUUID());
  try {
    await writeSynced(temporary, text, mode);
    signal?.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The name of a temporary file of `target`; left behind only by a crash. */
export function temporaryName(target: string, id: string): string {
  return join(dirname(target), `.${basename(target)}.${id}.tmp`);
}

/** Where a chain of links ends, also when nothing is there yet. */
export async function linkTarget(path: string): Promise<string> {
  let current = path;
  for (let step = 0; step < MAX_LINKS; step += 1) {
    const stats = await lstat(current).catch(missingIsNull);
    if (!stats?.isSymbolicLink()) return current;
    current = resolve(dirname(current), await readlink(current));
  }
  throw new Error(`${path} is a loop of links`);
}

function missingIsNull(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  await withHandle(await open(path, 'wx', mode), async (handle) => {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  });
}

/** Makes a rename or a removal in `folder` outlive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await withHandle(await open(folder, 'r'), (handle) => handle.sync());
}

async function withHandle(handle: FileHandle, run: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await run(handle);
  } finally {
    await handle.close();
  }
}
