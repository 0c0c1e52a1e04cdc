import { Command } from 'commander';
import { accountLogout, accountRead } from '../../../machines/protocol/methods/account.ts';
import type { AccountAnswer } from '../../account/account-text.ts';
import { logoutFailure } from '../../account/failure-text.ts';
import type { DaemonLink } from '../../connection/link.ts';
import type { Cli } from '../cli.ts';
import { CliError, errorLine } from '../cli-error.ts';
import { withLink } from '../cli-link.ts';
import { confirm } from '../confirm.ts';
import { type CliContext, say } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { logoutPlanText } from '../logout-plan-text.ts';
import { addLinkOptions, type LinkChoice, optionsOf } from '../options.ts';
import { endBy, untilSignal } from '../until-signal.ts';

/** A logout usually takes less; a slow one says what it waits for. */
const PROGRESS_AFTER_MS = 1_000;
const QUESTION =
  'Erase the sign-in here WITHOUT revoking it? A ChatGPT sign-in stays valid at the server: whoever has a copy of it can go on using it.';

interface LogoutOptions {
  readonly isDryRun: boolean;
  readonly isLocalOnly: boolean;
  readonly isConfirmed: boolean;
}

/** `codex logout`: the daemon's one path; what it cannot remove safely, it keeps (auth.md §7). */
export function logoutCommand(cli: Cli): Command {
  return addLinkOptions(new Command('logout'))
    .description('revoke a ChatGPT sign-in at the server, then erase what is stored; an API key is only erased')
    .option('--dry-run', 'say what would be revoked and erased, and whom it hits; change nothing')
    .option('--local-only', 'erase WITHOUT revoking: a ChatGPT sign-in stays valid at the server')
    .option('-y, --yes', 'do not ask before --local-only')
    .addHelpText('after', '\nExamples:\n  codex logout\n  codex logout --dry-run')
    .action(async (_options, command: Command) => {
      const given = optionsOf(command);
      const { dryRun, localOnly, yes } = given;
      const options = { isDryRun: dryRun === true, isLocalOnly: localOnly === true, isConfirmed: yes === true };
      cli.finish(await runLogout(cli.context, given, options));
    });
}

async function runLogout(context: CliContext, choice: LinkChoice, options: LogoutOptions): Promise<ExitCode> {
  try {
    return await withLink(context, choice, (link) => {
      if (options.isDryRun) return showPlan(context, link, options);
      return options.isLocalOnly ? eraseOnly(context, link, options) : logOut(context, link, {});
    });
  } catch (error) {
    say(context, `Error logging out: ${logoutFailure(error)}`);
    return exitCodes.failed;
  }
}

async function showPlan(context: CliContext, link: DaemonLink, { isLocalOnly }: LogoutOptions): Promise<ExitCode> {
  await demandOptions(link, '--dry-run');
  const { plan } = await link.request(accountLogout, { dryRun: true, ...(isLocalOnly ? { localOnly: true } : {}) });
  if (!plan) throw new CliError('the daemon did not say what it would do; `codex login status` says who is signed in');
  context.stdout.write(`${logoutPlanText(plan)}\n`);
  return exitCodes.ok;
}

async function eraseOnly(context: CliContext, link: DaemonLink, { isConfirmed }: LogoutOptions): Promise<ExitCode> {
  const { account, error } = await demandOptions(link, '--local-only');
  const isNothing = account === null && !error;
  const isMeant = isConfirmed || isNothing || (await confirm(context, QUESTION));
  if (isMeant === true) return logOut(context, link, { localOnly: true });
  say(context, isMeant === null ? '--local-only needs --yes where nobody can be asked' : 'Nothing was changed.');
  return exitCodes.failed;
}

/** Another server, or an older daemon, leaves out options that it does not know: a dry run would be a logout. */
async function demandOptions(link: DaemonLink, option: string): Promise<AccountAnswer> {
  const answer = await link.request(accountRead, {});
  if (link.clientId !== null && answer.store !== undefined) return answer;
  throw new CliError(`the running daemon does not know ${option}; nothing was changed (try \`codex daemon restart\`)`);
}

async function logOut(context: CliContext, link: DaemonLink, params: { localOnly?: boolean }): Promise<ExitCode> {
  const stopProgress = showProgress(context, link);
  try {
    const outcome = await untilSignal(context, link.request(accountLogout, params));
    if (outcome.kind === 'signal') {
      say(context, 'The logout goes on in the daemon; `codex login status` says how it ended.');
      return endBy(context, outcome.signal);
    }
    const { wasSignedIn, notice } = outcome.value;
    say(context, wasSignedIn === false ? 'Not logged in' : 'Successfully logged out');
    if (notice) say(context, errorLine(notice));
    return exitCodes.ok;
  } finally {
    stopProgress();
  }
}

/** One line after a second, with what the daemon said last of its state. */
function showProgress(context: CliContext, link: DaemonLink): () => void {
  let isRevoking = false;
  const stop = link.onGlobal(({ method, params }) => {
    if (method === 'account/state') isRevoking = params.state === 'revoking';
  });
  const timer = setTimeout(() => {
    const what = isRevoking ? 'Revoking the sign-in at the server (10 seconds at most)…' : 'Signing out…';
    say(context, `${what} Ctrl-C leaves it to the daemon.`);
  }, PROGRESS_AFTER_MS);
  return () => {
    clearTimeout(timer);
    stop();
  };
}
