import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { pause } from '../connection/limits.ts';

const CHUNK_BYTES = 64 * 1024;
const LOOK_AGAIN_MS = 200;

/** The last lines of a file, read from its end; empty when there is no file. */
export function lastLines(path: string, count: number): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || count === 0) return '';
  const file = openSync(path, 'r');
  try {
    let start = size;
    let bytes = Buffer.alloc(0);
    // One line break more than lines, as the file ends with one.
    while (start > 0 && countBreaks(bytes) <= count) {
      const length = Math.min(CHUNK_BYTES, start);
      start -= length;
      bytes = Buffer.concat([readAt(file, start, length), bytes]);
    }
    const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n');
    return `${lines.slice(-count).join('\n')}\n`;
  } finally {
    closeSync(file);
  }
}

/** Hands on what is added to a file until the signal; a file that was rotated is read from its beginning. */
export async function followFile(path: string, write: (text: string) => void, signal: AbortSignal): Promise<void> {
  const first = statSync(path, { throwIfNoEntry: false });
  let [inode, at] = [first?.ino ?? 0, first?.size ?? 0];
  while (!signal.aborted) {
    await pause(LOOK_AGAIN_MS, signal);
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now) continue;
    if (now.ino !== inode || now.size < at) [inode, at] = [now.ino, 0];
    if (now.size === at) continue;
    const file = openSync(path, 'r');
    write(readAt(file, at, now.size - at).toString('utf8'));
    closeSync(file);
    at = now.size;
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, position));
}

function countBreaks(bytes: Buffer): number {
  let breaks = 0;
  for (const byte of bytes) if (byte === 10) breaks += 1;
  return breaks;
}
