import { messageOf } from '../../machines/core/errors.ts';

/** Why a client has no daemon to talk to; programs branch on it, people read the message. */
export type ConnectFailure =
  | 'notRunning'
  | 'startFailed'
  | 'draining'
  | 'versionMismatch'
  | 'unsafeSocket'
  | 'homeUnusable'
  | 'unauthorized'
  | 'noSubprotocol'
  | 'failed';

/** A failed attempt to reach the daemon. The message is one line and says what to do next. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly failure: ConnectFailure;

  constructor(failure: ConnectFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.failure = failure;
  }
}

/** Whether trying again cannot help: the answer stays the same until the user does something. */
export function isFinal(error: unknown): boolean {
  return error instanceof ConnectError && FINAL.has(error.failure);
}

const FINAL: ReadonlySet<ConnectFailure> = new Set(['versionMismatch', 'unsafeSocket', 'homeUnusable', 'unauthorized']);

/** The home cannot be read or written: a folder of somebody else, a file in its place, a disk that is only to be read. */
export function homeUnusable(home: string, error: unknown): ConnectError {
  const why = `the home folder ${home} cannot be used (${messageOf(error)})`;
  return new ConnectError('homeUnusable', `${why}; mend that, or name another folder in CODEX_HOME`, { cause: error });
}
