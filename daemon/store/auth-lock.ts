import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import { acquireLock } from '../server/lock.ts';
import { authFilePath, codeOf } from './auth-file.ts';
import { linkTarget } from './replace-file.ts';
import { createSerial } from './serial.ts';

/** Runs something while no other daemon that shares the sign-in spends or ends its token. */
export type WithAuthLock = <T>(run: () => Promise<T>) => Promise<T>;

/** A killed holder's lock is taken over after this long; a living one renews it. */
const STALE_MS = 2_500;
const RENEW_MS = 800;
/** Longer than a holder may take that goes through all its limits. */
const ATTEMPTS = 130;
const ATTEMPT_MS = 200;

/**
 * An advisory lock beside the real file, so that two homes that share one auth.json by a link share the lock, too. Not
 * under the name `auth.json.lock`: the reference leaves a file of that name, which looks like a lock that is held.
 * Rejects with RpcError `timedOut` when another program does not let go.
 */
export function createAuthLock(home: string): WithAuthLock {
  return createFileLock(authFilePath(home), 'refresh');
}

/** The same beside another file. @param purpose names the lock, so that one file may have several */
export function createFileLock(path: string, purpose: string): WithAuthLock {
  const inTurn = createSerial();
  return (run) =>
    inTurn(async () => {
      const release = await acquire(path, purpose);
      try {
        return await run();
      } finally {
        // A lock that was lost meanwhile is no longer ours to release.
        await release().catch(() => {});
      }
    });
}

async function acquire(path: string, purpose: string): Promise<() => Promise<void>> {
  try {
    const file = await linkTarget(path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const lock = `${file}.${purpose}.lock`;
    // Held locks are known by what they protect: two on one file at once would be taken for one, and one would stay.
    // Losing it means that this process stalled; the store is compared before it is written all the same.
    return await acquireLock(lock, lock, {
      staleMs: STALE_MS,
      renewMs: RENEW_MS,
      attempts: ATTEMPTS,
      attemptMs: ATTEMPT_MS,
    });
  } catch (error) {
    const why = codeOf(error) === 'ELOCKED' ? 'another program holds it' : codeOf(error);
    throw new RpcError('timedOut', `the lock on the stored sign-in could not be taken: ${why}`, { cause: error });
  }
}
