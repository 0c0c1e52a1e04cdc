/**
 * Longest wait for anything that a test waits for. Waits end at the event, so a long limit costs nothing; a machine
 * under load is slow, not broken. A test may take twice as long (vitest.config.ts), so that a wait tells what it lacked.
 */
export const WAIT_LIMIT_MS = 100_000;

/** Longest time for a walk over every path of a big machine, which is all work and no waiting. */
export const WALK_LIMIT_MS = 600_000;
