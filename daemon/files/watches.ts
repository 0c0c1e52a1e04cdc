import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RpcError } from '../../machines/core/errors.ts';
import type { Clock } from '../deps.ts';

/** Changes that come within this time are told together, as the reference does. */
const GATHER_MS = 200;
/** Of one connection. */
export const MAX_WATCHES = 128;
/** Paths in one notification; what is more is told with the next. */
const MAX_PATHS = 1000;

interface Watch {
  readonly watcher: FSWatcher;
  /** Stops telling. */
  readonly end: () => void;
}

/** What clients watch; a watch ends with its connection. */
export class Watches<Owner extends object> {
  readonly #watches = new Map<Owner, Map<string, Watch>>();

  constructor(
    private readonly clock: Clock,
    private readonly tell: (owner: Owner, watchId: string, changedPaths: string[]) => void,
  ) {}

  /**
   * Watches a file, or the entries of a folder. What is not there is watched for in its folder.
   * @throws RpcError invalidRequest, limitReached, fileSystem
   */
  async add(owner: Owner, watchId: string, path: string): Promise<void> {
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    const own = this.#watches.get(owner) ?? new Map<string, Watch>();
    if (own.has(watchId)) throw new RpcError('invalidRequest', `watchId already exists: ${watchId}`);
    if (own.size >= MAX_WATCHES) {
      throw new RpcError('limitReached', `one connection watches at most ${MAX_WATCHES} paths: fs/unwatch one first`);
    }
    own.set(watchId, this.#start(owner, watchId, path, isFolder));
    this.#watches.set(owner, own);
  }

  remove(owner: Owner, watchId: string): void {
    this.#watches.get(owner)?.get(watchId)?.end();
    this.#watches.get(owner)?.delete(watchId);
  }

  endFor(owner: Owner): void {
    for (const { end } of this.#watches.get(owner)?.values() ?? []) end();
    this.#watches.delete(owner);
  }

  endAll(): void {
    for (const owner of [...this.#watches.keys()]) this.endFor(owner);
  }

  // A file is watched in its folder: programs replace files by rename, and a watch on the file would stay with the old.
  #start(owner: Owner, watchId: string, path: string, isFolder: boolean): Watch {
    const folder = isFolder ? path : dirname(path);
    const changed = new Set<string>();
    let timer: unknown = null;
    const flush = () => {
      timer = null;
      const paths = [...changed].sort().slice(0, MAX_PATHS);
      for (const told of paths) changed.delete(told);
      this.tell(owner, watchId, paths);
      if (changed.size > 0) timer = this.clock.setTimeout(flush, GATHER_MS);
    };
    const note = (name: string | null) => {
      if (!isFolder && name !== basename(path)) return;
      changed.add(name === null ? path : join(folder, name));
      timer ??= this.clock.setTimeout(flush, GATHER_MS);
    };
    const watcher = open(folder, note);
    const end = () => {
      if (timer !== null) this.clock.clearTimeout(timer);
      watcher.close();
    };
    // The folder itself was removed, say: that is a change, and the last that can be told.
    watcher.on('error', () => note(isFolder ? null : basename(path)));
    return { watcher, end };
  }
}

function open(folder: string, note: (name: string | null) => void): FSWatcher {
  try {
    return watch(folder, { persistent: false }, (_kind, name) => note(name));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why =
      code === 'ENOSPC' ? 'the system allows no more watches (fs.inotify.max_user_watches)' : `${folder}: ${code}`;
    throw new RpcError('fileSystem', `cannot watch: ${why}`, { data: { code }, cause: error });
  }
}
