import { Argument, Command } from 'commander';
import type { Cli } from '../cli.ts';
import { completionScript, type Shell, shells } from '../completion-scripts.ts';
import { exitCodes } from '../exit-codes.ts';

/** `codex completion SHELL`: prints the script. */
export function completionCommand(cli: Cli): Command {
  return new Command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>', 'your shell').choices([...shells]))
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(codex completion bash)"\n  codex completion fish > ~/.config/fish/completions/codex.fish',
    )
    .action((shell: Shell, _options, command: Command) => {
      let program = command;
      while (program.parent) program = program.parent;
      cli.context.stdout.write(completionScript(program, shell));
      cli.finish(exitCodes.ok);
    });
}
