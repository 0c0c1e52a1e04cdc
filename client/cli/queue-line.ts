import { type QueuedSubmission, threadQueueList } from '../../machines/protocol/methods/thread-queue.ts';
import { textOf } from '../../machines/protocol/prompt-text.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError } from './cli-error.ts';
import { ageOf } from './threads-table.ts';

const PAGE = 200;
const SHORT_ID = 8;
const MAX_TEXT = 80;

/** The prompts in line of one thread; `held` when a person stopped the turn before. */
export interface QueueLine {
  readonly threadId: string;
  readonly held: boolean;
  readonly prompts: readonly QueuedSubmission[];
}

/** All prompts in line, in order. @throws RpcError threadNotFound */
export async function readLine(link: DaemonLink, threadId: string): Promise<QueueLine> {
  const prompts: QueuedSubmission[] = [];
  let cursor: string | null = null;
  let held = false;
  do {
    const page: { data: QueuedSubmission[]; nextCursor?: string | null | undefined; held: boolean } =
      await link.request(threadQueueList, { threadId, limit: PAGE, cursor });
    prompts.push(...page.data);
    held = page.held;
    cursor = page.nextCursor ?? null;
  } while (cursor !== null);
  return { threadId, held, prompts };
}

/** A prompt by its number in line, its id, or the unique beginning of it. @throws CliError */
export function findQueued({ prompts }: QueueLine, given: string): QueuedSubmission {
  const numbered = /^\d{1,4}$/.test(given) ? prompts[Number(given) - 1] : undefined;
  const fitting = numbered ? [numbered] : prompts.filter(({ id }) => id.startsWith(given));
  const [first] = fitting;
  if (first && (fitting.length === 1 || first.id === given)) return first;
  const what = fitting.length > 1 ? `${fitting.length} prompts in line begin` : 'no prompt in line begins';
  throw new CliError(`${what} with ${given}; \`codex queue THREAD\` lists them`);
}

/** One line for each prompt, without a line break at the end. */
export function lineTable({ prompts }: QueueLine, nowMs: number): string {
  const rows = prompts.map(({ id, input, sentBy, queuedAtMs, waitsFor }, at) => [
    String(at + 1),
    id.slice(0, SHORT_ID),
    queuedAtMs == null ? '-' : ageOf(queuedAtMs / 1000, nowMs),
    sentBy ? (sentBy.terminal?.replace('/dev/', '') ?? sentBy.name) : '-',
    `${waitsFor == null ? '' : '(waits for a client) '}${shortText(textOf(input))}`,
  ]);
  const table = [['#', 'ID', 'AGE', 'FROM', 'PROMPT'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

function shortText(text: string): string {
  const line = text.replace(/\p{C}|\s+/gu, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
}
