import { Command } from 'commander';
import type { ReviewTarget } from '../../../machines/protocol/methods/review.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { optionsOf } from '../options.ts';
import { readPrompt } from '../prompt.ts';
import { addRunOptions, type ExecOptions, execOrExplain } from './exec.ts';

interface ReviewOptions extends ExecOptions {
  readonly uncommitted?: boolean;
  readonly base?: string;
  readonly commit?: string;
  readonly title?: string;
}

/** `codex review`, also as `codex exec review` (agent.md §17). */
export function reviewCommand(cli: Cli): Command {
  return addRunOptions(new Command('review'))
    .description('have changes reviewed, and print what was found')
    .argument('[instructions]', 'what to look at, in your own words; `-` reads them from stdin')
    .option('--uncommitted', 'staged, unstaged and untracked changes')
    .option('--base <branch>', 'what this branch would bring into another one')
    .option('--commit <sha>', 'the changes of one commit')
    .option('--title <title>', 'with --commit: its title')
    .addHelpText(
      'after',
      `
Examples:
  codex review --uncommitted
  codex review --base main -o findings.txt
  codex review --commit 3f2a9c1 --title "Add sums"
  codex review "look at how errors are handled in src/store"

The findings go to stdout, everything else to stderr. Exit status: 0 the review ended, 1 it failed, 2 wrong usage.`,
    )
    .action(async (instructions: string | undefined, _options, command: Command) => {
      const options: ReviewOptions = optionsOf(command);
      const { target: review, shown } = await targetOf(cli, options, instructions);
      cli.finish(await execOrExplain(cli.context, options, { kind: 'new' }, { review, shown }));
    });
}

/** What to review, and in which words it is shown. Exactly one thing has to be named. */
async function targetOf(
  { context }: Cli,
  { uncommitted, base, commit, title }: ReviewOptions,
  instructions: string | undefined,
): Promise<{ target: ReviewTarget; shown: string }> {
  const named = [uncommitted, base, commit, instructions].filter((given) => given !== undefined);
  if (named.length !== 1)
    throw new CliError(
      'say one thing to review: --uncommitted, --base BRANCH, --commit SHA, or instructions',
      exitCodes.usage,
    );
  if (title !== undefined && commit === undefined) throw new CliError('--title goes with --commit', exitCodes.usage);
  if (uncommitted) return { target: { type: 'uncommittedChanges' }, shown: 'review of uncommitted changes' };
  if (base !== undefined) return { target: { type: 'baseBranch', branch: base }, shown: `review against ${base}` };
  if (commit !== undefined)
    return { target: { type: 'commit', sha: commit, title: title ?? null }, shown: `review of commit ${commit}` };
  const words = await readPrompt(context, instructions);
  return { target: { type: 'custom', instructions: words }, shown: `review: ${words}` };
}
