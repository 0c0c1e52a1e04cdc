/** How long a call waits for output (agent.md §7), in milliseconds. */

const DEFAULT_FIRST_WAIT_MS = 10_000;
const DEFAULT_WRITE_WAIT_MS = 250;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const SHORTEST_POLL_MS = 5_000;
const LONGEST_POLL_MS = 300_000;

/** Of exec_command. */
export function firstWaitMs(yieldTimeMs: number | undefined): number {
  return clamp(yieldTimeMs ?? DEFAULT_FIRST_WAIT_MS, SHORTEST_WAIT_MS, LONGEST_WAIT_MS);
}

/** Of write_stdin: short after writing, long when it only looks. `maxPollMs`: `background_terminal_max_timeout`. */
export function writeWaitMs(
  { chars, yieldTimeMs }: { readonly chars: string; readonly yieldTimeMs?: number },
  maxPollMs = LONGEST_POLL_MS,
): number {
  if (chars === '')
    return clamp(yieldTimeMs ?? SHORTEST_POLL_MS, SHORTEST_POLL_MS, Math.max(SHORTEST_POLL_MS, maxPollMs));
  return clamp(yieldTimeMs ?? DEFAULT_WRITE_WAIT_MS, SHORTEST_WAIT_MS, LONGEST_WAIT_MS);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
