import type { CliContext } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** What every command is made with. */
export interface Cli {
  readonly context: CliContext;
  /** Says how the command ended. */
  finish(code: ExitCode): void;
}
