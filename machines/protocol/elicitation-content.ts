import * as v from 'valibot';
import { checkAgainst, type Schema } from './define.ts';
import type { AnswerContent } from './types/approval.ts';
import type { ElicitationField, ElicitationSchema } from './types/elicitation.ts';

/** One of the values that a field allows, and how it is shown. */
export interface FieldOption {
  readonly value: string;
  readonly label: string;
}

/** The values that a field allows; null: it is filled in freely. */
export function optionsOf(field: ElicitationField): readonly FieldOption[] | null {
  if ('items' in field) return 'anyOf' in field.items ? field.items.anyOf.map(titled) : field.items.enum.map(plain);
  if ('oneOf' in field) return field.oneOf.map(titled);
  if ('enum' in field) return field.enum.map((value, at) => ({ value, label: field.enumNames?.[at] ?? value }));
  return null;
}

const titled = (option: { const: string; title: string }): FieldOption => ({
  value: option.const,
  label: option.title,
});
const plain = (value: string): FieldOption => ({ value, label: value });

/** Whether a field has to be filled in. */
export const isRequired = ({ required }: ElicitationSchema, name: string): boolean => required?.includes(name) === true;

/** Why what was filled in does not fit the form; null: it does. Nothing at all is an empty form. */
export function misfitOfContent(schema: ElicitationSchema, content: AnswerContent | null): string | null {
  const given = content ?? {};
  const empty = Object.keys(schema.properties).find((name) => isRequired(schema, name) && given[name] === undefined);
  if (empty !== undefined) return `field \`${empty}\`: it has to be filled in`;
  const checked = checkAgainst(shapeOf(schema), given);
  return checked.ok ? null : checked.why;
}

function shapeOf(schema: ElicitationSchema): Schema {
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    const shape = fieldShape(field);
    return [name, isRequired(schema, name) ? shape : v.optional(shape)] as const;
  });
  return v.strictObject(Object.fromEntries(fields));
}

function fieldShape(field: ElicitationField): Schema {
  const options = optionsOf(field)?.map(({ value }) => value);
  if (field.type === 'array') return severalShape(field, options ?? []);
  if (options) return v.picklist(options);
  if (field.type === 'boolean') return v.boolean();
  return field.type === 'string' ? textShape(field) : numberShape(field);
}

function severalShape({ minItems, maxItems }: Extract<ElicitationField, { type: 'array' }>, options: string[]): Schema {
  return v.pipe(
    v.array(v.picklist(options)),
    v.check((chosen) => chosen.length >= (minItems ?? 0), `at least ${minItems} have to be chosen`),
    v.check((chosen) => chosen.length <= (maxItems ?? chosen.length), `at most ${maxItems} may be chosen`),
    v.check((chosen) => new Set(chosen).size === chosen.length, 'each may be chosen once'),
  );
}

type TextField = Extract<ElicitationField, { format?: unknown }>;

const formats = {
  email: v.pipe(v.string(), v.email('it is no e-mail address')),
  uri: v.pipe(v.string(), v.url('it is no address (https://…)')),
  date: v.pipe(v.string(), v.isoDate('it is no date (2026-01-31)')),
  'date-time': v.pipe(v.string(), v.isoTimestamp('it is no date with time (2026-01-31T12:00:00Z)')),
};

function textShape({ minLength, maxLength, format }: TextField): Schema {
  const base = format == null ? v.string() : formats[format];
  // Characters, as JSON Schema counts them.
  const lengthOf = (text: string): number => Array.from(text).length;
  return v.pipe(
    base,
    v.check((text) => lengthOf(text) >= (minLength ?? 0), `it needs at least ${minLength} characters`),
    v.check((text) => lengthOf(text) <= (maxLength ?? Infinity), `it may have at most ${maxLength} characters`),
  );
}

function numberShape({ type, minimum, maximum }: Extract<ElicitationField, { minimum?: unknown }>): Schema {
  return v.pipe(
    v.number(),
    v.finite(),
    v.check((number) => type === 'number' || Number.isInteger(number), 'it is no whole number'),
    v.check((number) => number >= (minimum ?? -Infinity), `it has to be ${minimum} or more`),
    v.check((number) => number <= (maximum ?? Infinity), `it has to be ${maximum} or less`),
  );
}
