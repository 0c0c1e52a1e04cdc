import { lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from '../exec/process-tree.ts';

/**
 * Empty folders that stand where a protected one is missing, so that something read-only can cover the name.
 *
 * Several commands, of several daemons too, may need the same one. Each process puts a lease (an empty folder with
 * its name) inside; the file system itself then refuses to remove a placeholder that is still in use, and git
 * shows nothing, because it does not see folders without files.
 */
export class Placeholders {
  readonly #users = new Map<string, number>();

  /** Makes the placeholder, or joins those who use it. False: the name is taken, or nobody can create it here. */
  acquire(path: string): boolean {
    const users = this.#users.get(path) ?? 0;
    if (users === 0 && !takeLease(path)) return false;
    this.#users.set(path, users + 1);
    return true;
  }

  /** Ends one use. A folder that somebody filled in the meantime is theirs and stays. */
  release(path: string): void {
    const users = (this.#users.get(path) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(path, users);
      return;
    }
    this.#users.delete(path);
    remove(leasePath(path));
    removeDeadLeases(path);
    remove(path);
  }
}

/** The placeholders of this process: all commands of all threads must see one count. */
export const placeholders = new Placeholders();

/** Removes what a daemon that was killed left: leases without a living owner, then the placeholder. */
export function sweepPlaceholder(path: string): void {
  // An empty folder may be the user's.
  if (removeDeadLeases(path) > 0) remove(path);
}

/** Answers how many there were. */
function removeDeadLeases(path: string): number {
  const dead = (leasesIn(path) ?? []).filter((lease) => !isAlive(lease));
  for (const lease of dead) remove(join(path, lease));
  return dead.length;
}

const LEASE = /^codex-lease-(\d+)-(.+)$/;
/** A folder that another process is just making or removing is empty for less than this. */
const SETTLING_MS = 1_000;
const MAX_ATTEMPTS = 50;
const PAUSE_MS = 2;

function leasePath(path: string): string {
  return join(path, `codex-lease-${process.pid}-${startTimeOf(process.pid)?.replaceAll(/\W/g, '-')}`);
}

function isAlive(lease: string): boolean {
  const [, pid, startTime] = LEASE.exec(lease) ?? [];
  return startTimeOf(Number(pid))?.replaceAll(/\W/g, '-') === startTime;
}

/** Names inside a folder that is a placeholder; null for anything else. */
function leasesIn(path: string): readonly string[] | null {
  try {
    if (!lstatSync(path).isDirectory()) return null;
    const names = readdirSync(path);
    return names.every((name) => LEASE.test(name)) ? names : null;
  } catch {
    return null; // Missing, or not to be looked at.
  }
}

function takeLease(path: string): boolean {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const made = tryMake(path);
    if (made === 'denied') return false;
    if (made === 'exists') {
      const leases = leasesIn(path);
      if (leases === null || (leases.length === 0 && !isSettling(path))) return false;
      if (leases.length === 0) {
        pause();
        continue;
      }
    }
    // Between the look and here the last owner may have removed the folder: then look again.
    if (tryMake(leasePath(path)) !== 'denied') return true;
  }
  return false;
}

function isSettling(path: string): boolean {
  try {
    return Math.abs(Date.now() - lstatSync(path).ctimeMs) < SETTLING_MS;
  } catch {
    return true; // Gone: it can be made now.
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

function tryMake(path: string): 'made' | 'exists' | 'denied' {
  try {
    mkdirSync(path);
    return 'made';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return 'exists';
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].includes(code)) return 'denied';
    throw error;
  }
}

const STAYS = new Set(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM', 'EROFS', 'EBUSY']);

function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!STAYS.has(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
