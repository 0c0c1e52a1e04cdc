import { Command } from 'commander';
import { configTrustWrite } from '../../../machines/protocol/methods/config.ts';
import type { Cli } from '../cli.ts';
import { withLink } from '../cli-link.ts';
import { say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { addLinkOptions, folderOf, optionsOf } from '../options.ts';

/** `codex trust [DIR]`: what a project may do without asking (agent.md §13). */
export function trustCommand(cli: Cli): Command {
  return addLinkOptions(new Command('trust'))
    .description("let commands change a project's files, and its own .codex settings count")
    .argument('[dir]', 'a folder of the project; this one when left out')
    .option('--revoke', 'trust it no longer')
    .addHelpText('after', '\nExamples:\n  codex trust\n  codex trust ~/src/app\n  codex trust --revoke')
    .action(async (dir: string | undefined, _options, command: Command) => {
      const options = optionsOf(command);
      const { revoke } = options;
      const cwd = folderOf({ ...options, ...(dir === undefined ? {} : { cd: dir }) }, cli.context.cwd);
      const level = revoke ? 'untrusted' : 'trusted';
      const { root } = await withLink(cli.context, options, (link) => link.request(configTrustWrite, { cwd, level }));
      say(cli.context, revoke ? `${root} is no longer trusted` : `${root} is trusted from the next thread on`);
      cli.finish(exitCodes.ok);
    });
}
