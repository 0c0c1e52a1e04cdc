import { randomUUID } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import {
  threadQueueAdd,
  threadQueueDelete,
  threadQueueReorder,
  threadQueueStart,
  threadQueueUpdate,
} from '../../../machines/protocol/methods/thread-queue.ts';
import { turnStart } from '../../../machines/protocol/methods/turn.ts';
import type { UserInput } from '../../../machines/protocol/types/item.ts';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { withLink } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { newestUsedThread, resolveThreadId } from '../find-thread.ts';
import { addLinkOptions, optionsOf } from '../options.ts';
import { findQueued, lineTable, type QueueLine, readLine } from '../queue-line.ts';

const ACTIONS = ['remove', 'edit', 'move', 'take', 'start'] as const;
type Action = (typeof ACTIONS)[number];

interface QueueCall {
  readonly context: CliContext;
  readonly link: DaemonLink;
  readonly threadId: string;
  /** A prompt's id, the beginning of one, or its number in line. */
  readonly given: string;
  readonly prompt: string | undefined;
  readonly position: number | undefined;
}

/** `codex queue`: the prompts that wait for a thread's turn, from any shell. */
export function queueCommand(cli: Cli): Command {
  return addLinkOptions(new Command('queue'))
    .description('put a prompt in line behind a running turn, or list and change what is in line')
    .argument('[thread]', 'id, beginning of an id, or name')
    .argument('[prompt]', 'prompt to add, or the new words for --edit; the line is listed if left out')
    .option('--last', 'the newest thread of this folder, else of all; there is no [thread] then')
    .option('--remove <prompt-id>', 'take a prompt out of the line')
    .option('--edit <prompt-id>', 'give a prompt in line other words')
    .option('--move <prompt-id>', 'put a prompt in line at the place that --to names')
    .option('--to <position>', 'the place for --move, from 1', parsePosition)
    .option('--take <prompt-id>', 'let a prompt that lost its environment in a restart run in this shell’s')
    .option('--start [prompt-id]', 'start the line after a turn that was stopped, or one prompt of it')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (first: string | undefined, second: string | undefined, _options, command: Command) => {
      const { last, json, to, ...options } = optionsOf(command);
      const { context } = cli;
      const prompt = last === true ? first : second;
      if (last === true ? second !== undefined : first === undefined)
        throw new CliError('say which thread: `codex queue THREAD`, or `codex queue --last`', exitCodes.usage);
      const chosen = ACTIONS.filter((name) => options[name] !== undefined);
      if (chosen.length > 1) throw new CliError(`only one of --${chosen.join(', --')} at a time`, exitCodes.usage);
      await withLink(context, options, async (link) => {
        const threadId = await threadOf(context, link, last === true ? undefined : first);
        const given = chosen[0] === undefined ? '' : String(options[chosen[0]]);
        const call = { context, link, threadId, given, prompt, position: to as number | undefined };
        if (chosen[0] !== undefined) await actions[chosen[0]](call);
        else if (prompt !== undefined) await add(call);
        if (json === true) context.stdout.write(`${JSON.stringify(await readLine(link, threadId), null, 2)}\n`);
        else if (chosen[0] === undefined && prompt === undefined) show(context, await readLine(link, threadId));
      });
      cli.finish(exitCodes.ok);
    });
}

const HELP = `
A prompt is named by its id, the beginning of its id, or its number in line. --json prints the line as it is afterwards.
Exit status: 0 done, 1 no such thread or prompt (or it runs already), 2 wrong command line.

Examples:
  codex queue 0199c2 "then run the tests"
  codex queue 0199c2
  codex queue --last --edit 1 "then run all tests"
  codex queue --last --move 3 --to 1
  codex queue release-notes --remove 2`;

async function threadOf({ cwd }: CliContext, link: DaemonLink, given: string | undefined): Promise<string> {
  if (given !== undefined) return resolveThreadId(link, given);
  const found = (await newestUsedThread(link, cwd)) ?? (await newestUsedThread(link));
  if (!found) throw new CliError('there is no thread yet; `codex` starts one');
  return found.id;
}

async function add({ context, link, threadId, prompt = '' }: QueueCall): Promise<void> {
  const clientUserMessageId = randomUUID();
  await link.request(threadQueueAdd, { threadId, clientUserMessageId, input: textInput(prompt) });
  const { prompts, held } = await readLine(link, threadId);
  const place = prompts.findIndex(({ id }) => id === clientUserMessageId) + 1;
  const waits = `number ${place} in line${held ? '; the line is held: `codex queue THREAD --start`' : ''}`;
  say(context, place === 0 ? 'started' : waits);
}

const actions: Readonly<Record<Action, (call: QueueCall) => Promise<void>>> = {
  remove: async ({ context, link, threadId, given }) => {
    const { id } = findQueued(await readLine(link, threadId), given);
    const { deleted } = await link.request(threadQueueDelete, { threadId, queuedSubmissionId: id });
    if (!deleted) throw new CliError(`the prompt ${given} is not in line any more`);
    say(context, 'removed');
  },
  edit: async ({ context, link, threadId, given, prompt }) => {
    if (prompt === undefined) throw new CliError('say the new words: --edit ID "text"', exitCodes.usage);
    const { id } = findQueued(await readLine(link, threadId), given);
    await link.request(threadQueueUpdate, { threadId, queuedSubmissionId: id, input: textInput(prompt) });
    say(context, 'changed');
  },
  move: async ({ context, link, threadId, given, position }) => {
    if (position === undefined) throw new CliError('say the place too: --move ID --to POSITION', exitCodes.usage);
    const line = await readLine(link, threadId);
    const { id } = findQueued(line, given);
    const others = line.prompts.map((prompt) => prompt.id).filter((other) => other !== id);
    const queuedSubmissionIds = others.toSpliced(position - 1, 0, id);
    await link.request(threadQueueReorder, { threadId, queuedSubmissionIds });
    say(context, `moved to ${queuedSubmissionIds.indexOf(id) + 1}`);
  },
  take: async ({ context, link, threadId, given }) => {
    const { id, input, waitsFor } = findQueued(await readLine(link, threadId), given);
    if (waitsFor == null)
      throw new CliError(`the prompt ${given} has its environment; it runs when it is first in line`);
    await link.request(turnStart, { threadId, input, clientUserMessageId: id, whenBusy: 'queue' });
    say(context, 'taken: it runs in the folder and variables of this shell');
  },
  start: async ({ context, link, threadId, given }) => {
    const id = given === 'true' ? null : findQueued(await readLine(link, threadId), given).id;
    await link.request(threadQueueStart, { threadId, queuedSubmissionId: id });
    say(context, 'started');
  },
};

function show(context: CliContext, line: QueueLine): void {
  if (line.prompts.length === 0) say(context, 'nothing is in line');
  else context.stdout.write(`${lineTable(line, context.now())}\n`);
  if (line.held) say(context, 'the line is held, since a turn was stopped: `codex queue THREAD --start` lets it go on');
  if (line.prompts.some(({ waitsFor }) => waitsFor != null))
    say(
      context,
      'a prompt lost its environment in a restart: `codex queue THREAD --take ID` lets it run in this shell’s',
    );
}

const textInput = (text: string): UserInput[] => [{ type: 'text', text, text_elements: [] }];

function parsePosition(value: string): number {
  const position = Number(value);
  if (!Number.isInteger(position) || position < 1) throw new InvalidArgumentError('write a whole number from 1.');
  return position;
}
