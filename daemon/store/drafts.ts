import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

/** What a client was typing for a thread. */
export interface Draft {
  /** The client over its reconnects (own-policy.ts). */
  readonly key: string;
  readonly terminal: string | null;
  readonly text: string;
  readonly savedAtMs: number;
}

/** Drafts kept of one thread; the oldest makes room. */
const MAX_DRAFTS = 16;
/** A text that nobody came back for in so long is forgotten. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

const stored = v.array(
  v.object({ key: v.string(), terminal: v.nullable(v.string()), text: v.string(), savedAtMs: v.number() }),
);

/**
 * The drafts of all threads: one small file per thread, readable by its owner only, replaced whole by a rename. A kill
 * of a client or of the daemon loses nothing that was written; a power cut may.
 */
export class Drafts {
  private readonly known = new Map<string, readonly Draft[]>();

  constructor(
    private readonly dir: string,
    private readonly now: () => number,
  ) {}

  has(threadId: string): boolean {
    return this.of(threadId).length > 0;
  }

  /** Keeps a client's text; an empty one removes it. */
  set(threadId: string, client: Pick<Draft, 'key' | 'terminal'>, text: string): void {
    const drafts = this.of(threadId);
    const mine = drafts.find(({ key }) => key === client.key);
    if ((mine?.text ?? '') === text) return;
    const others = drafts.filter((draft) => draft !== mine);
    const { key, terminal } = client;
    const added = text === '' ? [] : [{ key, terminal, text, savedAtMs: this.now() }];
    this.write(threadId, [...others, ...added].slice(-MAX_DRAFTS));
  }

  /**
   * Gives a client the text of one that is gone.
   * @param isAttached whether a client is still there, by its key
   */
  take(threadId: string, client: Pick<Draft, 'key' | 'terminal'>, isAttached: (key: string) => boolean): Draft | null {
    const drafts = this.of(threadId);
    const orphans = drafts.filter(({ key }) => key !== client.key && !isAttached(key));
    const sameTerminal = orphans.findLast(({ terminal }) => terminal !== null && terminal === client.terminal);
    const found = sameTerminal ?? (orphans.length === 1 ? orphans[0] : undefined);
    if (!found) return null;
    const taken = { ...found, key: client.key, terminal: client.terminal };
    const others = drafts.filter((draft) => draft !== found && draft.key !== client.key);
    this.write(threadId, [...others, taken]);
    return taken;
  }

  /** Removes what was typed for a thread that is gone. */
  forget(threadId: string): void {
    this.write(threadId, []);
    this.known.delete(threadId);
  }

  /** Removes what is too old; called once, when a daemon starts. */
  sweep(): void {
    for (const name of namesIn(this.dir)) {
      const path = join(this.dir, name);
      const age = this.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
      if (age > KEPT_MS) rmSync(path, { force: true });
    }
  }

  private of(threadId: string): readonly Draft[] {
    const known = this.known.get(threadId);
    if (known) return known;
    const drafts = readDrafts(this.pathOf(threadId));
    this.known.set(threadId, drafts);
    return drafts;
  }

  private write(threadId: string, drafts: readonly Draft[]): void {
    const path = this.pathOf(threadId);
    this.known.set(threadId, drafts);
    if (drafts.length === 0) {
      rmSync(path, { force: true });
      return;
    }
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(drafts), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** The name of a thread is one of ours or of a stored log, but no path may be made of it. */
  private pathOf(threadId: string): string {
    return join(this.dir, `${encodeURIComponent(threadId).replaceAll('.', '%2E')}.json`);
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // nobody ever typed anything
  }
}

/** A file that cannot be read holds no draft that could be given back. */
function readDrafts(path: string): readonly Draft[] {
  try {
    const checked = v.safeParse(stored, JSON.parse(readFileSync(path, 'utf8')));
    return checked.success ? checked.output : [];
  } catch {
    return [];
  }
}
