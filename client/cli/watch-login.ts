import type { ParamsIn, ResultOf } from '../../machines/protocol/define.ts';
import { accountLoginCancel, accountLoginStart, accountRead } from '../../machines/protocol/methods/account.ts';
import { withLimit } from '../connection/limits.ts';
import type { DaemonLink } from '../connection/link.ts';
import { CliError } from './cli-error.ts';

export type LoginParams = ParamsIn<typeof accountLoginStart>;
export type StartedLogin = Extract<ResultOf<typeof accountLoginStart>, { loginId: string }>;

/** How a sign-in ended. */
export interface LoginEnd {
  readonly success: boolean;
  readonly error: string | null;
}

/** A sign-in that goes on in the daemon. */
export interface LoginAttempt {
  /** Its end as the daemon tells it; rejects when it cannot be started or is lost sight of. */
  readonly end: Promise<LoginEnd>;
  /** Cancels it, also when it is only about to start. Never rejects: without us the daemon's own limit ends it. */
  cancel(): Promise<void>;
}

/** The daemon gives up after 10 or 15 minutes and says so (auth.md §4, §5); this is for one that does not. */
const END_LIMIT_MS = 16 * 60_000;
const CANCEL_LIMIT_MS = 3_000;

/** Starts a sign-in by browser or code. `show` is told once what the person needs for it. */
export function startLogin(link: DaemonLink, params: LoginParams, show: (started: StartedLogin) => void): LoginAttempt {
  // The end can be told in the same breath as the beginning, so listening starts before asking.
  const watch = watchEnds(link);
  const started = link.request(accountLoginStart, params).then((result): StartedLogin => {
    if (!('loginId' in result)) throw new CliError(`the daemon answered a sign-in by ${params.type} as ${result.type}`);
    return result;
  });
  const end = started
    .then((login) => {
      show(login);
      return withLimit(watch.endOf(login.loginId), END_LIMIT_MS, 'the sign-in did not end');
    })
    .finally(watch.stop);
  return {
    end,
    async cancel() {
      const cancelled = started.then(({ loginId }) => link.request(accountLoginCancel, { loginId }));
      await withLimit(cancelled, CANCEL_LIMIT_MS, 'the daemon did not cancel the sign-in').catch(() => {});
    },
  };
}

/** Keeps every end that is told until somebody asks for it. */
function watchEnds(link: DaemonLink) {
  const ends = new Map<string, LoginEnd>();
  let waiting: { readonly loginId: string; settle(end: LoginEnd): void; fail(error: unknown): void } | null = null;
  const stopGlobal = link.onGlobal(({ method, params }) => {
    if (method !== 'account/login/completed' || params.loginId === null) return;
    ends.set(params.loginId, params);
    if (waiting?.loginId === params.loginId) waiting.settle(params);
  });
  const stopState = link.onState(({ kind }) => {
    if (kind !== 'connected' || waiting === null) return;
    const { loginId, fail } = waiting;
    checkAfterLoss(link, loginId).catch(fail);
  });
  return {
    endOf: (loginId: string) =>
      new Promise<LoginEnd>((settle, fail) => {
        waiting = { loginId, settle, fail };
        const end = ends.get(loginId);
        if (end) settle(end);
      }),
    stop: () => {
      stopGlobal();
      stopState();
    },
  };
}

/** Its end may have been told while nobody listened, and a daemon that was started anew knows nothing of it. */
async function checkAfterLoss(link: DaemonLink, loginId: string): Promise<void> {
  const { login } = await link.request(accountRead, {});
  if (login?.loginId === loginId) return;
  throw new CliError('the connection to the daemon was lost meanwhile; `codex login status` says who is signed in');
}
