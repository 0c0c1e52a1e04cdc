import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from '../cli.ts';
import { withLink } from '../cli-link.ts';
import { say } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { asNotFound, resolveThreadId } from '../find-thread.ts';
import { addLinkOptions, optionsOf } from '../options.ts';
import { GOALS, type Goal, type Waited, waitForThread } from '../wait-for-thread.ts';

const EXITS = {
  reached: exitCodes.ok,
  turnFailed: exitCodes.turnFailed,
  cannotCome: exitCodes.cannotCome,
  timedOut: exitCodes.timedOut,
} as const;

const HELP = `
Goals: idle (no turn runs and nothing is in line), approval (a question is open), done (as idle, and the last turn
went well).

Examples:
  codex wait 0199c2 --for approval --timeout 600 && codex approvals
  codex wait 0199c2 --for done

Exit status: 0 reached; 1 the daemon cannot be reached; 2 wrong usage; 4 there is no such thread; 5 the turn failed or
was interrupted (done); 6 no turn runs, so no question can come (approval); 124 the time is over.`;

/** `codex wait`: lets a script wait for a thread. */
export function waitCommand(cli: Cli): Command {
  const { context } = cli;
  return addLinkOptions(new Command('wait'))
    .description('wait until a thread is idle, asks something, or is done')
    .argument('<thread>', 'id, beginning of an id, or name')
    .addOption(new Option('--for <goal>', 'what to wait for').choices(GOALS).default('idle'))
    .option('--timeout <seconds>', 'give up after this long', toMs)
    .option('--json', 'print JSON: how the wait ended, the last turn, the open questions')
    .addHelpText('after', HELP)
    .action(async (thread: string, _options, command: Command) => {
      const options = optionsOf(command);
      const timeoutMs = typeof options.timeout === 'number' ? options.timeout : null;
      const waited = await withLink(context, options, async (link) =>
        waitForThread(link, await resolveThreadId(link, thread), options.for as Goal, timeoutMs),
      ).catch(asNotFound);
      if (options.json === true) context.stdout.write(`${JSON.stringify(toJson(waited), null, 2)}\n`);
      else if (waited.end !== 'reached') say(context, textOf(waited));
      cli.finish(EXITS[waited.end]);
    });
}

function toJson({ end, snapshot: { thread, approvals } }: Waited) {
  const turn = thread.turns.at(-1);
  return {
    threadId: thread.id,
    end,
    status: thread.status,
    turn: turn ? { id: turn.id, status: turn.status, error: turn.error ?? null } : null,
    approvals,
  };
}

function textOf({ end, snapshot: { thread } }: Waited): string {
  if (end === 'timedOut') return 'the time is over; `codex why` says what the thread waits for';
  if (end === 'cannotCome') return 'no turn runs, so no question can come';
  const turn = thread.turns.at(-1);
  return `the turn ${turn?.status === 'failed' ? `failed: ${turn.error?.message ?? 'no reason was given'}` : 'was interrupted'}`;
}

function toMs(value: string): number {
  const seconds = Number(value);
  if (!(seconds > 0)) throw new InvalidArgumentError('write a number of seconds above 0.');
  return seconds * 1_000;
}
