import { stateProblem } from '../../account/account-text.ts';
import { type Model, ownSettings, runningTurn } from '../model.ts';
import type { StyleName } from '../theme.ts';
import { contextLeft, elapsed, sandboxName, shortPath } from './describe.ts';
import { fitLine, type Line, lineWidth, type Span, span } from './line.ts';
import { sanitizeRow } from './sanitize.ts';
import { truncate } from './width.ts';

const MAX_PROBLEM_COLUMNS = 48;
const SEPARATOR = ' · ';
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** One picture of the spinner. */
export const SPINNER_MS = 200;

interface Part {
  readonly text: string;
  readonly style: StyleName;
  /** Parts of the lowest worth are left out first when the row is too short. */
  readonly worth: number;
}

/** The bottom row: what the thread runs with, who is there, how the link is. */
export function statusLine(model: Model, columns: number): Line {
  const hint = model.hint;
  if (hint !== null && hint.untilMs > model.nowMs) return fitLine([span(hint.text, 'warning')], columns);
  return fitParts(statusParts(model), columns);
}

function statusParts(model: Model): Part[] {
  const { tokenUsage, presence } = model.snapshot;
  const settings = ownSettings(model);
  const left = contextLeft(tokenUsage);
  const part = (text: string, worth: number, style: StyleName = 'dim'): Part => ({
    text: sanitizeRow(text),
    worth,
    style,
  });
  return [
    ...linkParts(model, part),
    ...signInParts(model, part),
    ...(settings.mode === 'plan' ? [part('plan mode', 8, 'accent')] : []),
    ...(model.role === 'observer' ? [part('watching', 8, 'warning')] : []),
    part([settings.model, settings.effort ?? ''].join(' ').trim(), 7),
    part(shortPath(settings.cwd, model.home), 3),
    part(sandboxName(settings.sandboxPolicy), 5, settings.sandboxPolicy.type === 'dangerFullAccess' ? 'bad' : 'dim'),
    part(settings.approvalPolicy, 2),
    ...(left === null ? [] : [part(`${left}% context left`, 6, left < 15 ? 'warning' : 'dim')]),
    // A server of the reference does not tell who is attached.
    ...(presence.length === 0 ? [] : [part(`${presence.length} ${presence.length === 1 ? 'client' : 'clients'}`, 4)]),
  ];
}

function linkParts({ link, nowMs }: Model, part: (text: string, worth: number, style: StyleName) => Part): Part[] {
  if (link.kind === 'connected') return [];
  if (link.kind === 'closed') return [part(`disconnected: ${link.why}`, 9, 'bad')];
  return [part(`reconnecting ${elapsed(nowMs - link.sinceMs)}`, 9, 'warning')];
}

/** Nothing while all is well. A reason is cut: the transcript or the sign-in screen has all of it. */
function signInParts({ signIn }: Model, part: (text: string, worth: number, style: StyleName) => Part): Part[] {
  const { state, isSigningOut } = signIn;
  if (isSigningOut || state?.state === 'revoking' || state?.state === 'erasing')
    return [part('signing out…', 8, 'warning')];
  if (state === null) return [];
  const problem = stateProblem(state);
  if (problem !== null) return [part(truncate(problem, MAX_PROBLEM_COLUMNS), 8, 'bad')];
  if (state.state === 'signedOut') return [part('signed out', 8, 'warning')];
  return state.state === 'signingIn' ? [part('signing in…', 8, 'dim')] : [];
}

function fitParts(parts: readonly Part[], columns: number): Line {
  const line = parts.flatMap(({ text, style }, at): Span[] =>
    at === 0 ? [span(text, style)] : [span(SEPARATOR, 'dim'), span(text, style)],
  );
  if (lineWidth(line) <= columns || parts.length <= 1) return fitLine(line, columns);
  const least = parts.reduce((lowest, part) => (part.worth < lowest.worth ? part : lowest));
  return fitParts(
    parts.filter((part) => part !== least),
    columns,
  );
}

/** The row above the composer while a turn runs, else null. */
export function workingLine(model: Model, columns: number): Line | null {
  const turn = runningTurn(model);
  const { queue, approvals } = model.snapshot;
  const waiting = queue.length === 0 ? '' : `${SEPARATOR}${queue.length} queued`;
  if (turn === null) return queue.length === 0 ? null : fitLine([span(`${queue.length} queued`, 'dim')], columns);
  const time = turn.startedAt ? ` ${elapsed(model.nowMs - turn.startedAt * 1000)}` : '';
  if (approvals.length > 0)
    return fitLine([span(`? Waiting for an answer${time}`, 'warning'), span(waiting, 'dim')], columns);
  const picture = SPINNER[Math.floor(model.nowMs / SPINNER_MS) % SPINNER.length] ?? '';
  const keys = model.role === 'observer' ? '' : `${SEPARATOR}esc to interrupt`;
  return fitLine([span(`${picture} Working${time}`, 'working'), span(`${keys}${waiting}`, 'dim')], columns);
}
