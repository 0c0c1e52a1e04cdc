import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isOfHistory, type LinePayload } from '../../machines/thread/rollout-line.ts';
import type { Rollout } from './rollout.ts';

/** Where a copy ends: with the turn `lastTurnId`, or before `beforeTurnId`; null: with the log. */
export interface CopyBounds {
  readonly lastTurnId: string | null;
  readonly beforeTurnId: string | null;
}

/** So many characters are written at once: a long log must not hold up the daemon. */
const CHUNK_CHARACTERS = 256 * 1024;

/**
 * Copies a log's lines behind those that another log begins with, as they are and with their times; lines of ours that
 * belong to the thread and not to its history stay behind. Reads what is there when it is called, line by line.
 */
export async function copyRollout(path: string, to: Rollout, bounds: CopyBounds): Promise<void> {
  const end = statSync(path).size - 1;
  if (end < 0) return;
  const input = createReadStream(path, { encoding: 'utf8', end });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const isBehind = createEnd(bounds);
  let chunk: LinePayload[] = [];
  let characters = 0;
  for await (const text of lines) {
    const line = parse(text);
    if (!line) continue;
    if (isBehind(line)) break;
    chunk.push(line);
    characters += text.length;
    if (characters < CHUNK_CHARACTERS) continue;
    to.append(chunk);
    chunk = [];
    characters = 0;
  }
  to.append(chunk);
  input.destroy();
}

/** Whether a line lies behind the end of the copy; asked line by line. */
function createEnd({ lastTurnId, beforeTurnId }: CopyBounds): (line: LinePayload) => boolean {
  let started = 0;
  let isInLast = false;
  return (line) => {
    if (line.type !== 'event_msg' || line.payload.type !== 'task_started') return false;
    started += 1;
    // As the replay names it (machines/thread/replay.ts).
    const turnId = String(line.payload.turn_id ?? `turn-${started}`);
    if (isInLast || turnId === beforeTurnId) return true;
    isInLast = turnId === lastTurnId;
    return false;
  };
}

/** A line that is to be copied, without its number; null for what stays behind or cannot be read. */
function parse(text: string): LinePayload | null {
  try {
    const { ordinal: _, ...line } = JSON.parse(text) as { ordinal?: unknown } & LinePayload;
    if (typeof line.type !== 'string' || (line.type === 'codex_daemon' && !isOfHistory(line.payload))) return null;
    // Lines of other types are the reference's own: it finds them again in the copy.
    return line;
  } catch {
    return null;
  }
}
