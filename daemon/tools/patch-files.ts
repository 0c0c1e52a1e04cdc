import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, type FileHandle, open, readlink, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  createShownPath,
  type FileChange,
  type FilePlace,
  type FileState,
  planPatch,
  touchedPaths,
  writtenPaths,
} from '../../machines/patch/apply-patch.ts';
import { type FileOperation, toFileOperations } from '../../machines/patch/file-operations.ts';
import { type Patch, parsePatch } from '../../machines/patch/parse-patch.ts';
import { PatchError } from '../../machines/patch/patch-error.ts';
import { makeFolder } from '../files/make-folder.ts';

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_LINKS = 40;

/** A patch that fits what is on disk; nothing has been written yet. */
export interface VerifiedPatch {
  readonly patch: Patch;
  readonly changes: readonly FileChange[];
  /** The real paths that writing would touch, links followed: whether they may be written is the caller's to judge. */
  readonly writtenPaths: readonly string[];
  /** An absolute path as the patch named it. */
  readonly shownPath: (path: string) => string;
}

/** Parses a patch, reads what it touches and plans its changes. Throws PatchError when it does not fit (agent.md §8). */
export async function verifyPatch(text: string, cwd: string, signal: AbortSignal): Promise<VerifiedPatch> {
  const patch = parsePatch(text);
  const resolvePath = (path: string): string => resolve(cwd, path);
  const files = await readPatchTargets(patch, cwd, signal);
  const changes = planPatch(patch, files, resolvePath);
  return {
    patch,
    changes,
    writtenPaths: writtenPaths(changes, files),
    shownPath: createShownPath(patch, resolvePath),
  };
}

/** The state of every file that the patch touches, by absolute path; links are followed. Rejects only when aborted. */
export async function readPatchTargets(
  patch: Patch,
  cwd: string,
  signal: AbortSignal,
): Promise<Map<string, FileState>> {
  const files = new Map<string, FileState>();
  for (const path of touchedPaths(patch, (name) => resolve(cwd, name))) {
    signal.throwIfAborted();
    files.set(path, { ...(await readState(path, signal)), place: await readPlace(path) });
  }
  return files;
}

/**
 * Writes planned changes. First every old text is compared with the disk once more, so that nothing which changed
 * during an approval is lost. `perform` carries out the steps: directly, or inside a sandbox. Throws PatchError.
 */
export async function writeChanges(
  changes: readonly FileChange[],
  signal: AbortSignal,
  perform: (operations: readonly FileOperation[]) => Promise<void> = performOperations,
): Promise<void> {
  for (const change of changes) {
    if (change.kind !== 'add') await requireUnchanged(change.path, change.oldContent, signal);
  }
  signal.throwIfAborted();
  await perform(toFileOperations(changes));
}

/**
 * Carries out file operations one after the other with the daemon's own rights. Each write is whole or not at all
 * wherever the folder allows it. Throws PatchError, kind `write`; earlier operations stay done.
 */
export async function performOperations(operations: readonly FileOperation[]): Promise<void> {
  for (const operation of operations) {
    if (operation.op === 'unlink') {
      await orWriteError(`Failed to delete file ${operation.path}`, () => unlink(operation.path));
    } else {
      await performWrite(operation);
    }
  }
}

async function requireUnchanged(path: string, oldContent: string, signal: AbortSignal): Promise<void> {
  const state = await readState(path, signal);
  if (state.kind === 'text' && state.text === oldContent) return;
  throw new PatchError('mismatch', `${path} changed on disk since the patch was checked`);
}

async function readState(path: string, signal: AbortSignal): Promise<FileState> {
  let handle: FileHandle | null = null;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isDirectory()) return { kind: 'folder' };
    if (!stats.isFile()) return { kind: 'unreadable', reason: 'not a regular file' };
    if (stats.size > MAX_FILE_BYTES) return { kind: 'unreadable', reason: 'the file is larger than 64 MiB' };
    return toTextState(await handle.readFile({ signal }));
  } catch (error) {
    if (signal.aborted) throw error;
    if (errorCode(error) === 'ENOENT') return { kind: 'missing' };
    return { kind: 'unreadable', reason: systemReason(error) };
  } finally {
    await handle?.close();
  }
}

