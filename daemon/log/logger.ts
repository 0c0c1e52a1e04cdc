import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { messageOf } from '../../machines/core/errors.ts';
import { redact } from './redact.ts';

/** The daemon's log: one JSON object a line, secrets removed. */
export interface Logger {
  info(message: string, facts?: Readonly<Record<string, string | number | null>>): void;
  error(message: string, error: unknown): void;
  flush(): void;
}

/** A log of this size is renamed to `.1`, whose former content goes. */
const MAX_BYTES = 8 * 1024 * 1024;
/** How many lines may pass between two looks at the size. */
const LINES_PER_CHECK = 200;

export function createLogger(path: string): Logger {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rotate(path);
  const destination = pino.destination({ dest: path, sync: true, mode: 0o600 });
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  let lines = 0;
  const counted = (write: () => void) => {
    lines += 1;
    if (lines % LINES_PER_CHECK === 0 && rotate(path)) destination.reopen();
    write();
  };
  return {
    info: (message, facts = {}) => counted(() => log.info(facts, redact(message))),
    error: (message, error) =>
      counted(() => log.error({ stack: redact(stackOf(error)) }, redact(`${message}: ${messageOf(error)}`))),
    flush: () => destination.flushSync(),
  };
}

function rotate(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < MAX_BYTES) return false;
  renameSync(path, `${path}.1`);
  return true;
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? '') : '');
