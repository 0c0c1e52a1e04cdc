import { constants, type Stats } from 'node:fs';
import { cp, type FileHandle, lstat, mkdir, open, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { isInside } from '../../machines/policy/sandbox.ts';
import { makeFolder } from './make-folder.ts';
import { allowedPath, refuseSameFile } from './refused-paths.ts';

/** Largest file that is read or written whole: it travels in one message. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

export interface Metadata {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly isSymlink: boolean;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

/** Reads and writes files for clients; `hidden` is refused. All methods reject with RpcError. */
export class Files {
  constructor(private readonly hidden: () => readonly string[]) {}

  async read(path: string): Promise<Buffer> {
    await allowedPath(path, this.hidden());
    // Without O_NONBLOCK a pipe would be waited for until somebody writes.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(asFileSystem);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new RpcError('invalidRequest', `path \`${path}\` is not a file`);
      await refuseSameFile(path, stats, this.hidden());
      if (stats.size > MAX_FILE_BYTES) throw tooLarge(path, stats.size);
      return await readAll(path, handle).catch(asFileSystem);
    } finally {
      await handle.close();
    }
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > MAX_FILE_BYTES) throw tooLarge(path, bytes.length);
    await allowedPath(path, this.hidden());
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;
    const handle = await open(path, flags, 0o666).catch(asFileSystem);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new RpcError('invalidRequest', `path \`${path}\` is not a file`);
      await refuseSameFile(path, stats, this.hidden());
      await handle.truncate();
      await handle.writeFile(bytes).catch(asFileSystem);
    } finally {
      await handle.close();
    }
  }

  async createFolder(path: string, recursive: boolean): Promise<void> {
    await allowedPath(path, this.hidden());
    await (recursive ? makeFolder(path) : mkdir(path)).catch(asFileSystem);
  }

  async metadata(path: string): Promise<Metadata> {
    await allowedPath(path, this.hidden());
    const own = await lstat(path).catch(asFileSystem);
    const stats = own.isSymbolicLink() ? await stat(path).catch(asFileSystem) : own;
    return {
      isDirectory: stats.isDirectory(),
      isFile: stats.isFile(),
      isSymlink: own.isSymbolicLink(),
      createdAtMs: Math.max(0, Math.floor(stats.birthtimeMs)),
      modifiedAtMs: Math.max(0, Math.floor(stats.mtimeMs)),
    };
  }

  async entries(path: string): Promise<{ fileName: string; isDirectory: boolean; isFile: boolean }[]> {
    await allowedPath(path, this.hidden());
    const found = await readdir(path, { withFileTypes: true }).catch(asFileSystem);
    if (found.length > MAX_ENTRIES) {
      throw new RpcError('tooLarge', `${path} holds ${found.length} entries; ${MAX_ENTRIES} are listed at most`);
    }
    const kinds = await Promise.all(
      found.map(async (entry) => {
        if (!entry.isSymbolicLink()) return entry;
        return stat(join(path, entry.name)).catch(() => null);
      }),
    );
    const entries = found.flatMap(({ name }, index) => {
      const kind = kinds[index];
      return kind ? [{ fileName: name, isDirectory: kind.isDirectory(), isFile: kind.isFile() }] : [];
    });
    return entries.sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  }

  async remove(path: string, { force, recursive }: { force: boolean; recursive: boolean }): Promise<void> {
    const place = await allowedPath(path, this.hidden(), 'everythingBelow');
    const stats = await lstat(place).catch((error: unknown) =>
      force && isMissing(error) ? null : asFileSystem(error),
    );
    if (stats === null) return;
    await removeAs(place, stats, recursive).catch(asFileSystem);
  }

  async copy(source: string, destination: string, recursive: boolean): Promise<void> {
    const from = await allowedPath(source, this.hidden(), 'everythingBelow');
    const stats = await lstat(from).catch(asFileSystem);
    // A folder is poured into one that is there already.
    const to = await allowedPath(destination, this.hidden(), stats.isDirectory() ? 'everythingBelow' : 'itself');
    await refuseSameFile(source, stats, this.hidden());
    if (stats.isDirectory()) {
      if (!recursive) {
        throw new RpcError('invalidRequest', 'fs/copy requires recursive: true when sourcePath is a directory');
      }
      if (isInside(to, from)) {
        throw new RpcError('invalidRequest', 'fs/copy cannot copy a directory to itself or one of its descendants');
      }
    } else if (!stats.isFile() && !stats.isSymbolicLink()) {
      throw new RpcError('invalidRequest', `path \`${source}\` is neither a file, a folder nor a link`);
    } else if (await isFolder(to)) {
      throw new RpcError('fileSystem', 'Is a directory (os error 21)');
    }
    await cp(from, to, { recursive, verbatimSymlinks: true }).catch(asFileSystem);
  }
}

/** A file of the system may be longer than its size says, and one that grows while it is read too. */
async function readAll(path: string, handle: FileHandle): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of handle.createReadStream({ autoClose: false, end: MAX_FILE_BYTES })) {
    pieces.push(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  if (bytes > MAX_FILE_BYTES) throw tooLarge(path, bytes);
  return Buffer.concat(pieces, bytes);
}

async function removeAs(place: string, stats: Stats, recursive: boolean): Promise<void> {
  if (!stats.isDirectory()) await unlink(place);
  else if (recursive) await rm(place, { recursive: true });
  else await rmdir(place);
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );

function tooLarge(path: string, bytes: number): RpcError {
  const text = `${path} has ${bytes} bytes; a file of ${MAX_FILE_BYTES} at most is read or written whole`;
  return new RpcError('tooLarge', text, { data: { max: MAX_FILE_BYTES } });
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The reference's words for what the system answers. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory (os error 2)',
  EACCES: 'Permission denied (os error 13)',
  EEXIST: 'File exists (os error 17)',
  ENOTDIR: 'Not a directory (os error 20)',
  EISDIR: 'Is a directory (os error 21)',
  ENOSPC: 'No space left on device (os error 28)',
  EROFS: 'Read-only file system (os error 30)',
  ENOTEMPTY: 'Directory not empty (os error 39)',
  ELOOP: 'Too many levels of symbolic links (os error 40)',
};

/** @throws RpcError fileSystem, with the system's own name of the failure in its data */
export function asFileSystem(error: unknown): never {
  if (error instanceof RpcError) throw error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  throw new RpcError('fileSystem', WORDS[code] ?? messageOf(error), { data: { code }, cause: error });
}
