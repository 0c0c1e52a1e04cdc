import { type Occurrence, occurrencesIn } from '../../machines/thread/occurrence.ts';
import { replayLine } from '../../machines/thread/replay.ts';
import { type EventMessage, parseRolloutLine } from '../../machines/thread/rollout-line.ts';
import { emptyRecord } from '../../machines/thread/thread-record.ts';
import { scanLog } from './scan-log.ts';

/** More lines of one log than this are not kept: the rest of it is not looked at. */
const MAX_LINES = 20_000;
/** Lines that say which turns there are, whatever is searched. */
const TURN_LINES = ['"task_started"', '"thread_rolled_back"'];

export interface LogSearch {
  readonly term: string;
  /** Places after which it is enough. */
  readonly limit?: number;
  /** False when nobody waits for the answer any more. */
  readonly isWanted: () => boolean;
}

/**
 * The places of a text in the messages of a log, oldest first. Only lines that can matter are parsed; they are replayed
 * as when the thread is loaded, so that turns which were taken back are not found.
 */
export async function searchLog(path: string, { term, limit, isWanted }: LogSearch): Promise<Occurrence[]> {
  const record = emptyRecord();
  const max = limit ?? Number.POSITIVE_INFINITY;
  // The text as it stands in JSON, where blanks of all kinds may be in its place: the longest word of it will do.
  const needles = [...TURN_LINES, longestWord(term)];
  let held = 0;
  for await (const text of scanLog(path, needles, () => isWanted() && held < MAX_LINES)) {
    const line = parseRolloutLine(text);
    if (line?.type !== 'event_msg' || !isSearched(line.payload)) continue;
    replayLine(record, line);
    held += 1;
  }
  const found: Occurrence[] = [];
  for (const { id, items } of record.turns) {
    for (const item of items) {
      found.push(...occurrencesIn(id, item, term));
      if (found.length >= max) return found.slice(0, max);
    }
  }
  return found;
}

/** Lines of turns and messages; a command's output may be long, and is not searched. */
function isSearched({ type, item }: EventMessage): boolean {
  if (type !== 'item_completed') return SEARCHED.has(type);
  const kind = (item as { type?: unknown } | null)?.type;
  return kind === 'UserMessage' || kind === 'AgentMessage';
}

const SEARCHED: ReadonlySet<string> = new Set(['task_started', 'thread_rolled_back', 'user_message', 'agent_message']);

function longestWord(term: string): string {
  const words = term.trim().split(/\s+/);
  const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
  return JSON.stringify(longest).slice(1, -1).toLowerCase();
}
