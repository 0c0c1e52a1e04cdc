import { open } from 'node:fs/promises';
import { previewOf } from '../../machines/protocol/prompt-text.ts';
import { replayLine } from '../../machines/thread/replay.ts';
import { parseRolloutLine, type SessionMeta } from '../../machines/thread/rollout-line.ts';
import { emptyRecord, type ThreadRecord } from '../../machines/thread/thread-record.ts';

/** What a listing shows of a log. Small on purpose: ten thousand of them are kept in memory. */
export interface ThreadHead {
  /** The first line without its instructions and tools, which are by far the longest parts of it. */
  readonly meta: Omit<SessionMeta, 'base_instructions' | 'dynamic_tools'>;
  readonly preview: string;
  /** The model of the first turn, or null. */
  readonly model: string | null;
  readonly hasPrompt: boolean;
}

/** A head this long holds the first prompt of any usual thread; base instructions are the longest line before it. */
export const HEAD_BYTES = 96 * 1024;
/** Most logs tell all in their first piece. */
const PIECE_BYTES = 32 * 1024;

/** Reads a log's beginning up to its first prompt, and never more than `HEAD_BYTES`; null when it is no log. */
export async function readHead(path: string): Promise<ThreadHead | null> {
  const record = emptyRecord();
  const { rest, bytesRead } = await readUpToPrompt(path, record);
  if (!record.meta) return null;
  const { base_instructions: _, dynamic_tools: __, ...meta } = record.meta;
  return {
    meta,
    preview: record.preview || cutPreview(rest),
    model: record.lastContext?.model ?? null,
    // A log that is longer than its head has a prompt, be it one that fills the head alone.
    hasPrompt: record.turns.length > 0 || record.queue.length > 0 || bytesRead > HEAD_BYTES,
  };
}

/** @returns the piece of a line that the head ends in, and how many bytes there were, at most one over the head */
async function readUpToPrompt(path: string, record: ThreadRecord): Promise<{ rest: string; bytesRead: number }> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(HEAD_BYTES + 1);
    let end = 0;
    let lineStart = 0;
    while (record.preview === '' && end <= HEAD_BYTES) {
      const { bytesRead } = await file.read(buffer, end, Math.min(PIECE_BYTES, HEAD_BYTES + 1 - end), end);
      if (bytesRead === 0) break;
      end += bytesRead;
      lineStart = takeLines(record, buffer.subarray(0, Math.min(end, HEAD_BYTES)), lineStart);
    }
    return { rest: buffer.toString('utf8', lineStart, Math.min(end, HEAD_BYTES)), bytesRead: end };
  } finally {
    await file.close();
  }
}

/** Takes the whole lines from `start` on, up to the first prompt. @returns where the next line starts */
function takeLines(record: ThreadRecord, bytes: Buffer, start: number): number {
  let from = start;
  for (let to = bytes.indexOf(NEWLINE, from); to >= 0 && record.preview === ''; to = bytes.indexOf(NEWLINE, from)) {
    const line = parseRolloutLine(bytes.toString('utf8', from, to));
    if (line) replayLine(record, line);
    from = to + 1;
  }
  return from;
}

const NEWLINE = 0x0a;

/** The first words of a prompt whose line is longer than the head. An escaped character is not cut in the middle. */
function cutPreview(line: string): string {
  const words = /"kind":"prompt".*?"text":"((?:[^"\\]|\\u[0-9a-f]{4}|\\[^u]){1,1000})/i.exec(line)?.[1];
  return words === undefined ? '' : previewOf([{ type: 'text', text: JSON.parse(`"${words}"`) as string }]);
}
