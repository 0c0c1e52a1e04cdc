import type { OpenApproval, UserInputQuestion } from '../../../machines/protocol/types/approval.ts';
import type { Model } from '../model.ts';
import { fitLine, type Line, row, type Size, span } from '../view/line.ts';
import { sanitize, sanitizeRow } from '../view/sanitize.ts';
import { wrapText, wrapWithPrefix } from '../view/wrap.ts';
import type { Overlay, OverlayContext, OverlayOutcome } from './overlay.ts';

/** What is chosen for one question: a row, and the words of the row "Other". */
interface Pick {
  readonly row: number;
  readonly text: string;
}

interface State {
  readonly approvalId: string;
  /** Which question is shown, from 0. */
  readonly at: number;
  /** By question; those not looked at yet are missing. */
  readonly picks: readonly Pick[];
  /** The answers, or the wish to stop, are on their way. */
  readonly isSent: boolean;
  /** Why the last answer did not get through. */
  readonly failure: string | null;
}

const FIRST: Pick = { row: 0, text: '' };

/** The questions of the model, one after the other. It closes when the thread says that they are settled. */
export function createUserInput(approvalId: string): Overlay {
  return overlayOf({ approvalId, at: 0, picks: [], isSent: false, failure: null });
}

function overlayOf(state: State): Overlay {
  return {
    id: 'userInput',
    subject: state.approvalId,
    failed: (why) => overlayOf({ ...state, isSent: false, failure: why }),
    placement: 'panel',
    press: (keyName, context) => press(state, keyName, context),
    paste: (text, { model }) => {
      const asked = askedOf(state, model);
      return asked && mayWrite(state, asked, model) ? written(state, asked, sanitizeRow(text)) : stay(state);
    },
    view: ({ model }, space) => view(state, model, space),
  };
}

/** The question that is shown, with what is chosen for it. */
interface Asked {
  readonly open: OpenApproval;
  readonly questions: readonly UserInputQuestion[];
  readonly question: UserInputQuestion;
  readonly pick: Pick;
  /** Options, and the row "Other" when there is one. */
  readonly rows: number;
  readonly isOther: boolean;
}

function askedOf({ approvalId, at, picks }: State, { snapshot }: Model): Asked | null {
  const open = snapshot.approvals.find((one) => one.approvalId === approvalId);
  const questions = open?.form?.type === 'userInput' ? open.form.questions : [];
  const question = questions[at];
  if (!open || !question) return null;
  const options = question.options ?? [];
  const rows = options.length + (question.isOther || options.length === 0 ? 1 : 0);
  const pick = picks[at] ?? FIRST;
  return { open, questions, question, pick, rows, isOther: pick.row >= options.length };
}

const stay = (state: State): OverlayOutcome => ({ kind: 'stay', overlay: overlayOf(state) });

const mayAnswer = (state: State, { role }: Model): boolean => role === 'operator' && !state.isSent;
const mayWrite = (state: State, { isOther }: Asked, model: Model): boolean => isOther && mayAnswer(state, model);

const withPick = (state: State, pick: Pick): State => {
  const picks = Array.from({ length: Math.max(state.picks.length, state.at + 1) }, (_, at) => state.picks[at] ?? FIRST);
  return { ...state, picks: picks.with(state.at, pick) };
};

const written = (state: State, { pick }: Asked, text: string): OverlayOutcome =>
  stay(withPick(state, { ...pick, text: pick.text + text }));

function press(state: State, keyName: string, { model }: OverlayContext): OverlayOutcome {
  const asked = askedOf(state, model);
  if (asked === null || !mayAnswer(state, model)) return stay(state);
  const { pick, rows, isOther, question } = asked;
  const choose = (row: number): State => withPick(state, { ...pick, row: (row + rows) % rows });
  switch (keyName) {
    case 'escape':
      // Words that were typed are not lost with one key.
      return isOther && pick.text !== '' ? stay(withPick(state, { ...pick, text: '' })) : cancelled(state);
    case 'up':
    case 'shift+tab':
      return stay(choose(pick.row - 1));
    case 'down':
    case 'tab':
      return stay(choose(pick.row + 1));
    case 'left':
      return stay({ ...state, at: Math.max(0, state.at - 1) });
    case 'enter':
      return answered(state, asked);
    case 'backspace':
      return stay(
        withPick(state, { ...pick, text: isOther ? Array.from(pick.text).slice(0, -1).join('') : pick.text }),
      );
    case 'ctrl+u':
      return stay(withPick(state, { ...pick, text: isOther ? '' : pick.text }));
    default:
      if (Array.from(keyName).length !== 1) return stay(state);
      if (isOther) return written(state, asked, keyName);
      return chosenByNumber(state, asked, question, Number(keyName));
  }
}

