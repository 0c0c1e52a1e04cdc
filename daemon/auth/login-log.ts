import { createLogger, type Logger } from '../log/logger.ts';
import { redact, redactUrl } from '../log/redact.ts';

export type LoginFacts = Readonly<Record<string, string | number | null>>;

/** What happens in a sign-in, for whoever has to find out why it failed. */
export type LoginLog = (what: string, facts?: LoginFacts) => void;

/**
 * `codex-login.log` (auth.md §2): made at the first sign-in, readable by the user alone, and without secrets: of
 * addresses only parameters that are known to be harmless stay. A disk that does not take it stops no sign-in.
 */
export function createLoginLog(path: string): LoginLog {
  let logger: Logger | null = null;
  return (what, facts = {}) => {
    try {
      logger ??= createLogger(path);
      logger.info(what, Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, clean(value)])));
    } catch {
      // The daemon's own log tells of a full disk.
    }
  };
}

function clean(value: string | number | null): string | number | null {
  if (typeof value !== 'string') return value;
  return /^https?:\/\//i.test(value) ? redactUrl(value) : redact(value);
}
