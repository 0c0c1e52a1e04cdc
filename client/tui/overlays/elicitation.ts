import { elicitationOf } from '../../../machines/protocol/elicitation.ts';
import { questionKinds } from '../../../machines/protocol/question-kinds.ts';
import type { ApprovalDecision, OpenApproval } from '../../../machines/protocol/types/approval.ts';
import type { Elicitation } from '../../../machines/protocol/types/elicitation.ts';
import type { Model } from '../model.ts';
import { fitLine, type Line, row, type Size, span } from '../view/line.ts';
import { sanitize, sanitizeRow } from '../view/sanitize.ts';
import { wrapWithPrefix } from '../view/wrap.ts';
import {
  contentOf,
  type Draft,
  type FormField,
  fieldRows,
  fieldsOf,
  firstDraft,
  pressField,
} from './elicitation-fields.ts';
import type { Overlay, OverlayContext, OverlayOutcome } from './overlay.ts';

interface State {
  readonly approvalId: string;
  /** The row that takes the keys: a field, or behind them yes and no. */
  readonly at: number;
  /** By name of the field; those that nobody touched are missing. */
  readonly drafts: ReadonlyMap<string, Draft>;
  /** The answer is on its way. */
  readonly isSent: boolean;
  /** Why the last answer did not get through, or would not. */
  readonly failure: string | null;
}

/** What an MCP server asks in the middle of a call: a form, or an address to go to. */
export function createElicitation(approvalId: string): Overlay {
  return overlayOf({ approvalId, at: 0, drafts: new Map(), isSent: false, failure: null });
}

function overlayOf(state: State): Overlay {
  return {
    id: 'elicitation',
    subject: state.approvalId,
    failed: (why) => overlayOf({ ...state, isSent: false, failure: why }),
    placement: 'panel',
    press: (keyName, context) => press(state, keyName, context),
    paste: (text, { model }) => {
      const asked = askedOf(state, model);
      const field = asked && mayAnswer(state, model) ? asked.fields[state.at] : undefined;
      if (!field || field.options !== null) return stay(state);
      const draft = draftOf(state, field);
      return stay(withDraft(state, field, { ...draft, text: draft.text + sanitizeRow(text) }));
    },
    view: ({ model }, space) => view(state, model, space),
  };
}

interface Asked {
  readonly open: OpenApproval;
  readonly elicitation: Elicitation;
  readonly fields: readonly FormField[];
}

function askedOf({ approvalId }: State, { snapshot }: Model): Asked | null {
  const open = snapshot.approvals.find((one) => one.approvalId === approvalId);
  const elicitation = open ? elicitationOf(open) : null;
  if (!open || !elicitation) return null;
  return { open, elicitation, fields: elicitation.type === 'mcpForm' ? fieldsOf(elicitation.schema) : [] };
}

interface Choice {
  readonly decision: ApprovalDecision;
  readonly key: string;
  readonly label: string;
}

/** The rows behind the fields. */
function choicesOf({ elicitation, fields }: Asked): readonly Choice[] {
  const yes = elicitation.type === 'mcpUrl' ? 'Yes, I go there' : fields.length > 0 ? 'Send' : 'Yes';
  const no = fields.length > 0 ? 'Decline' : 'No';
  return [
    { decision: 'accept', key: 'y', label: yes },
    { decision: 'decline', key: 'n', label: no },
  ];
}

const stay = (state: State): OverlayOutcome => ({ kind: 'stay', overlay: overlayOf(state) });
const mayAnswer = (state: State, { role }: Model): boolean => role === 'operator' && !state.isSent;
const draftOf = ({ drafts }: State, field: FormField): Draft => drafts.get(field.name) ?? firstDraft(field);
const withDraft = (state: State, field: FormField, draft: Draft): State => ({
  ...state,
  drafts: new Map([...state.drafts, [field.name, draft]]),
  failure: null,
});

