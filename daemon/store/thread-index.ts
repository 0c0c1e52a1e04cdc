import { appendFileSync, closeSync, type Dirent, openSync, readSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isUuid } from '../../machines/core/ids.ts';
import { replaceFile } from './replace-file.ts';
import { readHead, type ThreadHead } from './thread-head.ts';

/** A stored thread as its log's name tells it; nothing was read yet. */
export interface StoredThread {
  readonly threadId: string;
  readonly path: string;
}

/** What a listing shows of a stored thread, read from the head of its log. */
export interface ThreadSummary extends StoredThread {
  readonly head: ThreadHead;
  readonly updatedAt: number;
}

const NAME = /^rollout-(\d{4})-(\d\d)-(\d\d)T\d\d-\d\d-\d\d-([0-9a-f-]{36})\.jsonl$/;

const STATS_AT_ONCE = 256;

/**
 * Finds and lists threads by their logs' names, newest first, without reading whole files: the heads that were read are
 * kept by size and time, so a second listing costs a stat each.
 */
export class ThreadIndex {
  private readonly heads = new Map<string, { key: string; summary: ThreadSummary }>();

  constructor(
    private readonly sessionsDir: string,
    private readonly nameIndex: string,
    private readonly archivedDir: string,
  ) {}

  /** Every stored thread that is not archived, newest first by its id. */
  async list(): Promise<StoredThread[]> {
    return logsIn(await this.days());
  }

  /** Every archived thread, newest first by its id. */
  async listArchived(): Promise<StoredThread[]> {
    return logsIn([this.archivedDir]);
  }

  /**
   * When each log was last written to, in ms. Asked for without a promise each, which is by far the longest part of it,
   * and in pieces, so that ten thousand logs do not hold up the daemon.
   */
  async timesOf(stored: readonly StoredThread[]): Promise<number[]> {
    const times: number[] = [];
    for (const [at, { path }] of stored.entries()) {
      if (at % STATS_AT_ONCE === STATS_AT_ONCE - 1) await setImmediate();
      times.push(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    }
    return times;
  }

  /** The log of a thread that is not archived, or null. */
  async find(threadId: string): Promise<StoredThread | null> {
    return isUuid(threadId) ? ((await this.list()).find((stored) => stored.threadId === threadId) ?? null) : null;
  }

  /** The log of an archived thread, or null. */
  async findArchived(threadId: string): Promise<StoredThread | null> {
    return isUuid(threadId) ? ((await this.listArchived()).find((one) => one.threadId === threadId) ?? null) : null;
  }

  /** Moves a log to the archive, a flat folder (agent.md §12). */
  async archive({ threadId, path }: StoredThread): Promise<StoredThread> {
    return { threadId, path: await moveTo(this.archivedDir, path) };
  }

  /** Moves a log back to the folder of the day in its name. */
  async unarchive({ threadId, path }: StoredThread): Promise<StoredThread> {
    const [, year = '', month = '', day = ''] = NAME.exec(basename(path)) ?? [];
    return { threadId, path: await moveTo(join(this.sessionsDir, year, month, day), path) };
  }

  /** The head of a log; null when it cannot be read or is no log. */
  async summarize(stored: StoredThread): Promise<ThreadSummary | null> {
    const file = await stat(stored.path).catch(() => null);
    if (!file) return null;
    const key = `${file.size}:${file.mtimeMs}`;
    const known = this.heads.get(stored.path);
    if (known?.key === key) return known.summary;
    // It may have been deleted since it was looked at.
    const head = await readHead(stored.path).catch(() => null);
    if (!head) return null;
    const summary = { ...stored, head, updatedAt: Math.floor(file.mtimeMs / 1000) };
    this.heads.set(stored.path, { key, summary });
    return summary;
  }

  /** Names that people gave, by thread id: the newest line of each wins (agent.md §12). */
  async names(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(this.nameIndex, 'utf8').catch(() => '');
    const found = new Map<string, string>();
    for (const line of text.split('\n')) {
      const entry = parseName(line);
      if (entry) found.set(entry.id, entry.name);
    }
    return found;
  }

  setName(threadId: string, name: string, at: Date): void {
    const line = { id: threadId, thread_name: name, updated_at: at.toISOString() };
    // A line that a crash cut short is closed, never joined to.
    const start = lastByte(this.nameIndex) === NEWLINE ? '' : '\n';
    appendFileSync(this.nameIndex, `${start}${JSON.stringify(line)}\n`, { mode: 0o600 });
  }

  /** Takes the names of a thread out of the file, which other programs read too; the rest keeps its order. */
  async dropName(threadId: string): Promise<void> {
    const text = await readFile(this.nameIndex, 'utf8').catch(() => '');
    const lines = text.split('\n');
    const kept = lines.filter((line) => parseName(line)?.id !== threadId);
    if (kept.length < lines.length) await replaceFile(this.nameIndex, kept.join('\n'), { mode: 0o600 });
  }

  private async days(): Promise<string[]> {
    let level = [this.sessionsDir];
    for (let depth = 0; depth < 3; depth += 1) {
      const below = await Promise.all(level.map(async (dir) => (await folders(dir)).map((name) => join(dir, name))));
      level = below.flat();
    }
    return level;
  }
}

const NEWLINE = 0x0a;

/** The last byte of a file; a newline where there is none to be joined to. */
function lastByte(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return NEWLINE;
  const fd = openSync(path, 'r');
  try {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, size - 1);
    return byte[0] ?? NEWLINE;
  } finally {
    closeSync(fd);
  }
}

async function entries(dir: string): Promise<Dirent[]> {
  return readdir(dir, { withFileTypes: true }).catch(() => []);
}

const folders = async (dir: string): Promise<string[]> =>
  (await entries(dir)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);

const names = async (dir: string): Promise<string[]> =>
  (await entries(dir)).filter((entry) => entry.isFile()).map((entry) => entry.name);

async function logsIn(folders: readonly string[]): Promise<StoredThread[]> {
  const logs = await Promise.all(folders.map(async (dir) => (await names(dir)).map((name) => toStored(dir, name))));
  return logs
    .flat()
    .filter((stored) => stored !== null)
    .sort((a, b) => (a.threadId < b.threadId ? 1 : -1));
}

/** Moves a file into a folder under its own name; never over another one. */
async function moveTo(folder: string, path: string): Promise<string> {
  const target = join(folder, basename(path));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (statSync(target, { throwIfNoEntry: false })) throw new Error(`${target} is there already`);
  await rename(path, target);
  return target;
}

function toStored(dir: string, name: string): StoredThread | null {
  const threadId = NAME.exec(name)?.[4];
  return threadId ? { threadId, path: join(dir, name) } : null;
}

function parseName(line: string): { id: string; name: string } | null {
  try {
    const { id, thread_name: name } = JSON.parse(line) as { id?: unknown; thread_name?: unknown };
    return typeof id === 'string' && typeof name === 'string' ? { id, name } : null;
  } catch {
    return null;
  }
}
