import { accountRead } from '../../machines/protocol/methods/account.ts';
import { type AccountAnswer, storeName } from '../account/account-text.ts';
import { reasonText } from '../account/failure-text.ts';
import { errorLine } from './cli-error.ts';
import { withLink } from './cli-link.ts';
import { type CliContext, say } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { LinkChoice } from './options.ts';

/** `codex login status`. Never goes to the network (auth.md §2). */
export async function showLoginStatus(context: CliContext, choice: LinkChoice): Promise<ExitCode> {
  try {
    const answer = await withLink(context, choice, (link) => link.request(accountRead, {}));
    for (const line of statusLines(answer)) say(context, line);
    return answer.account ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    say(context, `Error checking login status: ${errorLine(error)}`);
    return exitCodes.failed;
  }
}

/** A sign-in that a failed logout has kept is one still: what went wrong is said below it. */
function statusLines(answer: AccountAnswer): string[] {
  const { account, error, store } = answer;
  if (!account) return [error ? `Error checking login status: ${errorLine(error)}` : 'Not logged in'];
  return [
    account.type === 'apiKey' ? `Logged in using an API key - ${answer.maskedKey ?? '***'}` : 'Logged in using ChatGPT',
    ...problemLines(answer),
    ...(store?.reason ? [`Kept in ${storeName(store)}: ${reasonText(store.reason)}`] : []),
  ];
}

function problemLines({ state, reason, error }: AccountAnswer): string[] {
  if (state === 'expired') return [`It has expired; run \`codex login\`${reason ? ` (${reasonText(reason)})` : ''}`];
  const why = state === 'error' ? (reason ?? error) : error;
  return why ? [`Last problem: ${reasonText(why)}`] : [];
}
