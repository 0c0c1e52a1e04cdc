/**
 * Longest wait for anything that a test waits for. Waits end at the event, so a long limit costs nothing; a machine
 * under load is slow, not broken. A test may take twice as long (vitest.config.ts), so that a wait tells what it lacked.
 */
export const WAIT_LIMIT_MS = 100_000;
