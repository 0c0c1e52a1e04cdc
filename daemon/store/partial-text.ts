import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SpokenItem } from '../../machines/protocol/spoken-item.ts';
import type { PartialItem } from '../../machines/thread/recover.ts';
import type { Clock } from '../deps.ts';

/** How far behind the words on the screen the file may be (DESIGN §6). */
const WRITE_EVERY_MS = 250;

/**
 * The words of an answer that is still coming, in a file beside the logs: after a crash they are shown as far as they
 * went. One JSON line per write; the file goes when the item ends, since the log then has it whole.
 */
export class PartialText {
  private waiting: PartialItem | null = null;
  private handle: unknown = null;
  private isWritten = false;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  note(turnId: string, { id: itemId, type }: Pick<SpokenItem, 'id' | 'type'>, delta: string): void {
    if (this.waiting && this.waiting.itemId !== itemId) this.write();
    this.waiting = { turnId, itemId, type, text: (this.waiting?.text ?? '') + delta };
    this.handle ??= this.clock.setTimeout(() => this.write(), WRITE_EVERY_MS);
  }

  clear(): void {
    this.clock.clearTimeout(this.handle);
    this.handle = null;
    this.waiting = null;
    if (this.isWritten) rmSync(this.path, { force: true });
    this.isWritten = false;
  }

  /** What a daemon that ended in mid-answer left, pieces of one item joined; the file is kept until `clear`. */
  read(): readonly PartialItem[] {
    if (!existsSync(this.path)) return [];
    this.isWritten = true;
    const items = new Map<string, PartialItem>();
    for (const line of readFileSync(this.path, 'utf8').split('\n')) {
      const piece = parsePiece(line);
      if (piece) items.set(piece.itemId, { ...piece, text: (items.get(piece.itemId)?.text ?? '') + piece.text });
    }
    return [...items.values()];
  }

  private write(): void {
    this.clock.clearTimeout(this.handle);
    this.handle = null;
    if (!this.waiting) return;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      appendFileSync(this.path, `${JSON.stringify(this.waiting)}\n`, { mode: 0o600 });
      this.isWritten = true;
    } catch {
      // A full disk ends the turn through its log; the words of a half answer are not worth a second error.
    }
    this.waiting = null;
  }
}

function parsePiece(line: string): PartialItem | null {
  try {
    const { turnId, itemId, type, text } = JSON.parse(line) as Partial<PartialItem>;
    const isWhole = typeof turnId === 'string' && typeof itemId === 'string' && typeof text === 'string';
    return isWhole ? { turnId, itemId, type: type === 'plan' ? type : 'agentMessage', text } : null;
  } catch {
    return null;
  }
}
