import { messageOf, RpcError } from '../../machines/core/errors.ts';

const PIPE_IT = 'printenv OPENAI_API_KEY | codex login --with-api-key';
/** The daemon's own words before a reason; whoever shows it has said as much already. */
const PREFIX = /^(login server error|logout failed): /i;
/** What a reason may say already of what was kept, and of how to go on. */
const SAYS_KEPT = /still signed in|\bkept\b|token was revoked/i;
const SAYS_HOW = /codex logout|log out again/i;

const KEPT: Readonly<Record<string, string>> = {
  loading: 'What is stored was kept',
  erasing: 'What could not be erased is still there',
};

/** Why a sign-in failed, in one line. */
export function loginFailure(error: unknown): string {
  if (error instanceof RpcError && (error.errorName === 'notSupported' || error.errorName === 'methodNotFound')) {
    return `this daemon cannot sign in that way; an API key it can store: ${PIPE_IT}`;
  }
  return reasonText(messageOf(error));
}

/** A sign-in that failed, as a command says it. What the configuration forbids is said in its own words (auth.md §2). */
export function loginFailureLine(error: unknown): string {
  if (error instanceof RpcError && error.errorName === 'loginDisabled') return error.message;
  return `Error logging in: ${loginFailure(error)}`;
}

/** Why a logout failed, that the sign-in was kept, and how to try again, in one line (auth.md §7). */
export function logoutFailure(error: unknown): string {
  if (!(error instanceof RpcError)) return reasonText(messageOf(error));
  const { errorName, data } = error;
  const why = reasonText(typeof data.why === 'string' ? data.why : error.message);
  // A stage is named where a logout has failed; without one the answer alone may be missing.
  if (typeof data.stage === 'string') return withAdvice(why, data.stage);
  if (errorName !== 'connectionClosed' && errorName !== 'timedOut') return why;
  return `${why}; it may go on in the daemon: \`codex login status\` says how it ended`;
}

function withAdvice(why: string, stage: string): string {
  const sentences = [why, ...(SAYS_KEPT.test(why) ? [] : [KEPT[stage] ?? 'You are still signed in'])];
  if (!SAYS_HOW.test(why)) sentences.push('Run `codex logout` to try again');
  return sentences.map((sentence) => `${sentence}.`).join(' ');
}

/** A reason as one line, without what its teller put before it and without a full stop at its end. */
export function reasonText(reason: string): string {
  return reason
    .replace(/\s*\n\s*/g, ' ')
    .trim()
    .replace(PREFIX, '')
    .replace(/\.$/, '');
}
