import { Argument, Command } from 'commander';
import { approvalList, approvalRespond } from '../../../machines/protocol/methods/approval.ts';
import type { OpenApproval, QuestionAnswer } from '../../../machines/protocol/types/approval.ts';
import type { DaemonLink } from '../../connection/link.ts';
import { sanitizeRow } from '../../tui/view/sanitize.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import { withLink } from '../cli-link.ts';
import { type CliContext, say } from '../context.ts';
import { proposedContent } from '../elicitation-answers.ts';
import { exitCodes } from '../exit-codes.ts';
import { filledAnswers, questionRows } from '../filled-answers.ts';
import { addLinkOptions, optionsOf } from '../options.ts';

const HELP = `
An ID may be cut to its beginning, as long as only one open question begins with it.

Examples:
  codex approvals
  codex approvals show 0199c2
  codex approvals allow 0199c2 --for-session
  codex approvals answer 0199c2 2 'as it was before'
  codex approvals answer 0199c2 name=notes color=2
  codex approvals list --json

Exit status: 0 listed or answered; 1 it was answered already, or the daemon cannot be reached; 2 wrong usage;
4 no open question, or more than one, begins with ID.`;

/** `codex approvals`: the open questions of all threads, answered from any shell (DESIGN §3). */
export function approvalsCommand(cli: Cli): Command {
  const { context } = cli;
  const list = async (_options: unknown, command: Command): Promise<void> => {
    const options = optionsOf(command);
    const open = await withLink(context, options, openApprovals);
    if (options.json === true) printJson(context, open);
    else if (open.length === 0) say(context, 'no question is open');
    else for (const approval of open) context.stdout.write(`${lineOf(approval)}\n`);
    cli.finish(exitCodes.ok);
  };
  const command = (name: string, description: string) =>
    addLinkOptions(new Command(name)).description(description).option('--json', 'print JSON');
  const approvals = command('approvals', 'list the open questions of all threads, or answer one')
    .enablePositionalOptions()
    .addHelpText('after', HELP)
    .action(list);
  approvals.addCommand(command('list', 'list the open questions').action(list));
  const id = () => new Argument('<id>', 'id of the question, or its beginning');
  const withOne = (
    run: (link: DaemonLink, approval: OpenApproval, options: Options, words: readonly string[]) => Promise<void>,
  ) => {
    return async (...args: readonly unknown[]): Promise<void> => {
      // Commander hands over the arguments, then the options, then the command.
      const called = args.at(-1) as Command;
      const [given = '', ...words] = called.args;
      const options = optionsOf(called);
      const one = async (link: DaemonLink) => run(link, findOpen(await openApprovals(link), given), options, words);
      await withLink(context, options, one);
      cli.finish(exitCodes.ok);
    };
  };
  const show = command('show', 'show one open question').addArgument(id());
  show.action(
    withOne(async (_link, approval, { json }) => {
      if (json === true) printJson(context, approval);
      else context.stdout.write(`${detailsOf(approval)}\n`);
    }),
  );
  const allow = command('allow', 'let it happen, this once').addArgument(id());
  allow.option('--for-session', 'do not ask about equal calls again in this thread');
  allow.action(
    withOne((link, approval, options) =>
      respond(context, link, approval, allowed(approval, options.forSession === true), options),
    ),
  );
  const deny = command('deny', 'refuse it; the turn goes on').addArgument(id());
  deny.action(
    withOne((link, approval, options) =>
      respond(context, link, approval, { decision: 'decline', content: null }, options),
    ),
  );
  const answer = command('answer', 'answer what the model or an MCP server asks').addArgument(id());
  answer.argument(
    '<answers...>',
    'one for each question: the number of an option, or your own words; for the form of an MCP server NAME=VALUE',
  );
  answer.action(
    withOne((link, approval, options, words) =>
      respond(context, link, approval, { decision: 'accept', content: filledAnswers(approval, words) }, options),
    ),
  );
  for (const one of [show, allow, deny, answer]) approvals.addCommand(one);
  return approvals;
}

type Options = ReturnType<typeof optionsOf>;

async function openApprovals(link: DaemonLink): Promise<readonly OpenApproval[]> {
  return (await link.request(approvalList, {})).data;
}

/** @throws CliError notFound */
function findOpen(open: readonly OpenApproval[], given: string): OpenApproval {
  const fitting = open.filter(({ approvalId }) =>
    [given, `approval-${given}`].some((start) => approvalId.startsWith(start)),
  );
  const [approval] = fitting;
  if (approval && fitting.length === 1) return approval;
  const many = approval ? `${fitting.length} open questions begin` : 'no open question begins';
  throw new CliError(`${many} with ${given}; \`codex approvals\` lists them`, exitCodes.notFound);
}

/** @throws CliError usage for a question that yes does not answer */
function allowed({ approvalId, form }: OpenApproval, forSession: boolean): QuestionAnswer {
  const content = form?.type === 'mcpForm' ? proposedContent(form.schema) : null;
  if (content !== null) return { decision: 'accept', content };
  if (form && form.type !== 'mcpUrl') {
    const words = form.type === 'mcpForm' ? 'NAME=VALUE…' : 'ANSWER…';
    throw new CliError(`${approvalId} asks something: codex approvals answer ${approvalId} ${words}`, exitCodes.usage);
  }
  return { decision: forSession ? 'acceptForSession' : 'accept', content: null };
}

async function respond(
  context: CliContext,
  link: DaemonLink,
  approval: OpenApproval,
  { decision, content }: QuestionAnswer,
  { json }: Options,
): Promise<void> {
  const { threadId, approvalId } = approval;
  const answer = { approvalId, threadId, decision, ...(content === null ? {} : { content }) };
  await link.request(approvalRespond, answer);
  const done = decision === 'decline' ? 'denied' : content === null ? 'allowed' : 'answered';
  if (json === true) printJson(context, answer);
  else say(context, sanitizeRow(`${done}: ${approval.command ?? (approval.form ? approval.reason : approval.kind)}`));
}

const printJson = (context: CliContext, value: unknown) => context.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

function lineOf({ approvalId, threadId, kind, command, cwd, reason }: OpenApproval): string {
  const what = command === null ? kind : command.replace(/\s+/g, ' ');
  const why = reason ? ` (${reason})` : '';
  return sanitizeRow(`${approvalId}  thread ${threadId.slice(0, 13)}  ${what}${cwd ? ` in ${cwd}` : ''}${why}`);
}

function detailsOf(approval: OpenApproval): string {
  const { approvalId, threadId, turnId, kind, command, cwd, reason, availableDecisions, startedAtMs } = approval;
  const rows = [
    ['question', approvalId],
    ['thread', threadId],
    ['turn', turnId],
    ...(approval.form ? [] : [[kind, command ?? 'a change of files; `codex attach` shows it']]),
    ['folder', cwd ?? '-'],
    ['reason', reason ?? '-'],
    ['asked', new Date(startedAtMs).toISOString()],
    ['answers', availableDecisions.join(', ')],
  ];
  const told = rows.map(([name = '', value = '']) => `${name.padEnd(12)}${value}`);
  // A model's words, or a stranger's: they must not reach the terminal's controls.
  return [...told, ...questionRows(approval)].map(sanitizeRow).join('\n');
}
