import { Worker } from 'node:worker_threads';
import type { FoundFile } from '../../machines/protocol/methods/file-search.ts';
import type { Clock } from '../deps.ts';
import type { MatcherAnswer, MatcherTask } from './file-matcher.ts';

/** A thread that nobody asks anything is ended. */
const IDLE_MS = 60_000;

/** The daemon's end of the thread that keeps and searches lists of paths. It starts when it is needed. */
export class Matcher {
  #worker: Worker | null = null;
  #nextId = 1;
  #lists = new Set<number>();
  #idle: unknown = null;
  readonly #waiting = new Map<number, (files: FoundFile[]) => void>();

  constructor(
    private readonly entry: string,
    private readonly clock: Clock,
  ) {}

  /** A new list, to be filled with `push`. */
  createList(): number {
    const list = this.#nextId++;
    this.#lists.add(list);
    if (this.#idle !== null) this.clock.clearTimeout(this.#idle);
    this.#idle = null;
    return list;
  }

  /** Adds a piece of the listing of `root`: paths with a NUL behind each, cut anywhere. */
  push(list: number, root: string, bytes: Uint8Array): void {
    // A copy: the bytes are a view into a buffer that the stream uses again.
    const own = Uint8Array.from(bytes);
    if (this.#lists.has(list)) this.#post({ kind: 'paths', list, root, bytes: own }, [own.buffer]);
  }

  drop(list: number): void {
    if (!this.#lists.delete(list)) return;
    if (this.#worker !== null) this.#post({ kind: 'drop', list });
    if (this.#lists.size === 0) this.#idle = this.clock.setTimeout(() => void this.stop(), IDLE_MS);
  }

  /** The best matches in some lists; nothing when the thread was stopped meanwhile. */
  match(lists: readonly number[], query: string): Promise<FoundFile[]> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#post({ kind: 'match', id, lists, query });
    });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#lists.clear();
    for (const resolve of this.#waiting.values()) resolve([]);
    this.#waiting.clear();
    await worker?.terminate();
  }

  #post(task: MatcherTask, transfer: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(task, transfer);
  }

  #start(): Worker {
    const worker = new Worker(this.entry);
    worker.unref();
    worker.on('message', ({ id, files }: MatcherAnswer) => {
      this.#waiting.get(id)?.(files);
      this.#waiting.delete(id);
    });
    // It ran out of memory, say: those who wait get nothing, and the next search starts a new one.
    worker.on('error', () => {
      if (this.#worker === worker) void this.stop();
    });
    return worker;
  }
}
