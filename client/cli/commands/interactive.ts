import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { distanceOf } from '../distance.ts';
import { exitCodes } from '../exit-codes.ts';
import { openTui, startThread } from '../open-tui.ts';
import { optionsOf } from '../options.ts';

/** Shorter words are near to everything. */
const MIN_WORD = 4;
const SHORT_WORD = 5;

/** `codex [PROMPT]`: a new thread in the terminal interface. */
export function addInteractive(cli: Cli, program: Command): Command {
  return program
    .argument('[prompt]', 'first prompt')
    .action(async (prompt: string | undefined, _options, command: Command) => {
      if (prompt !== undefined) refuseMistyped(prompt, command);
      const options = optionsOf(command);
      const open = (link: Parameters<typeof startThread>[0], cwd: string) => startThread(link, options, cwd);
      cli.finish(await openTui(cli.context, { options, prompt: prompt ?? null, role: 'operator', open }));
    });
}

/** A single word that is nearly a command was hardly meant for a model. @throws CliError with exit status 2 */
function refuseMistyped(prompt: string, { commands }: Command): void {
  if (!/^[a-z-]+$/.test(prompt) || prompt.length < MIN_WORD) return;
  const limit = prompt.length <= SHORT_WORD ? 1 : 2;
  const near = commands.map((command) => command.name()).find((name) => distanceOf(name, prompt) <= limit);
  if (near === undefined) return;
  const why = `there is no command \`${prompt}\`; did you mean \`codex ${near}\`?`;
  throw new CliError(`${why} To send the word as a prompt, type it in \`codex\``, exitCodes.usage);
}
