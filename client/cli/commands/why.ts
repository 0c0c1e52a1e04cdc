import { Command } from 'commander';
import { threadWhy } from '../../../machines/protocol/methods/thread-why.ts';
import type { Cli } from '../cli.ts';
import { withLink } from '../cli-link.ts';
import { exitCodes } from '../exit-codes.ts';
import { asNotFound, resolveThreadId } from '../find-thread.ts';
import { addLinkOptions, optionsOf } from '../options.ts';

/** `codex why`: what a thread waits for, link by link (DESIGN §4). */
export function whyCommand(cli: Cli): Command {
  return addLinkOptions(new Command('why'))
    .description('say what a thread is waiting for: the model, a command, a person')
    .argument('<thread>', 'id, beginning of an id, or name')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  codex why 0199c2\n  codex why release-notes --json\n\nExit status: 4 when there is no such thread.',
    )
    .action(async (thread: string, _options, command: Command) => {
      const options = optionsOf(command);
      const { stdout } = cli.context;
      const why = await withLink(cli.context, options, async (link) =>
        link.request(threadWhy, { threadId: await resolveThreadId(link, thread) }),
      ).catch(asNotFound);
      if (options.json === true) stdout.write(`${JSON.stringify(why, null, 2)}\n`);
      else
        for (const { kind, id, state, waitsFor } of why.chain)
          stdout.write(`${kind} ${id}: ${state}${waitsFor === null ? '' : `, waits for ${waitsFor}`}\n`);
      cli.finish(exitCodes.ok);
    });
}
