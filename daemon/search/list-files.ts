import { stat } from 'node:fs/promises';
import { RpcError } from '../../machines/core/errors.ts';
import type { SpawnCommand } from '../exec/spawn-command.ts';

/** Looking through one root takes no longer; what was found by then is what there is. */
const WALK_LIMIT_MS = 20_000;
/** Of paths; what is more is left out. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024;

export interface ListFilesDeps {
  readonly spawnCommand: SpawnCommand;
  readonly clock: { setTimeout(run: () => void, ms: number): unknown; clearTimeout(handle: unknown): void };
  /** Null: there is none on this machine. */
  readonly ripgrep: () => Promise<string | null>;
}

/** Not a file of a repository: its own store, whose names nobody means. */
const ARGUMENTS = ['--files', '--null', '--hidden', '--no-config', '--no-messages', '--glob', '!.git'];

/**
 * Lists the files below a root that are not ignored, as bytes with a NUL behind each path. Nothing for what is no
 * folder. Settles when all was told; an abort ends it early.
 * @throws RpcError searchUnavailable
 */
export async function listFiles(
  root: string,
  owner: string,
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
  { spawnCommand, clock, ripgrep }: ListFilesDeps,
): Promise<void> {
  const program = await ripgrep();
  if (program === null) {
    throw new RpcError('searchUnavailable', 'no ripgrep (rg) to list files with: install the package ripgrep');
  }
  const isFolder = await stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder || signal.aborted) return;
  let bytesLeft = MAX_LISTING_BYTES;
  const running = await spawnCommand({
    ...{ threadId: owner, callId: 'fuzzyFileSearch', argv: [program, ...ARGUMENTS], cwd: root },
    ...{ env: { LC_ALL: 'C.UTF-8' }, umask: 0o077, tmpdir: null, hidden: [], tty: false },
    policy: { type: 'dangerFullAccess' },
    onOutput: () => undefined,
    onBytes: (channel, bytes) => {
      if (channel === 'stderr' || bytesLeft === 0) return;
      const taken = bytes.subarray(0, bytesLeft);
      bytesLeft -= taken.length;
      onBytes(taken);
      if (bytesLeft === 0) running.kill();
    },
  });
  const stop = () => running.kill();
  const timer = clock.setTimeout(stop, WALK_LIMIT_MS);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  await running.exited;
  clock.clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}
