import { messageOf } from '../../machines/core/errors.ts';
import { SandboxUnavailableError } from '../sandbox/errors.ts';

/** Why nothing ran, for the model and the person who reads along: the reason, and how to mend it where that is known. */
export function cannotRun(error: unknown): string {
  if (!(error instanceof SandboxUnavailableError)) return messageOf(error);
  return `no sandbox can be had on this machine, so nothing was run: ${error.reason}. To mend it: ${error.mend}`;
}
