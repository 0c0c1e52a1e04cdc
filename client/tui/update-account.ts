import type { AccountState } from '../../machines/protocol/methods/account.ts';
import { type AccountAnswer, accountName, stateProblem } from '../account/account-text.ts';
import { reasonText } from '../account/failure-text.ts';
import type { AccountReason, Effect, Message, Model, Step } from './model.ts';
import { addNote } from './notes.ts';
import { createLogin } from './overlays/login.ts';
import { isFromHere } from './seat.ts';
import type { LoginEnd, SignIn } from './sign-in.ts';

type AccountMessage = Extract<
  Message,
  {
    type:
      | 'accountRead'
      | 'accountChanged'
      | 'loginAsked'
      | 'loginAbandoned'
      | 'loginStarted'
      | 'loginSettled'
      | 'loginEnded'
      | 'logoutFailed'
      | 'signInMissing';
  }
>;

/** Everything about the sign-in that can happen. */
export function updateAccount(model: Model, message: AccountMessage): Step {
  switch (message.type) {
    case 'accountRead':
      return [readAccount(model, message.answer, message.because), []];
    case 'accountChanged':
      return [changeAccount(model, message.state), []];
    case 'loginAsked':
      return [askedLogin(model, message), []];
    case 'loginAbandoned':
      return abandonLogin(model);
    case 'loginStarted':
      return startedLogin(model, message);
    case 'loginSettled':
      return [isCurrent(model, message) ? settle(model, message.failure) : model, []];
    case 'loginEnded':
      return [endLogin(model, message.end), []];
    case 'logoutFailed':
      return [logoutFailed(model, message.why), []];
    case 'signInMissing':
      return [model, [{ type: 'loadAccount', because: 'missing' }]];
    default:
      return message satisfies never;
  }
}

const withSignIn = (model: Model, changes: Partial<SignIn>): Model => ({
  ...model,
  signIn: { ...model.signIn, ...changes },
});

/** Asks for a logout; an observer only looks, and one logout is enough. */
export function askLogout(model: Model): Step {
  if (model.role === 'observer') return [addNote(model, OBSERVER), []];
  if (model.signIn.isSigningOut) return [model, []];
  return [withSignIn(model, { isSigningOut: true }), [{ type: 'logout' }]];
}

/** Opens the sign-in screen, once. */
export function openLogin(model: Model): Model {
  if (model.role === 'observer') return addNote(model, OBSERVER);
  if (model.overlays.some(({ id }) => id === 'login')) return model;
  const questions = model.overlays.filter(({ id }) => id === 'approval');
  const others = model.overlays.filter(({ id }) => id !== 'approval');
  return { ...withSignIn(model, { failure: null }), overlays: [...others, createLogin(), ...questions] };
}

const OBSERVER = { text: 'watching only: signing in and out is for operators', style: 'warning' } as const;

/** Without a sign-in the provider's requests fail: what was missing is asked for, but nobody is kept from typing. */
function readAccount(model: Model, answer: AccountAnswer, because: AccountReason): Model {
  const { account, requiresOpenaiAuth } = answer;
  const needsSignIn = requiresOpenaiAuth || model.snapshot.settings.modelProvider === 'openai';
  const state = stateOf(answer);
  const isShown = state !== null && (state.state !== 'signedOut' || needsSignIn);
  const read = withSignIn(model, { state: isShown ? state : null });
  if (because === 'reconnected') return afterLoss(read, answer);
  const isMissing = needsSignIn && (account === null || state?.state === 'expired');
  if (because !== 'missing' || !isMissing || model.role === 'observer') return read;
  const isTyping = model.composer.text !== '' && model.composer.text !== model.failedPrompt?.text;
  if (!isTyping) return openLogin(read);
  return addNote(read, { text: 'this needs a sign-in: /login', style: 'warning' });
}

/** A turn of this terminal's that failed at the sign-in: the others see it in their status row. */
export function turnEffects(model: Model, { update }: Extract<Message, { type: 'threadUpdated' }>): readonly Effect[] {
  if (update.kind !== 'event' || update.event.method !== 'turn/completed') return [];
  const { id, status, error } = update.event.params.turn;
  if (status !== 'failed' || error?.codexErrorInfo !== 'unauthorized') return [];
  const turn = update.snapshot.thread.turns.find((known) => known.id === id);
  const sentBy = turn?.items.findLast((item) => item.type === 'userMessage')?.sentBy;
  const isOwn = !sentBy || isFromHere(model.seat, sentBy);
  return isOwn ? [{ type: 'loadAccount', because: 'missing' }] : [];
}

