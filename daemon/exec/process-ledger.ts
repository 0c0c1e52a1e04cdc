import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { sweepPlaceholder } from '../sandbox/placeholders.ts';
import { familyOf, killFamily, listProcesses, type ProcessEntry, startTimeOf } from './process-tree.ts';

/** Names the owner in the environment of a child that no thread owns alone, such as an MCP server. */
export const OWNER_VARIABLE = 'CODEX_DAEMON_OWNER';

const lineSchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  startTime: v.string(),
  threadId: v.string(),
  callId: v.string(),
  /** Folders made in workspaces for this child's sandbox. */
  placeholders: v.array(v.string()),
});

/** One live child: a process group's leader and whom it works for. */
export type LedgerLine = v.InferOutput<typeof lineSchema>;

/**
 * The live children, one JSON line each, in a file of the daemon's folder. After a kill -9 of the daemon the next
 * one ends what the lines name. Writes are done when the methods return: a child must not run unwritten.
 */
export class ProcessLedger {
  readonly #path: string;
  readonly #lines = new Map<number, LedgerLine>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Enters a child that was just started; one that already ended is not entered. */
  add(child: Omit<LedgerLine, 'startTime'>): void {
    const startTime = startTimeOf(child.pid);
    if (startTime === null) return;
    this.#lines.set(child.pid, { ...child, startTime });
    this.#write();
  }

  remove(pid: number): void {
    if (!this.#lines.delete(pid)) return;
    try {
      this.#write();
    } catch {
      // On a full disk a line too many stays; it does no harm, because `sweep` looks whether it is the same process.
    }
  }

  list(): readonly LedgerLine[] {
    return [...this.#lines.values()];
  }

  /**
   * At the daemon's start, before any child: kills what a predecessor left running, removes its placeholders and
   * empties the file. Answers the children that were killed.
   */
  sweep(): readonly LedgerLine[] {
    const left = this.#read();
    const killed = left.filter(killLeftOver);
    for (const path of new Set(left.flatMap((line) => line.placeholders))) sweepPlaceholder(path);
    this.#lines.clear();
    this.#write();
    return killed;
  }

  #read(): readonly LedgerLine[] {
    try {
      return readFileSync(this.#path, 'utf8').split('\n').flatMap(parseLine);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  /** By rename, so that a crash never leaves half a file. */
  #write(): void {
    const temporary = `${this.#path}.new`;
    const text = this.list().map((line) => `${JSON.stringify(line)}\n`);
    try {
      writeFileSync(temporary, text.join(''), { mode: 0o600 });
      renameSync(temporary, this.#path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}

/** A line cut by a full disk or made by another version names nobody. */
function parseLine(text: string): readonly LedgerLine[] {
  try {
    const parsed = v.safeParse(lineSchema, JSON.parse(text));
    return parsed.success ? [parsed.output] : [];
  } catch {
    return [];
  }
}

/** The number alone proves nothing: it must be the same process, or the family must still name its thread. */
function killLeftOver({ pid, startTime, threadId }: LedgerLine): boolean {
  const now = startTimeOf(pid);
  if (now === startTime) {
    killFamily(pid);
    return true;
  }
  if (now !== null) return false;
  const orphans = familyOf(pid, listProcesses()).filter((entry) => worksFor(entry, threadId));
  for (const orphan of orphans) killFamily(orphan.pid);
  return orphans.length > 0;
}

function worksFor({ pid }: ProcessEntry, threadId: string): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return [`CODEX_THREAD_ID=${threadId}`, `${OWNER_VARIABLE}=${threadId}`].some((mark) => variables.includes(mark));
  } catch {
    return false; // Gone, or another user's.
  }
}
