import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import lockfile from 'proper-lockfile';

/** A crashed holder's lock is taken over after this long. */
const STALE_MS = 5_000;
/** How long a start waits for another start; probing, healing and binding take a fraction of it. */
const ATTEMPTS = 60;
const ATTEMPT_MS = 150;

export interface LockLimits {
  /** A crashed holder's lock is taken over after this long. */
  readonly staleMs: number;
  /** How often a living holder says so; well below `staleMs`. */
  readonly renewMs: number;
  readonly attempts: number;
  readonly attemptMs: number;
}

/**
 * Takes an advisory lock, and answers how to let go of it. Rejects with the code ELOCKED when another program keeps it.
 * Losing it means that this process stalled: whoever holds it has to notice by what it protects.
 */
export function acquireLock(
  protectedPath: string,
  lockPath: string,
  { staleMs, renewMs, attempts, attemptMs }: LockLimits,
): Promise<() => Promise<void>> {
  return lockfile.lock(protectedPath, {
    lockfilePath: lockPath,
    stale: staleMs,
    update: renewMs,
    realpath: false,
    retries: { retries: attempts, factor: 1, minTimeout: attemptMs, maxTimeout: attemptMs },
    onCompromised: () => {},
  });
}

/**
 * Runs one start at a time per home. The lock is held only while probing, healing and binding: held for life, its
 * heartbeat would be lost in a suspend (DESIGN §7). Should it be lost meanwhile, binding finds the socket taken.
 */
export async function withStartLock<T>(lockPath: string, run: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(lockPath), { recursive: true, mode: 0o700 });
  const release = await acquireLock(dirname(lockPath), lockPath, {
    staleMs: STALE_MS,
    renewMs: STALE_MS / 2,
    attempts: ATTEMPTS,
    attemptMs: ATTEMPT_MS,
  });
  try {
    return await run();
  } finally {
    await release().catch(() => {});
  }
}