/** Servers that are not ours, and older daemons, tell no state. */
function stateOf({ state, stage, reason, error, retryable, login }: AccountAnswer): AccountState | null {
  if (state === undefined) return null;
  const why = reason ?? error ?? null;
  return { state, stage: stage ?? null, reason: why, retryable: retryable ?? null, login: login ?? null };
}

/** The end of an attempt may have been told while the link was down. */
function afterLoss(model: Model, { account, login, state }: AccountAnswer): Model {
  const loginId = model.signIn.attempt?.started?.loginId;
  if (loginId === undefined || login?.loginId === loginId) return model;
  if (account === null || state !== 'signedIn') return settle(model, 'the daemon lost sight of it; try again');
  return addNote(closeLogin(model), { text: `signed in with ${accountName(account)}`, style: 'good' });
}

/** The status row shows every change; what is worth reading later becomes a line too. */
function changeAccount(model: Model, state: AccountState): Model {
  const before = model.signIn.state;
  const next = withSignIn(model, { state });
  const problem = stateProblem(state);
  if (model.signIn.isSigningOut || before?.state === state.state) return next;
  if (problem !== null) return addNote(next, { text: `⚠ ${problem}`, style: 'warning' });
  const wasSigningOut = before?.state === 'revoking' || before?.state === 'erasing';
  if (state.state !== 'signedOut' || !wasSigningOut) return next;
  const isHit = model.snapshot.settings.modelProvider === 'openai';
  const more = isHit ? ': the next request to the model needs a sign-in (/login)' : '';
  return addNote(next, { text: `signed out${more}`, style: 'warning' });
}

function askedLogin({ nowMs, ...model }: Model, { attemptId, way }: Extract<AccountMessage, { type: 'loginAsked' }>) {
  const attempt = { attemptId, way, sinceMs: nowMs, started: null };
  return withSignIn({ ...model, nowMs }, { attempt, failure: null });
}

function abandonLogin(model: Model): Step {
  const loginId = model.signIn.attempt?.started?.loginId;
  const effects = loginId === undefined ? [] : [{ type: 'cancelLogin', loginId } as const];
  return [withSignIn(model, { attempt: null, failure: 'cancelled' }), effects];
}

const isCurrent = ({ signIn }: Model, { attemptId }: { readonly attemptId: string }): boolean =>
  signIn.attempt?.attemptId === attemptId;

/** One that was given up meanwhile is wanted no more. */
function startedLogin(model: Model, message: Extract<AccountMessage, { type: 'loginStarted' }>): Step {
  const { attempt, lastEnd } = model.signIn;
  const { started } = message;
  if (attempt === null || !isCurrent(model, message))
    return [model, [{ type: 'cancelLogin', loginId: started.loginId }]];
  const next = withSignIn(model, { attempt: { ...attempt, started } });
  if (lastEnd?.loginId === started.loginId) return [endLogin(next, lastEnd), []];
  return [next, started.userCode === null ? [{ type: 'openUrl', url: started.url }] : []];
}

function endLogin(model: Model, end: LoginEnd): Model {
  const next = withSignIn(model, { lastEnd: end });
  if (model.signIn.attempt?.started?.loginId !== end.loginId) return next;
  return settle(next, end.success ? null : reasonText(end.error ?? 'no reason was given'));
}

/** The end of this terminal's attempt: the screen goes, or tells why it failed. */
function settle(model: Model, failure: string | null): Model {
  if (model.signIn.attempt === null) return model;
  if (failure !== null) return withSignIn(model, { attempt: null, failure });
  return addNote(closeLogin(model), { text: 'signed in', style: 'good' });
}

function closeLogin(model: Model): Model {
  const overlays = model.overlays.filter(({ id }) => id !== 'login');
  return { ...withSignIn(model, { attempt: null, failure: null }), overlays };
}

function logoutFailed(model: Model, why: string): Model {
  return addNote(withSignIn(model, { isSigningOut: false }), { text: `Logout failed: ${why}`, style: 'bad' });
}
