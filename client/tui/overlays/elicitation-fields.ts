import { type FieldOption, isRequired, optionsOf } from '../../../machines/protocol/elicitation-content.ts';
import type { AnswerContent } from '../../../machines/protocol/types/approval.ts';
import type { ElicitationField, ElicitationSchema } from '../../../machines/protocol/types/elicitation.ts';
import { type Line, row, type Span, span } from '../view/line.ts';
import { sanitizeRow } from '../view/sanitize.ts';
import { wrapWithPrefix } from '../view/wrap.ts';

/** One field of a form, as it is filled in: written, or chosen from options. */
export interface FormField {
  readonly name: string;
  readonly field: ElicitationField;
  readonly isRequired: boolean;
  /** Null: it is written. */
  readonly options: readonly FieldOption[] | null;
}

/** What was done to a field so far. */
export interface Draft {
  readonly text: string;
  /** Values of the options that are chosen. */
  readonly chosen: readonly string[];
  /** The option that a key would choose, where several may be. */
  readonly cursor: number;
}

const YES_NO: readonly FieldOption[] = [
  { value: 'true', label: 'yes' },
  { value: 'false', label: 'no' },
];

export function fieldsOf(schema: ElicitationSchema): readonly FormField[] {
  return Object.entries(schema.properties).map(([name, field]) => ({
    name,
    field,
    isRequired: isRequired(schema, name),
    options: field.type === 'boolean' ? YES_NO : optionsOf(field),
  }));
}

/** As the server proposes it. */
export function firstDraft({ field: { default: given }, options }: FormField): Draft {
  const values = (Array.isArray(given) ? given : [given]).flatMap((value) => (value == null ? [] : [String(value)]));
  return options === null
    ? { text: sanitizeRow(values[0] ?? ''), chosen: [], cursor: 0 }
    : { text: '', chosen: values.filter((value) => options.some((option) => option.value === value)), cursor: 0 };
}

const takesSeveral = ({ field }: FormField): boolean => field.type === 'array';

/** What a key does to a field; null: nothing. */
export function pressField(field: FormField, draft: Draft, keyName: string): Draft | null {
  if (field.options !== null) return pressOptions(field, field.options, draft, keyName);
  if (keyName === 'backspace') return { ...draft, text: Array.from(draft.text).slice(0, -1).join('') };
  if (keyName === 'ctrl+u') return { ...draft, text: '' };
  return Array.from(keyName).length === 1 ? { ...draft, text: draft.text + keyName } : null;
}

function pressOptions(field: FormField, options: readonly FieldOption[], draft: Draft, keyName: string): Draft | null {
  const step = keyName === 'right' ? 1 : keyName === 'left' ? -1 : 0;
  if (step !== 0) return stepped(field, options, draft, step);
  const at = keyName === ' ' ? draft.cursor : Number(keyName) - 1;
  const value = options[at]?.value;
  if (value === undefined || (keyName === ' ' && !takesSeveral(field))) return null;
  if (!takesSeveral(field)) return { ...draft, chosen: [value] };
  const isChosen = draft.chosen.includes(value);
  const chosen = options.filter((option) => (option.value === value ? !isChosen : draft.chosen.includes(option.value)));
  return { ...draft, cursor: at, chosen: chosen.map((option) => option.value) };
}

/** The next option; beside the ends of an optional choice lies that nothing is chosen. */
function stepped(field: FormField, options: readonly FieldOption[], draft: Draft, step: number): Draft {
  if (takesSeveral(field)) return { ...draft, cursor: (draft.cursor + step + options.length) % options.length };
  const values: readonly (string | null)[] = [
    ...(field.isRequired ? [] : [null]),
    ...options.map(({ value }) => value),
  ];
  const before = values.indexOf(draft.chosen[0] ?? null);
  const next = before < 0 ? (step > 0 ? 0 : values.length - 1) : (before + step + values.length) % values.length;
  const value = values[next];
  return { ...draft, chosen: value == null ? [] : [value] };
}

/** What is sent of the fields; those that were left empty are left out. */
export function contentOf(fields: readonly FormField[], draftOf: (field: FormField) => Draft): AnswerContent {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = heldIn(field, draftOf(field));
      return value === undefined ? [] : [[field.name, value]];
    }),
  );
}

function heldIn({ field, isRequired, options }: FormField, { text, chosen }: Draft): unknown {
  if (field.type === 'array') return chosen.length > 0 || isRequired ? [...chosen] : undefined;
  if (options !== null) return field.type === 'boolean' && chosen[0] ? chosen[0] === 'true' : chosen[0];
  if (field.type === 'string') return text === '' && !isRequired ? undefined : text;
  if (text.trim() === '') return undefined;
  // What is no number is sent as it is: the form says that it does not fit.
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The rows of a field: its name, what it holds, and while it is filled in what it is for. */
export function fieldRows(field: FormField, draft: Draft, isHere: boolean, columns: number): Line[] {
  const name = sanitizeRow(field.field.title ?? field.name);
  const label = span(`${name}${field.isRequired ? ' *' : ''}: `, isHere ? 'selected' : 'bold');
  const held =
    field.options === null
      ? [span(`${sanitizeRow(draft.text)}${isHere ? '▏' : ''}`)]
      : optionSpans(field, draft, isHere);
  const sign = span(isHere ? '› ' : '  ', 'accent');
  const about = sanitizeRow(field.field.description ?? '');
  const help = isHere && about !== '' ? wrapWithPrefix([row(about, 'dim')], columns, span('    '), span('    ')) : [];
  return [...wrapWithPrefix([[label, ...held]], columns, sign, span('    ')), ...help];
}

function optionSpans(field: FormField, { chosen, cursor }: Draft, isHere: boolean): Span[] {
  const isMarked = (at: number): boolean => isHere && takesSeveral(field) && at === cursor;
  const none = chosen.length === 0 && !takesSeveral(field) ? [span('(none)  ', 'dim')] : [];
  const all = (field.options ?? []).flatMap(({ value, label }, at) => {
    const box = takesSeveral(field) ? (chosen.includes(value) ? '[x] ' : '[ ] ') : chosen.includes(value) ? '● ' : '○ ';
    const style = isMarked(at) ? 'selected' : chosen.includes(value) ? 'accent' : 'plain';
    return [span(`${box}${sanitizeRow(label)}`, style), span('  ')];
  });
  return [...none, ...all];
}
