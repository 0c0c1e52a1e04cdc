import type { ParamsIn, ResultOf } from '../../machines/protocol/define.ts';
import {
  accountLoginCancel,
  accountLoginStart,
  accountLogout,
  accountRead,
} from '../../machines/protocol/methods/account.ts';
import { loginFailure, logoutFailure } from '../account/failure-text.ts';
import type { EffectDeps } from './effects.ts';
import type { Effect } from './model.ts';
import type { LoginWay, StartedLogin } from './sign-in.ts';

export type AccountEffect = Extract<
  Effect,
  { type: 'loadAccount' | 'startLogin' | 'abandonLogin' | 'cancelLogin' | 'logout' | 'openUrl' | 'copy' }
>;

/** Runs an effect about the sign-in. It never throws: what goes wrong comes back as a message. */
export function runAccountEffect(effect: AccountEffect, deps: EffectDeps): void {
  switch (effect.type) {
    case 'loadAccount':
      return void loadAccount(effect, deps);
    case 'startLogin':
      return void startLogin(effect, deps);
    case 'abandonLogin':
      return deps.dispatch({ type: 'loginAbandoned' });
    case 'cancelLogin':
      return void cancelLogin(effect, deps);
    case 'logout':
      return void logOut(deps);
    case 'openUrl':
      return deps.openUrl(effect.url);
    case 'copy':
      return deps.copy(effect.text);
    default:
      return effect satisfies never;
  }
}

/** Who is signed in is shown where it is known; nothing that a person asked for depends on it. */
async function loadAccount({ because }: Extract<Effect, { type: 'loadAccount' }>, deps: EffectDeps): Promise<void> {
  try {
    deps.dispatch({ type: 'accountRead', answer: await deps.link.request(accountRead, {}), because });
  } catch {
    // a server without accounts: nothing is shown of them
  }
}

async function startLogin({ way, apiKey }: Extract<Effect, { type: 'startLogin' }>, deps: EffectDeps): Promise<void> {
  const attemptId = deps.randomId();
  deps.dispatch({ type: 'loginAsked', attemptId, way });
  try {
    const started = startedOf(await deps.link.request(accountLoginStart, paramsOf(way, apiKey)));
    if (started === null) deps.dispatch({ type: 'loginSettled', attemptId, failure: null });
    else deps.dispatch({ type: 'loginStarted', attemptId, started });
  } catch (error) {
    deps.dispatch({ type: 'loginSettled', attemptId, failure: loginFailure(error) });
  }
}

function paramsOf(way: LoginWay, apiKey: string | null): ParamsIn<typeof accountLoginStart> {
  if (way === 'apiKey') return { type: 'apiKey', apiKey: apiKey ?? '' };
  return { type: way === 'device' ? 'chatgptDeviceCode' : 'chatgpt' };
}

/** Null for a sign-in that is done with the answer. */
function startedOf(result: ResultOf<typeof accountLoginStart>): StartedLogin | null {
  if (result.type === 'chatgpt') return { loginId: result.loginId, url: result.authUrl, userCode: null };
  if (result.type !== 'chatgptDeviceCode') return null;
  return { loginId: result.loginId, url: result.verificationUrl, userCode: result.userCode };
}

/** Without the cancelling the daemon's own limit ends it. */
async function cancelLogin({ loginId }: Extract<Effect, { type: 'cancelLogin' }>, deps: EffectDeps): Promise<void> {
  await deps.link.request(accountLoginCancel, { loginId }).catch(() => {});
}

/** One path with `codex logout`. Signed out, this terminal leaves, as the reference's does (auth.md §7). */
async function logOut({ link, dispatch, quit }: EffectDeps): Promise<void> {
  try {
    const { wasSignedIn, notice } = await link.request(accountLogout, {});
    const said = wasSignedIn === false ? 'Not logged in.' : 'Successfully logged out.';
    quit(notice ? `${said}\n${notice}` : said);
  } catch (error) {
    dispatch({ type: 'logoutFailed', why: logoutFailure(error) });
  }
}
