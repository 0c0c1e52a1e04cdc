import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { threadReadState } from '../../machines/protocol/methods/thread-read-state.ts';
import { gitInfo } from '../../machines/protocol/types/thread.ts';

/** What is known of a thread beside its log. */
const threadFacts = v.object({
  readState: v.optional(threadReadState),
  /** What a client put in place of the repository facts that the log begins with. */
  gitInfo: v.optional(gitInfo),
});
export type ThreadFacts = v.InferOutput<typeof threadFacts>;

/** A line of the file: the whole of what is known of a thread, or that nothing is any more. */
const line = v.object({ id: v.string(), facts: v.nullable(threadFacts) });

/** So many lines may be out of date before the file is written anew at a start. */
const MAX_STALE_LINES = 1_000;

/**
 * Facts of threads that stand in no log: what was read, what a client corrected. Kept apart, since a listing reads heads
 * only and no line that comes later. One JSON line per change, the newest of a thread wins.
 */
export class ThreadFactsFile {
  private known: Map<string, ThreadFacts> | null = null;

  constructor(private readonly path: string) {}

  of(threadId: string): ThreadFacts {
    return this.all().get(threadId) ?? {};
  }

  /** @throws RpcError threadStoreFailed; then nothing has changed */
  change(threadId: string, change: ThreadFacts): void {
    const facts = { ...this.of(threadId), ...change };
    this.append({ id: threadId, facts });
    this.all().set(threadId, facts);
  }

  /** @throws RpcError threadStoreFailed */
  forget(threadId: string): void {
    if (!this.all().has(threadId)) return;
    this.append({ id: threadId, facts: null });
    this.all().delete(threadId);
  }

  /** The file is read when it is first asked for: by then this daemon is the only one of the home. */
  private all(): Map<string, ThreadFacts> {
    this.known ??= this.load();
    return this.known;
  }

  private load(): Map<string, ThreadFacts> {
    const lines = readLines(this.path);
    const known = new Map<string, ThreadFacts>();
    for (const { id, facts } of lines.flatMap(parse)) {
      if (facts) known.set(id, facts);
      else known.delete(id);
    }
    if (lines.length - known.size > MAX_STALE_LINES) this.rewrite(known);
    return known;
  }

  private rewrite(known: ReadonlyMap<string, ThreadFacts>): void {
    const temporary = `${this.path}.new`;
    const text = [...known].map(([id, facts]) => `${JSON.stringify({ id, facts })}\n`).join('');
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, this.path);
  }

  private append(entry: v.InferOutput<typeof line>): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      // A line that a crash cut short is closed by the newline in front; empty lines are passed over.
      appendFileSync(this.path, `\n${JSON.stringify(entry)}`, { mode: 0o600 });
    } catch (error) {
      throw new RpcError('threadStoreFailed', `${this.path} cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => text !== '');
  } catch {
    // There is none before the first fact; one that cannot be read is as good as none, and appending says why.
    return [];
  }
}

function parse(text: string): v.InferOutput<typeof line>[] {
  try {
    const parsed = v.safeParse(line, JSON.parse(text));
    return parsed.success ? [parsed.output] : [];
  } catch {
    return [];
  }
}
