import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import type { Clock } from '../deps.ts';
import { appendWhole } from './append-whole.ts';

/** How long finished lines may wait for the disk; lines that come meanwhile share one sync (DESIGN §6). */
const SYNC_DELAY_MS = 20;

/** Which file a log is, and how far it goes. */
export interface LogPlace {
  readonly inode: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * A thread's append-only log. `append` returns when the write has, so an event that is announced after it survives a
 * kill -9; the sync to the disk follows in groups.
 */
export class Rollout {
  private size: number;
  private ordinal: number;
  private readonly inode: number;
  private failure: RpcError | null = null;
  private syncHandle: unknown = null;
  private syncing: Promise<void> = Promise.resolve();
  private closing: Promise<void> | null = null;

  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly clock: Clock,
    ordinal: number,
  ) {
    const stat = fstatSync(fd);
    this.size = stat.size;
    this.inode = stat.ino;
    this.ordinal = ordinal;
  }

  /** A new log. @throws RpcError threadStoreFailed when it cannot be made */
  static create(path: string, clock: Clock): Rollout {
    return attempt(path, () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return new Rollout(
        path,
        openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND, 0o600),
        clock,
        0,
      );
    });
  }

  /** A stored log, to be gone on with. A last line that a crash cut short is closed with a newline, never joined to. */
  static open(path: string, clock: Clock, ordinal: number): Rollout {
    return attempt(path, () => {
      const rollout = new Rollout(path, openSync(path, constants.O_RDWR | constants.O_APPEND), clock, ordinal);
      if (!rollout.endsWithNewline()) rollout.write('\n');
      return rollout;
    });
  }

  /**
   * Appends lines in one write. All or nothing: a write cut short by a full disk is taken back.
   * @throws RpcError threadStoreFailed; the log then takes no more lines until it is opened anew
   */
  append(payloads: readonly LinePayload[]): void {
    if (payloads.length === 0) return;
    if (this.failure) throw this.failure;
    const timestamp = new Date(this.clock.now()).toISOString();
    const text = payloads
      .map((line) => `${JSON.stringify({ timestamp, ordinal: this.ordinal++, ...line })}\n`)
      .join('');
    try {
      this.refuseForeignLines();
      this.write(text);
    } catch (error) {
      this.failure = toStoreError(this.path, error);
      throw this.failure;
    }
    this.syncSoon();
  }

  get place(): LogPlace {
    return { inode: this.inode, size: this.size };
  }

  /** Whether a write failed; every later one is refused. */
  get isBroken(): boolean {
    return this.failure !== null;
  }

  /** Whether another program wrote to the log, or put another file in its place, since our last line. */
  hasForeignLines(): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    return !stat || stat.ino !== this.inode || stat.size !== this.size;
  }

  /** Waits until everything that was appended is on the disk. */
  async flush(): Promise<void> {
    this.clock.clearTimeout(this.syncHandle);
    this.syncHandle = null;
    await this.sync();
  }

  /** Flushes and lets go, once however often it is asked. Lines that come meanwhile are refused. */
  close(): Promise<void> {
    this.closing ??= this.letGo();
    return this.closing;
  }

  /** Closes and removes the log of a thread that never got a prompt. */
  async remove(): Promise<void> {
    await this.close();
    unlinkSync(this.path);
  }

  private async letGo(): Promise<void> {
    // The number may soon be another file's: nothing may be written under it any more.
    this.failure ??= toStoreError(this.path, new Error('it was closed'));
    await this.flush();
    closeSync(this.fd);
  }

  private refuseForeignLines(): void {
    if (this.hasForeignLines()) throw new Error('another program wrote to this thread in the meantime');
  }

  private write(text: string): void {
    this.size = appendWhole(this.fd, Buffer.from(text), this.size);
  }

  private endsWithNewline(): boolean {
    if (this.size === 0) return true;
    const last = Buffer.alloc(1);
    readSync(this.fd, last, 0, 1, this.size - 1);
    return last[0] === 0x0a;
  }

  private syncSoon(): void {
    this.syncHandle ??= this.clock.setTimeout(() => {
      this.syncHandle = null;
      void this.sync();
    }, SYNC_DELAY_MS);
  }

  private sync(): Promise<void> {
    this.syncing = this.syncing.then(
      () =>
        new Promise((resolve) => {
          fdatasync(this.fd, (error) => {
            if (error) this.failure ??= toStoreError(this.path, error);
            resolve();
          });
        }),
    );
    return this.syncing;
  }
}

function toStoreError(path: string, cause: unknown): RpcError {
  return new RpcError('threadStoreFailed', `the thread's log cannot be written: ${messageOf(cause)} (${path})`, {
    cause,
  });
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof RpcError ? error : toStoreError(path, error);
  }
}
