import { Command } from 'commander';
import { threadFork } from '../../../machines/protocol/methods/thread-store.ts';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { newestUsedThread, resolveThreadId } from '../find-thread.ts';
import { openTui } from '../open-tui.ts';
import { addThreadOptions, type CliOptions, optionsOf } from '../options.ts';
import { threadOverrides } from '../thread-overrides.ts';

interface ForkOptions extends CliOptions {
  readonly last?: boolean;
}

/** `codex fork`: the terminal interface on a copy of a thread; the thread itself stays as it is. */
export function forkCommand(cli: Cli): Command {
  return addThreadOptions(new Command('fork'))
    .description('go on with a copy of a thread, which itself stays as it is')
    .argument('[thread]', 'id, beginning of an id, or name')
    .argument('[prompt]', 'next prompt')
    .option('--last', 'the newest thread of this folder')
    .addHelpText(
      'after',
      `
Examples:
  codex fork --last "try it another way"
  codex fork 0199c2`,
    )
    .action(async (first: string | undefined, second: string | undefined, _options, command: Command) => {
      const options: ForkOptions = optionsOf(command);
      const [given, prompt] = options.last ? [undefined, first] : [first, second];
      if (given === undefined && !options.last)
        throw new CliError('say which thread: an id from `codex threads`, or --last');
      const open = async (link: DaemonLink, cwd: string) => {
        const threadId = given === undefined ? await newestIn(link, cwd) : await resolveThreadId(link, given);
        const params = { threadId, excludeTurns: true, ...(await threadOverrides(link, options, cwd)) };
        const { thread, notices } = await link.request(threadFork, params);
        return { threadId: thread.id, notices: notices ?? [] };
      };
      cli.finish(await openTui(cli.context, { options, prompt: prompt ?? null, role: 'operator', open }));
    });
}

async function newestIn(link: DaemonLink, cwd: string): Promise<string> {
  const newest = await newestUsedThread(link, cwd);
  if (!newest) throw new CliError('there is no thread in this folder to copy; `codex threads` lists all');
  return newest.id;
}