/** The number of an option answers with it; that of "Other" begins to write. */
function chosenByNumber(state: State, asked: Asked, { options }: UserInputQuestion, number: number): OverlayOutcome {
  if (!(number >= 1 && number <= asked.rows)) return stay(state);
  const pick = { ...asked.pick, row: number - 1 };
  const next = withPick(state, pick);
  return number > (options ?? []).length ? stay(next) : answered(next, { ...asked, pick, isOther: false });
}

/** The next question, or after the last one the answers to all. */
function answered(state: State, asked: Asked): OverlayOutcome {
  if (asked.isOther && asked.pick.text.trim() === '') return stay(state);
  const next = withPick(state, asked.pick);
  if (state.at + 1 < asked.questions.length) return stay({ ...next, at: state.at + 1 });
  const answers = Object.fromEntries(
    asked.questions.map((question, at) => [question.id, { answers: [textOf(question, next.picks[at] ?? FIRST)] }]),
  );
  const effect = {
    type: 'answerApproval',
    approvalId: state.approvalId,
    decision: 'accept',
    content: { answers },
  } as const;
  return { kind: 'stay', overlay: overlayOf({ ...next, isSent: true, failure: null }), effects: [effect] };
}

const textOf = ({ options }: UserInputQuestion, { row: at, text }: Pick): string => options?.[at]?.label ?? text.trim();

function cancelled(state: State): OverlayOutcome {
  const effect = { type: 'answerApproval', approvalId: state.approvalId, decision: 'cancel' } as const;
  return { kind: 'stay', overlay: overlayOf({ ...state, isSent: true, failure: null }), effects: [effect] };
}

function view(state: State, model: Model, { columns, rows }: Size): readonly Line[] {
  const asked = askedOf(state, model);
  if (asked === null) return [];
  const { question, questions } = asked;
  const place = questions.length > 1 ? ` (${state.at + 1} of ${questions.length})` : '';
  const title = fitLine(row(`─ ${sanitizeRow(question.header)}${place}`, 'title'), columns);
  const foot = footRows(state, asked, model, columns);
  const choices = choiceRows(asked, columns);
  const words = wrapWithPrefix(
    sanitize(question.question)
      .split('\n')
      .map((line) => row(line)),
    columns,
    span('  '),
    span('  '),
  );
  const body = [...words, ...choices.flat()];
  const rowsUpTo = (choice: number) => words.length + choices.slice(0, choice).flat().length;
  const space = Math.max(1, rows - foot.length - 1);
  // As much of the question as fits, with the chosen answer always in sight.
  const top = Math.max(0, Math.min(rowsUpTo(asked.pick.row), rowsUpTo(asked.pick.row + 1) - space));
  return [title, ...body.slice(top, top + space), ...foot].slice(0, rows);
}

/** The rows of each choice. */
function choiceRows({ question, pick, rows }: Asked, columns: number): Line[][] {
  return Array.from({ length: rows }, (_, at) => {
    const isChosen = at === pick.row;
    const option = question.options?.[at];
    const sign = span(isChosen ? '› ' : '  ', 'accent');
    const text = option === undefined ? otherText(question, pick, isChosen) : sanitizeRow(option.label);
    const label = span(`${at + 1} ${text}`, isChosen ? 'selected' : 'plain');
    const help = option?.description ? [span(`  ${sanitizeRow(option.description)}`, 'dim')] : [];
    return wrapWithPrefix([[label, ...help]], columns, sign, span('    '));
  });
}

function otherText({ isSecret }: UserInputQuestion, { text }: Pick, isChosen: boolean): string {
  const shown = isSecret ? '•'.repeat(Array.from(text).length) : sanitizeRow(text);
  return `Other: ${shown}${isChosen ? '▏' : ''}`;
}

function footRows(state: State, { rows }: Asked, { role }: Model, columns: number): Line[] {
  const line = (text: string, style: 'dim' | 'accent' | 'bad') =>
    wrapWithPrefix(wrapText(text, style, Math.max(1, columns - 2)), columns, span('  '), span('  '));
  if (role === 'observer') return line('An operator has to answer.', 'dim');
  if (state.isSent) return line('sending the answer…', 'dim');
  const failure = state.failure === null ? [] : line(sanitizeRow(state.failure), 'bad');
  const back = state.at > 0 ? ' · ← back' : '';
  const choose = rows > 1 ? ` · 1-${rows} · ↑ ↓` : '';
  const keys = columns < NARROW_COLUMNS ? 'enter · esc stop' : `enter answer${choose}${back} · esc stop the turn`;
  return [...failure, ...line(keys, 'accent')];
}

const NARROW_COLUMNS = 50;
