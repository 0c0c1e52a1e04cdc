import { Command, CommanderError } from 'commander';
import { VERSION } from '../../machines/core/version.ts';
import type { Cli } from './cli.ts';
import { CliError, errorLine } from './cli-error.ts';
import { appServerCommand } from './commands/app-server.ts';
import { approvalsCommand } from './commands/approvals.ts';
import { attachCommand } from './commands/attach.ts';
import { auditCommand } from './commands/audit.ts';
import { completionCommand } from './commands/completion.ts';
import { daemonCommand } from './commands/daemon.ts';
import { doctorCommand } from './commands/doctor.ts';
import { execCommand } from './commands/exec.ts';
import { forkCommand } from './commands/fork.ts';
import { addInteractive } from './commands/interactive.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { mcpCommand } from './commands/mcp.ts';
import { queueCommand } from './commands/queue.ts';
import { resumeCommand } from './commands/resume.ts';
import { reviewCommand } from './commands/review.ts';
import { threadsCommand } from './commands/threads.ts';
import { trustCommand } from './commands/trust.ts';
import { tryCommand } from './commands/try.ts';
import { waitCommand } from './commands/wait.ts';
import { whyCommand } from './commands/why.ts';
import { type CliContext, say } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { wrapHelp } from './help-text.ts';
import { addThreadOptions } from './options.ts';

/** The whole command tree. */
export function createProgram(cli: Cli): Command {
  const program = addThreadOptions(new Command('codex'))
    .description('A coding agent whose work goes on in a background daemon: terminals come and go.')
    .version(`codex ${VERSION}`, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Examples:
  codex                        open a new thread in this terminal
  codex "fix the failing test"
  codex attach                 one more terminal on the newest thread
  codex exec "explain this"    run one prompt, print the answer
  codex review --uncommitted   review what is not committed yet
  codex doctor                 check the installation`,
    );
  addInteractive(cli, program);
  const commands = [
    (its: Cli) => execCommand(its).addCommand(reviewCommand(its)),
    reviewCommand,
    attachCommand,
    resumeCommand,
    forkCommand,
    threadsCommand,
    approvalsCommand,
    auditCommand,
    waitCommand,
    whyCommand,
    queueCommand,
    trustCommand,
    mcpCommand,
    loginCommand,
    logoutCommand,
    daemonCommand,
    appServerCommand,
    doctorCommand,
    completionCommand,
    tryCommand,
  ];
  for (const create of commands) program.addCommand(create(cli));
  prepare(program, cli.context);
  return program;
}

/** Of the right half of a help text: below it is not wrapped, and the terminal breaks words. */
const MIN_HELP_COLUMNS = 20;
/** Where nobody tells how wide the terminal is. */
const HELP_COLUMNS = 80;

/** Commander's own exits and prints become ours, for every command of the tree. */
function prepare(command: Command, context: CliContext): void {
  const columns = context.stdout.columns ?? HELP_COLUMNS;
  command
    .exitOverride()
    .configureHelp({ minWidthToWrap: MIN_HELP_COLUMNS })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(wrapHelp(text, columns)),
      writeErr: (text) => void context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => columns,
    });
  for (const child of command.commands) prepare(child, context);
}

/**
 * Runs one command line.
 * @param args without the program's own two
 * @returns the exit status; every error has been said in one line
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const finish = (code: ExitCode): void => {
    exitCode = code;
  };
  try {
    await createProgram({ context, finish }).parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    say(context, `error: ${errorLine(error)}`);
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}