function press(state: State, keyName: string, { model }: OverlayContext): OverlayOutcome {
  const asked = askedOf(state, model);
  if (asked === null || !mayAnswer(state, model)) return stay(state);
  const field = asked.fields[state.at];
  const choices = choicesOf(asked);
  const rows = asked.fields.length + choices.length;
  switch (keyName) {
    case 'escape': {
      const draft = field && draftOf(state, field);
      // Words that were typed are not lost with one key.
      if (field && draft && draft.text !== '') return stay(withDraft(state, field, { ...draft, text: '' }));
      return answered(state, asked, 'cancel');
    }
    case 'up':
    case 'shift+tab':
      return stay({ ...state, at: (state.at - 1 + rows) % rows });
    case 'down':
    case 'tab':
      return stay({ ...state, at: (state.at + 1) % rows });
    case 'enter': {
      const choice = choices[state.at - asked.fields.length];
      return choice ? answered(state, asked, choice.decision) : stay({ ...state, at: state.at + 1 });
    }
    default: {
      const next = field && pressField(field, draftOf(state, field), keyName);
      if (field) return stay(next ? withDraft(state, field, next) : state);
      const choice = choices.find(({ key }) => key === keyName);
      return choice ? answered(state, asked, choice.decision) : stay(state);
    }
  }
}

/** Sends an answer, unless what was filled in does not fit the form: the daemon would say the same. */
function answered(state: State, { open, elicitation, fields }: Asked, decision: ApprovalDecision): OverlayOutcome {
  const { approvalId } = state;
  const isFilled = decision === 'accept' && elicitation.type === 'mcpForm';
  const content = isFilled ? contentOf(fields, (field) => draftOf(state, field)) : null;
  const why = isFilled ? questionKinds[open.kind].misfit(open, content) : null;
  if (why !== null) return stay({ ...state, failure: why });
  const effect = { type: 'answerApproval', approvalId, decision, ...(content === null ? {} : { content }) } as const;
  return { kind: 'stay', overlay: overlayOf({ ...state, isSent: true, failure: null }), effects: [effect] };
}

function view(state: State, model: Model, { columns, rows }: Size): readonly Line[] {
  const asked = askedOf(state, model);
  if (asked === null) return [];
  const { elicitation, fields } = asked;
  const count = model.snapshot.approvals.length;
  const more = count > 1 ? ` (1 of ${count})` : '';
  const title = fitLine(row(`─ The MCP server ${sanitizeRow(elicitation.server)} asks${more}`, 'title'), columns);
  const foot = footRows(state, asked, model, columns);
  const words = messageRows(elicitation, columns);
  const places = [
    ...fields.map((field, at) => fieldRows(field, draftOf(state, field), at === state.at, columns)),
    ...choicesOf(asked).map((choice, at) => choiceRows(choice, at + fields.length === state.at, columns)),
  ];
  const body = [...words, ...places.flat()];
  const rowsUpTo = (place: number) => words.length + places.slice(0, place).flat().length;
  const space = Math.max(1, rows - foot.length - 1);
  // As much of the question as fits, with the row that takes the keys always in sight.
  const top = Math.max(0, Math.min(rowsUpTo(state.at), rowsUpTo(state.at + 1) - space));
  return [title, ...body.slice(top, top + space), ...foot].slice(0, rows);
}

function messageRows(elicitation: Elicitation, columns: number): Line[] {
  const lines = sanitize(elicitation.message)
    .split('\n')
    .map((line) => row(line));
  const message = wrapWithPrefix(lines, columns, span('  '), span('  '));
  if (elicitation.type === 'mcpForm') return message;
  return [...message, ...wrapWithPrefix([row(sanitizeRow(elicitation.url), 'code')], columns, span('  '), span('  '))];
}

const choiceRows = ({ label }: Choice, isHere: boolean, columns: number): Line[] =>
  wrapWithPrefix(
    [row(label, isHere ? 'selected' : 'plain')],
    columns,
    span(isHere ? '› ' : '  ', 'accent'),
    span('    '),
  );

const NARROW_COLUMNS = 50;

function footRows(state: State, { fields }: Asked, { role }: Model, columns: number): Line[] {
  const line = (text: string, style: 'dim' | 'accent' | 'bad') =>
    wrapWithPrefix([row(text, style)], columns, span('  '), span('  '));
  if (role === 'observer') return line('An operator has to answer.', 'dim');
  if (state.isSent) return line('sending the answer…', 'dim');
  const failure = state.failure === null ? [] : line(sanitizeRow(state.failure), 'bad');
  if (columns < NARROW_COLUMNS) return [...failure, ...line('↑ ↓ enter · esc', 'accent')];
  return [...failure, ...line(`${hintOf(fields[state.at])} · ↑ ↓ · esc no answer, the call goes on`, 'accent')];
}

/** What the keys do in the row that takes them. */
function hintOf(field: FormField | undefined): string {
  if (!field) return 'enter · y yes · n no';
  if (field.options === null) return 'enter next';
  return field.field.type === 'array' ? 'enter next · ← → · space chooses' : 'enter next · ← → choose';
}
