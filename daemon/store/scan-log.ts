import { open } from 'node:fs/promises';

const CHUNK_BYTES = 256 * 1024;
/** A longer line is passed over: it is the output of a command, and nobody's message. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The lines of a file that hold one of some texts, whatever the case. Memory stays at one chunk and one line, and other
 * work goes on between the chunks.
 * @param needles in lower case
 * @param isWanted asked before each chunk; false ends it
 */
export async function* scanLog(
  path: string,
  needles: readonly string[],
  isWanted: () => boolean,
): AsyncGenerator<string> {
  const file = await open(path);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let begun: Buffer[] = [];
    let begunBytes = 0;
    while (isWanted()) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
      const whole = bytesRead === 0 ? 0 : chunk.lastIndexOf(NEWLINE, bytesRead - 1) + 1;
      if (whole > 0 || bytesRead === 0) {
        const text = Buffer.concat([...begun, chunk.subarray(0, whole)]).toString('utf8');
        yield* linesWith(text, needles);
        begun = [];
        begunBytes = 0;
      }
      if (bytesRead === 0) return;
      begunBytes += bytesRead - whole;
      begun = begunBytes > MAX_LINE_BYTES ? [] : [...begun, Buffer.from(chunk.subarray(whole, bytesRead))];
    }
  } finally {
    await file.close();
  }
}

/** Most pieces of a log hold no needle at all: they are never cut into lines. */
function* linesWith(text: string, needles: readonly string[]): Generator<string> {
  const lower = text.toLowerCase();
  if (!needles.some((needle) => lower.includes(needle))) return;
  for (const line of text.split('\n')) {
    const lowerLine = line.toLowerCase();
    if (needles.some((needle) => lowerLine.includes(needle))) yield line;
  }
}