function toTextState(bytes: Buffer): FileState {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { kind: 'unreadable', reason: 'stream did not contain valid UTF-8' };
  }
}

// What cannot be followed (a loop, a closed folder) keeps its name; writing it fails with the system's own reason.
async function readPlace(path: string): Promise<FilePlace> {
  try {
    const entry = join(await followLinks(dirname(path)), basename(path));
    return { entry, file: await followLinks(entry) };
  } catch {
    return { entry: path, file: path };
  }
}

/** Where a path leads in the end, also when nothing stands there yet, behind a dangling link or in a missing folder. */
async function followLinks(path: string, linkCount = 0): Promise<string> {
  if (linkCount > MAX_LINKS) throw new Error(`too many symbolic links at ${path}`);
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const folder = await followLinks(dirname(path), linkCount + 1);
  const entry = join(folder, basename(path));
  const target = await readlink(entry).catch(() => null);
  return target === null ? entry : followLinks(resolve(folder, target), linkCount + 1);
}

async function performWrite(operation: Extract<FileOperation, { op: 'write' }>): Promise<void> {
  const { path, content, mkdirs, modeOf } = operation;
  const target = await orWriteError(`Failed to write file ${path}`, () => followLinks(path));
  if (mkdirs) {
    await orWriteError(`Failed to create parent directories for ${path}`, () => makeFolder(dirname(target)));
  }
  await orWriteError(`Failed to write file ${path}`, async () => {
    const stats = await statOrNull(target);
    const mode = (stats ?? (modeOf === null ? null : await statOrNull(modeOf)))?.mode ?? null;
    if (stats === null) await replaceFile(target, content, mode);
    else await overwriteFile(target, content, stats);
  });
}

async function overwriteFile(target: string, content: string, stats: Stats): Promise<void> {
  if (stats.isDirectory()) throw new PatchError('write', 'Is a directory (os error 21)');
  if (!stats.isFile()) throw new PatchError('write', 'not a regular file');
  // A rename would get around a file's own write protection.
  await access(target, constants.W_OK);
  // A new file in its place would part hard links, or belong to somebody else.
  if (stats.nlink > 1 || stats.uid !== process.getuid?.()) return writeFile(target, content);
  try {
    await replaceFile(target, content, stats.mode);
  } catch (error) {
    // The folder is closed, or the file is a mount point of its own: then only writing in place is left.
    if (!['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV'].includes(errorCode(error) ?? '')) throw error;
    await writeFile(target, content);
  }
}

/** Writes beside the target, then renames: a reader, or a crash, finds the old text or the new one, never a half. */
async function replaceFile(target: string, content: string, mode: number | null): Promise<void> {
  const temporary = join(dirname(target), `.patch-${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    try {
      await handle.writeFile(content);
      if (mode !== null) await handle.chmod(mode & 0o7777);
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    // The first failure is the one to report; a temporary file that cannot be removed is only litter.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function orWriteError<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new PatchError('write', `${doing}: ${systemReason(error)}`, { cause: error });
  }
}

// The reference's words for what a person meets most; the numbers are those of Linux, as in its messages.
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory (os error 2)',
  EACCES: 'Permission denied (os error 13)',
  ENOTDIR: 'Not a directory (os error 20)',
  EISDIR: 'Is a directory (os error 21)',
  ENOSPC: 'No space left on device (os error 28)',
  EROFS: 'Read-only file system (os error 30)',
  ENAMETOOLONG: 'File name too long (os error 36)',
  ELOOP: 'Too many levels of symbolic links (os error 40)',
};

function systemReason(error: unknown): string {
  const known = reasons[errorCode(error) ?? ''];
  return known ?? (error instanceof Error ? error.message : String(error));
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
