import { Command, InvalidArgumentError } from 'commander';
import type { Cli } from '../cli.ts';
import { withLink } from '../cli-link.ts';
import { columnsOf, say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { listThreads } from '../find-thread.ts';
import { addLinkOptions, optionsOf } from '../options.ts';
import { archiveCommand, deleteCommand, unarchiveCommand } from '../put-away.ts';
import { hereFirst, threadState, threadsTable } from '../threads-table.ts';

const DEFAULT_LIMIT = 30;

/** `codex threads`: what there is, what works, what waits, and who is attached. */
export function threadsCommand(cli: Cli): Command {
  return addLinkOptions(new Command('threads'))
    .description('list threads, those of this folder first')
    .option('--json', 'print a JSON array')
    .option('-n, --limit <count>', 'at most this many', parseCount, DEFAULT_LIMIT)
    .option('--all', 'without a limit')
    .option('--archived', 'those that were put away')
    .option('--search <words>', 'only those whose name or first prompt has these words')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
States: works (a turn runs), waits (a question is open), idle, failed, stored (not loaded).

Examples:
  codex threads
  codex threads --json --limit 5
  codex threads archive 0199c2`,
    )
    .action(async (_options, command: Command) => {
      const options = optionsOf(command);
      const { json, limit, all, archived, search } = options;
      const { context } = cli;
      const page = await withLink(context, options, (link) =>
        listThreads(link, all === true ? Number.POSITIVE_INFINITY : Number(limit), {
          archived: archived === true,
          searchTerm: typeof search === 'string' ? search : undefined,
        }),
      );
      const sorted = { ...page, data: hereFirst(page.data, context.cwd) };
      if (json === true) context.stdout.write(`${JSON.stringify(sorted.data.map(toJson(page.presence)), null, 2)}\n`);
      else if (sorted.data.length === 0) say(context, emptyText(archived === true, search !== undefined));
      else context.stdout.write(`${threadsTable(sorted, tableOptions())}\n`);
      cli.finish(exitCodes.ok);
    })
    .addCommand(archiveCommand(cli))
    .addCommand(unarchiveCommand(cli))
    .addCommand(deleteCommand(cli));

  function tableOptions() {
    const { cwd, now } = cli.context;
    return { nowMs: now(), cwd, columns: columnsOf(cli.context) };
  }
}

function emptyText(isArchived: boolean, isSearch: boolean): string {
  if (isSearch) return 'no thread has these words in its name or first prompt';
  return isArchived ? 'no thread is put away' : 'there are no threads yet; `codex` starts one';
}

type Page = Awaited<ReturnType<typeof listThreads>>;

const toJson = (presence: Page['presence']) => (thread: Page['data'][number]) => ({
  id: thread.id,
  name: thread.name,
  preview: thread.preview,
  state: threadState(thread),
  cwd: thread.cwd,
  createdAt: thread.createdAt,
  updatedAt: thread.updatedAt,
  attached: presence[thread.id] ?? [],
});

function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('write a whole number of 1 or more.');
  return count;
}
