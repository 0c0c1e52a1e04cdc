import { messageOf } from '../../machines/core/errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Ends a command with one line on stderr. The message says what to do next. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.failed,
  ) {
    super(message);
  }
}

/** One line for anything that was thrown: no stack, no line breaks. */
export function errorLine(error: unknown): string {
  return messageOf(error)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}
