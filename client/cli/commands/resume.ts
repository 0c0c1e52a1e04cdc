import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { threadResume } from '../../../machines/protocol/methods/thread.ts';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { type CliContext, isInteractive, say } from '../context.ts';
import { findThread, listThreads, newestUsedThread, resolveThreadId } from '../find-thread.ts';
import { openTui } from '../open-tui.ts';
import { addThreadOptions, type CliOptions, folderOf, optionsOf } from '../options.ts';
import { threadOverrides } from '../thread-overrides.ts';
import { threadsTable } from '../threads-table.ts';

const MAX_CHOICES = 20;

interface ResumeOptions extends CliOptions {
  readonly last?: boolean;
  readonly all?: boolean;
}

/** `codex resume`: the terminal interface on a stored thread, with the settings of now. */
export function resumeCommand(cli: Cli): Command {
  return addThreadOptions(new Command('resume'))
    .description('go on with a stored thread')
    .argument('[thread]', 'id, beginning of an id, or name; a list to choose from if left out')
    .argument('[prompt]', 'next prompt')
    .option('--last', 'the newest thread of this folder')
    .option('--all', 'threads of all folders, in the list and for --last')
    .addHelpText(
      'after',
      `
Examples:
  codex resume
  codex resume --last "go on"
  codex resume 0199c2`,
    )
    .action(async (first: string | undefined, second: string | undefined, _options, command: Command) => {
      const options: ResumeOptions = optionsOf(command);
      const [thread, prompt] = options.last ? [undefined, first] : [first, second];
      const open = (link: DaemonLink, cwd: string) => openStored(cli.context, link, options, thread, cwd);
      if (!isInteractive(cli.context) && thread === undefined && !options.last) {
        throw new CliError('say which thread: an id from `codex threads`, or --last');
      }
      cli.finish(await openTui(cli.context, { options, prompt: prompt ?? null, role: 'operator', open }));
    });
}

async function openStored(
  context: CliContext,
  link: DaemonLink,
  options: ResumeOptions,
  given: string | undefined,
  cwd: string,
) {
  const threadId =
    given === undefined ? await chooseId(context, link, options, cwd) : await resolveThreadId(link, given);
  const folder = options.cd === undefined ? {} : { cwd: folderOf(options, context.cwd) };
  const params = { threadId, excludeTurns: true, ...(await threadOverrides(link, options, cwd)), ...folder };
  const { notices } = await link.request(threadResume, params);
  return { threadId, notices: notices ?? [] };
}

async function chooseId(context: CliContext, link: DaemonLink, options: ResumeOptions, cwd: string): Promise<string> {
  const folder = options.all ? undefined : cwd;
  if (options.last) {
    const newest = await newestUsedThread(link, folder);
    if (newest) return newest.id;
    throw new CliError('there is no thread in this folder; `codex resume --all` shows those of other folders');
  }
  const page = await listThreads(link, MAX_CHOICES, { cwd: folder });
  if (page.data.length === 0) {
    throw new CliError('there is no thread in this folder; `codex resume --all` shows those of other folders');
  }
  say(
    context,
    threadsTable(page, { nowMs: context.now(), cwd, columns: context.stdout.columns ?? 80, isNumbered: true }),
  );
  const answer = await ask(context, 'Number, id or name: ');
  const numbered = page.data[Number(answer) - 1];
  return (numbered ?? findThread(page.data, answer)).id;
}

async function ask(context: CliContext, question: string): Promise<string> {
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  const aborted = new AbortController();
  lines.on('close', () => aborted.abort());
  try {
    const answer = await lines.question(question, { signal: aborted.signal }).catch(() => '');
    if (answer.trim() === '') throw new CliError('no thread chosen');
    return answer.trim();
  } finally {
    lines.close();
  }
}
