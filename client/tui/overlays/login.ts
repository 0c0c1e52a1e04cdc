import { stateProblem } from '../../account/account-text.ts';
import type { Effect, Model } from '../model.ts';
import type { LoginAttempt, LoginWay, StartedLogin } from '../sign-in.ts';
import { elapsed } from '../view/describe.ts';
import { EMPTY_LINE, fitLine, type Line, row, type Size, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import { wrapText } from '../view/wrap.ts';
import type { Overlay, OverlayContext, OverlayOutcome } from './overlay.ts';
import { close } from './overlay.ts';
import { clampTop, scrollArea, scrollStep, withFoot } from './scroll-area.ts';

const WAYS: readonly { readonly way: LoginWay; readonly label: string; readonly help: string }[] = [
  { way: 'browser', label: 'Browser', help: 'sign in with ChatGPT on this machine' },
  { way: 'device', label: 'Code', help: 'sign in with ChatGPT on another device' },
  { way: 'apiKey', label: 'API key', help: 'type or paste it; use is billed to it' },
];
const MAX_DOTS = 40;

interface State {
  readonly chosen: number;
  /** What is typed of an API key, or null while none is asked for. It is shown to nobody. */
  readonly apiKey: string | null;
  readonly top: number;
}

/** The sign-in screen: three ways, the progress of the one that was chosen, and why the last one failed. */
export function createLogin(): Overlay {
  return overlayOf({ chosen: 0, apiKey: null, top: 0 });
}

function overlayOf(state: State): Overlay {
  return {
    id: 'login',
    subject: null,
    placement: 'screen',
    press: (keyName, context) => press(state, keyName, context),
    paste: (text) => (state.apiKey === null ? stay(state) : stay({ ...state, apiKey: state.apiKey + text.trim() })),
    view: ({ model }, space) => view(state, model, space),
  };
}

const stay = (state: State, ...effects: readonly Effect[]): OverlayOutcome => ({
  kind: 'stay',
  overlay: overlayOf(state),
  effects,
});

function press(state: State, keyName: string, context: OverlayContext): OverlayOutcome {
  const { attempt } = context.model.signIn;
  if (attempt !== null) return pressWaiting(state, keyName, attempt, context);
  return state.apiKey === null ? pressList(state, keyName) : pressKey(state, state.apiKey, keyName);
}

function pressList(state: State, keyName: string): OverlayOutcome {
  const at = ['1', '2', '3'].indexOf(keyName);
  if (at >= 0) return choose({ ...state, chosen: at });
  switch (keyName) {
    case 'escape':
    case 'ctrl+c':
    case 'q':
      return close;
    case 'up':
    case 'shift+tab':
    case 'ctrl+p':
      return stay({ ...state, chosen: (state.chosen + WAYS.length - 1) % WAYS.length });
    case 'down':
    case 'tab':
    case 'ctrl+n':
      return stay({ ...state, chosen: (state.chosen + 1) % WAYS.length });
    case 'enter':
      return choose(state);
    default:
      return stay(state);
  }
}

function choose(state: State): OverlayOutcome {
  const way = WAYS[state.chosen]?.way ?? 'browser';
  if (way === 'apiKey') return stay({ ...state, apiKey: '' });
  return stay({ ...state, top: 0 }, { type: 'startLogin', way, apiKey: null });
}

function pressKey(state: State, apiKey: string, keyName: string): OverlayOutcome {
  switch (keyName) {
    case 'escape':
    case 'ctrl+c':
      return stay({ ...state, apiKey: null });
    case 'backspace':
      return stay({ ...state, apiKey: Array.from(apiKey).slice(0, -1).join('') });
    case 'ctrl+u':
      return stay({ ...state, apiKey: '' });
    case 'enter':
      if (apiKey.trim() === '') return stay(state);
      return stay({ ...state, apiKey: null }, { type: 'startLogin', way: 'apiKey', apiKey: apiKey.trim() });
    default:
      return stay(Array.from(keyName).length === 1 ? { ...state, apiKey: apiKey + keyName } : state);
  }
}

function pressWaiting(state: State, keyName: string, { started }: LoginAttempt, context: OverlayContext) {
  if (keyName === 'escape' || keyName === 'ctrl+c') return stay(state, { type: 'abandonLogin' });
  if (keyName === 'u' && started !== null) return stay(state, { type: 'copy', text: started.url });
  if (keyName === 'c' && started !== null) return stay(state, { type: 'copy', text: started.userCode ?? started.url });
  const space = Math.max(1, context.size.rows - 2);
  const step = scrollStep(keyName, space);
  if (step === null) return stay(state);
  const total = waitingRows(context.model, started, context.size.columns).length;
  return stay({ ...state, top: clampTop(state.top + step, total, space) });
}

function view(state: State, model: Model, { columns, rows }: Size): readonly Line[] {
  const { attempt } = model.signIn;
  const foot = (text: string): Line => fitLine(row(text, 'dim'), columns);
  if (attempt !== null) {
    const copies =
      attempt.started === null ? '' : attempt.started.userCode === null ? ' · c copy' : ' · c code · u address';
    const body = waitingRows(model, attempt.started, columns);
    return withFoot(scrollArea(body, state.top, rows - 1), foot(`esc cancel${copies}`), rows);
  }
  if (state.apiKey !== null) {
    return withFoot(keyRows(state.apiKey, columns), foot('enter sign in · ctrl+u clear · esc back'), rows);
  }
  return withFoot(listRows(state, model, columns), foot('enter choose · esc close'), rows);
}

function listRows({ chosen }: State, { signIn }: Model, columns: number): Line[] {
  const { failure, state } = signIn;
  const problem = state === null ? null : stateProblem(state);
  const said = failure === null ? problem : `Sign-in failed: ${failure}`;
  const ways = WAYS.map(({ label, help }, index): Line => {
    const name = `${index + 1} ${label.padEnd(8)}`;
    const [sign, style] = index === chosen ? (['› ', 'selected'] as const) : (['  ', 'plain'] as const);
    return fitLine([span(sign, 'accent'), span(name, style), span(`  ${help}`, 'dim')], columns);
  });
  return [
    fitLine(row('Sign in', 'title'), columns),
    ...(said === null ? [] : wrapText(sanitizeRow(said), failure === null ? 'warning' : 'bad', columns)),
    ...ways,
  ];
}

function keyRows(apiKey: string, columns: number): Line[] {
  const dots = '•'.repeat(Math.min(MAX_DOTS, Array.from(apiKey).length));
  return [
    fitLine(row('Sign in with an API key', 'title'), columns),
    fitLine([span('› ', 'accent'), span(dots)], columns),
    ...wrapText('Paste or type the key. It is not shown.', 'dim', columns),
  ];
}

/** The address stands in rows of its own from the first column on, so that a selection of them is the address. */
function waitingRows({ nowMs, signIn }: Model, started: StartedLogin | null, columns: number): Line[] {
  const time = elapsed(Math.max(0, nowMs - (signIn.attempt?.sinceMs ?? nowMs)));
  const title = fitLine(row('Sign in', 'title'), columns);
  if (started === null) return [title, ...wrapText(`asking the daemon… ${time}`, 'working', columns)];
  const { url, userCode } = started;
  const plain = (text: string): Line[] => wrapText(text, 'plain', columns);
  const address = wrapText(sanitizeRow(url), 'link', columns);
  if (userCode === null) {
    const waits = wrapText(`waiting for the browser… ${time} of 10 minutes`, 'working', columns);
    return [title, ...plain('Open this address in a browser on this machine:'), ...address, EMPTY_LINE, ...waits];
  }
  return [
    title,
    ...plain('Open this address on any device and sign in:'),
    ...address,
    ...plain('Enter this code there. Never share it: whoever enters it elsewhere is given your sign-in.'),
    fitLine([span(sanitizeRow(userCode), 'bold')], columns),
    EMPTY_LINE,
    ...wrapText(`waiting… ${time} of 15 minutes`, 'working', columns),
  ];
}
