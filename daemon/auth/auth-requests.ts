import { type Actor, waitFor } from 'xstate';
import { type AuthError, toLogoutError, toRpcError } from '../../machines/auth/auth-error.ts';
import type { authMachine } from '../../machines/auth/auth-machine.ts';
import type { AuthEmitted, AuthEvent, Login, Logout, LogoutOutcome } from '../../machines/auth/auth-types.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { type AuthNotice, stateOf, toAccountState } from './auth-views.ts';

export type AuthActor = Actor<typeof authMachine>;

/**
 * Waits until the machine is in none of `states`; a name without a dot stands for all below it. Each of them ends by
 * its own limit in the machine.
 */
export async function whenNot(actor: AuthActor, states: readonly string[]): Promise<void> {
  const isIn = (snapshot: ReturnType<AuthActor['getSnapshot']>): boolean => {
    const state = stateOf(snapshot);
    return states.some((name) => state === name || state.startsWith(`${name}.`));
  };
  while (true) {
    if (actor.getSnapshot().status !== 'active') throw stopping();
    if (!isIn(actor.getSnapshot())) return;
    await waitFor(actor, (snapshot) => !isIn(snapshot)).catch(() => {
      // Only the end of the actor rejects: nothing is decided any more.
      throw stopping();
    });
    // Somebody who waited for the same moment may have gone first: look again.
  }
}

/** Asks for a sign-in, and settles as that very one does. */
export async function requestLogin(actor: AuthActor, event: Extract<AuthEvent, { login: Login }>): Promise<void> {
  const error = await answerTo<AuthError | null>(
    actor,
    () => actor.send(event),
    (emitted, settle) =>
      emitted.type === 'loginCompleted' && emitted.login.id === event.login.id && settle(emitted.error),
  );
  if (error) throw toRpcError(error);
}

/** Asks for a logout, or joins the one that goes on. */
export async function requestLogout(actor: AuthActor, logout: Logout): Promise<LogoutOutcome> {
  const outcome = await answerTo<LogoutOutcome>(
    actor,
    () => actor.send({ type: 'logout', logout }),
    (emitted, settle) => emitted.type === 'logoutSettled' && settle(emitted),
  );
  if (outcome.error) throw toLogoutError(outcome.error);
  return outcome;
}

// The machine answers within the limits of the states it goes through; a stopped machine answers nothing any more.
function answerTo<Answer>(
  actor: AuthActor,
  ask: () => void,
  hear: (emitted: AuthEmitted, settle: (answer: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    if (actor.getSnapshot().status !== 'active') return reject(stopping());
    const end = (): void => {
      heard.unsubscribe();
      ended.unsubscribe();
    };
    const heard = actor.on('*', (emitted) =>
      hear(emitted, (answer) => {
        end();
        resolve(answer);
      }),
    );
    const fail = (): void => {
      end();
      reject(stopping());
    };
    const ended = actor.subscribe({ complete: fail, error: fail });
    ask();
  });
}

/**
 * Tells `listener` of every change, in order. A macrotask later: the answer to the request that caused the change
 * goes out first (auth.md §7, §8), and it is made of promises only.
 */
export function listen(
  actor: AuthActor,
  listener: (notice: AuthNotice) => void,
  isTold: (emitted: AuthEmitted) => boolean = () => true,
): () => void {
  let isOn = true;
  let last = JSON.stringify(toAccountState(actor.getSnapshot()));
  const tell = (notice: AuthNotice): void => void setImmediate(() => isOn && listener(notice));
  const emissions = actor.on('*', (emitted) => {
    const notice = isTold(emitted) ? toNotice(emitted) : null;
    if (notice) tell(notice);
  });
  const snapshots = actor.subscribe((snapshot) => {
    const state = toAccountState(snapshot);
    const text = JSON.stringify(state);
    if (text !== last) tell({ type: 'stateChanged', state });
    last = text;
  });
  return () => {
    isOn = false;
    emissions.unsubscribe();
    snapshots.unsubscribe();
  };
}

function toNotice(emitted: AuthEmitted): AuthNotice | null {
  if (emitted.type === 'accountUpdated') return emitted;
  if (emitted.type !== 'loginCompleted') return null;
  const { login, error } = emitted;
  const hasId = login.method === 'chatgpt' || login.method === 'chatgptDeviceCode';
  const prefix =
    login.method === 'chatgpt' && error?.reason !== 'loginCancelled' && error?.reason !== 'timedOut'
      ? 'Login server error: '
      : '';
  return {
    type: 'loginCompleted',
    loginId: hasId ? login.id : null,
    success: error === null,
    error: error && `${prefix}${error.message}`,
  };
}

export function stopping(): RpcError {
  return new RpcError('draining', 'the daemon is stopping');
}
