import { RpcError } from '../../machines/core/errors.ts';

/** Opening the socket and the upgrade: local, so a daemon that needs longer hangs. */
export const OPEN_LIMIT_MS = 5_000;
/** The answer to `initialize`; longer, as a daemon that has just started reads its stores first. */
export const HANDSHAKE_LIMIT_MS = 10_000;
/** From the start of the daemon's process to its ready line; a cold disk needs seconds. */
export const READY_LIMIT_MS = 20_000;
/** How long a stopping daemon is waited for: it drains, flushes its logs and goes. */
export const DRAIN_LIMIT_MS = 20_000;
/** One call. The slowest ones load a long thread or wait for an auth server. */
export const REQUEST_LIMIT_MS = 60_000;

/**
 * The promise's outcome, or a `timedOut` error that names what was waited for.
 * @param what completes "… within N s", such as "the daemon did not answer thread/list"
 */
export async function withLimit<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RpcError('timedOut', `${what} within ${limitMs / 1000} s; see \`codex daemon status\``));
    }, limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, but not longer than the signal lets. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    }
    signal?.addEventListener('abort', finish, { once: true });
  });
}
