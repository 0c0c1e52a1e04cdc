import type { ResultOf } from '../../machines/protocol/define.ts';
import type { AccountState, AccountStore, accountRead } from '../../machines/protocol/methods/account.ts';
import { reasonText } from './failure-text.ts';

export type AccountAnswer = ResultOf<typeof accountRead>;
type Account = NonNullable<AccountAnswer['account']>;

/** Whose sign-in it is, such as `ChatGPT (me@example.com, plan pro)`. */
export function accountName(account: Account, maskedKey: string | null = null): string {
  if (account.type === 'apiKey') return `an API key${maskedKey === null ? '' : ` - ${maskedKey}`}`;
  const plan = account.planType === 'unknown' ? null : `plan ${account.planType}`;
  const more = [account.email, plan].filter((part) => part !== null);
  return more.length === 0 ? 'ChatGPT' : `ChatGPT (${more.join(', ')})`;
}

/** Where a sign-in is kept, for people. */
export function storeName({ kind, mode }: Pick<AccountStore, 'kind' | 'mode'>): string {
  if (kind === 'keyring') return "the system's keyring";
  return kind === 'file' ? 'auth.json' : `memory only${mode === 'ephemeral' ? ', gone with the daemon' : ''}`;
}

/** What is wrong with the sign-in, in a few words and with the reason; null when nothing is. */
export function stateProblem({ state, stage, reason }: AccountState): string | null {
  if (state !== 'error' && state !== 'expired') return null;
  if (state === 'expired') return reason === null ? 'the sign-in has expired' : reasonText(reason);
  const why = reason === null ? '' : `: ${reasonText(reason)}`;
  return `${stage === 'revoking' || stage === 'erasing' ? 'signing out failed' : 'sign-in problem'}${why}`;
}
