import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { replayLine } from '../../machines/thread/replay.ts';
import { parseRolloutLine } from '../../machines/thread/rollout-line.ts';
import { emptyRecord, type ThreadRecord } from '../../machines/thread/thread-record.ts';

/** Reads a log line by line into a record; lines that cannot be read are passed over, as the reference does. */
export async function readRollout(path: string): Promise<ThreadRecord> {
  const record = emptyRecord();
  const lines = createInterface({
    input: createReadStream(path, { encoding: 'utf8' }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const text of lines) {
    const line = parseRolloutLine(text);
    if (line) replayLine(record, line);
  }
  return record;
}
