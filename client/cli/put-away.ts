import { Command } from 'commander';
import { threadArchive, threadDelete, threadUnarchive } from '../../machines/protocol/methods/thread-store.ts';
import type { DaemonLink } from '../connection/link.ts';
import type { Cli } from './cli.ts';
import { CliError } from './cli-error.ts';
import { withLink } from './cli-link.ts';
import { confirm } from './confirm.ts';
import { type CliContext, say } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { resolveThreadId, type ThreadFilter } from './find-thread.ts';
import { addLinkOptions, optionsOf } from './options.ts';

interface Deed {
  readonly name: string;
  readonly summary: string;
  /** Said of each thread when it is done. */
  readonly done: string;
  readonly filter: ThreadFilter;
  readonly run: (link: DaemonLink, threadId: string) => Promise<unknown>;
}

/** `codex threads archive`: puts threads away; they are kept, and not listed. */
export const archiveCommand = (cli: Cli): Command =>
  deedCommand(cli, {
    name: 'archive',
    summary: 'put threads away: kept, not listed, not to be gone on with',
    done: 'put away',
    filter: {},
    run: (link, threadId) => link.request(threadArchive, { threadId }),
  });

/** `codex threads unarchive`: takes threads out again. */
export const unarchiveCommand = (cli: Cli): Command =>
  deedCommand(cli, {
    name: 'unarchive',
    summary: 'take threads out again that were put away',
    done: 'taken out again',
    filter: { archived: true },
    run: (link, threadId) => link.request(threadUnarchive, { threadId }),
  });

/** `codex threads delete`: removes threads for good, after a question. */
export const deleteCommand = (cli: Cli): Command =>
  deedCommand(
    cli,
    {
      name: 'delete',
      summary: 'remove threads and all that is kept of them, for good',
      done: 'removed',
      filter: {},
      run: (link, threadId) => link.request(threadDelete, { threadId }),
    },
    async (context, ids, isSure) => {
      if (isSure) return;
      const answer = await confirm(context, `This removes ${ids.join(', ')} for good.`);
      if (answer === null) throw new CliError('nobody can be asked here: add --yes to remove threads for good');
      if (!answer) throw new CliError('nothing was removed');
    },
  )
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nA thread that was put away is given by its whole id.');

function deedCommand(
  cli: Cli,
  { name, summary, done, filter, run }: Deed,
  ask: (context: CliContext, ids: readonly string[], isSure: boolean) => Promise<void> = async () => {},
): Command {
  return addLinkOptions(new Command(name))
    .description(summary)
    .argument('<thread...>', 'id, beginning of an id, or name')
    .option('--json', 'print a JSON array of the ids')
    .action(async (given: readonly string[], _options, command: Command) => {
      const options = optionsOf(command);
      await withLink(cli.context, options, async (link) => {
        const ids: string[] = [];
        // All are found before the first is touched.
        for (const one of given) ids.push(await resolveThreadId(link, one, filter));
        await ask(cli.context, ids, options.yes === true);
        for (const threadId of ids) {
          await run(link, threadId);
          if (options.json !== true) say(cli.context, `${done}: ${threadId}`);
        }
        if (options.json === true) cli.context.stdout.write(`${JSON.stringify(ids)}\n`);
      });
      cli.finish(exitCodes.ok);
    });
}
