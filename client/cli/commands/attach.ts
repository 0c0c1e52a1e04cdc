import { Command } from 'commander';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { newestThread, resolveThreadId } from '../find-thread.ts';
import { openTui } from '../open-tui.ts';
import { addLinkOptions, optionsOf } from '../options.ts';

/** `codex attach`: one more terminal on a thread, beside those that are there. */
export function attachCommand(cli: Cli): Command {
  return addLinkOptions(new Command('attach'))
    .description('attach this terminal to a thread; others stay attached')
    .argument('[thread]', 'id, beginning of an id, or name; the newest one of this folder if left out')
    .option('-w, --watch', 'only look: send no prompts and answer no questions')
    .addHelpText(
      'after',
      `
Examples:
  codex attach
  codex attach 0199c2
  codex attach release-notes --watch`,
    )
    .action(async (thread: string | undefined, _options, command: Command) => {
      const options = optionsOf(command);
      const role = options.watch === true ? ('observer' as const) : ('operator' as const);
      const open = async (link: DaemonLink, cwd: string) => ({
        threadId: thread === undefined ? await newestId(link, cwd) : await resolveThreadId(link, thread),
        notices: [],
      });
      cli.finish(await openTui(cli.context, { options, prompt: null, role, open }));
    });
}

async function newestId(link: DaemonLink, cwd: string): Promise<string> {
  const found = (await newestThread(link, cwd)) ?? (await newestThread(link));
  if (!found) throw new CliError('there is no thread to attach to; `codex` starts one');
  return found.id;
}
