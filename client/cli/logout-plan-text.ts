import type { LogoutPlan } from '../../machines/protocol/methods/account.ts';
import { accountName, storeName } from '../account/account-text.ts';

/** What a logout would do, for people, without a line break at the end. */
export function logoutPlanText(plan: LogoutPlan): string {
  const rows: readonly (readonly [string, string])[] = [
    ['sign-in', signInText(plan)],
    ['revokes', revokesText(plan)],
    ...listRows('erases', plan.erases, 'nothing'),
    ...listRows('clients', plan.clients.map(clientText), 'no other is attached'),
    ...listRows('turns', plan.runningTurns.map(turnText), 'none is running'),
    ...plan.notes.map((note) => ['note', note] as const),
  ];
  const body = rows.map(([name, value]) => `${name.padEnd(12)} ${value}`).join('\n');
  return `${body}\nThis is only what would be done; nothing was changed.`;
}

function signInText({ account, authMode, store }: LogoutPlan): string {
  const who = account ? accountName(account) : (authMode ?? 'none');
  return account || authMode ? `${who}, kept in ${storeName(store)}` : who;
}

function revokesText({ revokes }: LogoutPlan): string {
  return revokes === null ? 'nothing' : `the ${revokes.token.replace('_', ' ')}, at ${revokes.url}`;
}

function listRows(name: string, values: readonly string[], none: string): (readonly [string, string])[] {
  if (values.length === 0) return [[name, none]];
  return values.map((value, index) => [index === 0 ? name : '', value]);
}

const clientText = ({ name, terminal }: LogoutPlan['clients'][number]): string =>
  `${name}${terminal === null ? '' : ` on ${terminal}`} shows it at once`;

const turnText = ({ threadId, name }: LogoutPlan['runningTurns'][number]): string =>
  `${name === null ? threadId : `${name} (${threadId})`}: its next request to the model is refused`;
