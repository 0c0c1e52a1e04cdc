import { isRequired, misfitOfContent, optionsOf } from '../../machines/protocol/elicitation-content.ts';
import type { AnswerContent } from '../../machines/protocol/types/approval.ts';
import type { Elicitation, ElicitationField, ElicitationSchema } from '../../machines/protocol/types/elicitation.ts';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

/** The form as the server proposes it; null: something has to be filled in first. */
export function proposedContent({ properties, ...schema }: ElicitationSchema): AnswerContent | null {
  const proposed = Object.entries(properties).flatMap(([name, { default: given }]) =>
    given == null ? [] : [[name, given] as const],
  );
  const content = Object.fromEntries(proposed);
  return misfitOfContent({ properties, ...schema }, content) === null ? content : null;
}

/**
 * Words of a command line, `NAME=VALUE` each, as a filled-in form; what is not named stays as the server proposes it,
 * and nothing behind `=` leaves it out. Where there is one field its name may be left out.
 * @throws CliError usage
 */
export function filledForm(approvalId: string, schema: ElicitationSchema, given: readonly string[]): AnswerContent {
  const names = Object.keys(schema.properties);
  const proposed = Object.entries(schema.properties).map(
    ([name, field]) => [name, field.default ?? undefined] as const,
  );
  const filled = given.map((word) => {
    const { name, text } = wordOf(word, names);
    const field = schema.properties[name];
    if (!field) throw usage(`${approvalId} has no field ${name}; there are: ${names.join(', ')}`);
    return [name, text === '' ? undefined : readAs(field, text)] as const;
  });
  const content = Object.fromEntries(
    [...new Map<string, unknown>([...proposed, ...filled])].filter(([, value]) => value !== undefined),
  );
  const why = misfitOfContent(schema, content);
  if (why !== null) throw usage(`${approvalId}: ${why}`);
  return content;
}

const usage = (message: string): CliError => new CliError(message, exitCodes.usage);

function wordOf(word: string, names: readonly string[]): { readonly name: string; readonly text: string } {
  const at = word.indexOf('=');
  const name = word.slice(0, Math.max(0, at));
  const [only] = names;
  if (names.length === 1 && only !== undefined && name !== only) return { name: only, text: word };
  if (at < 0) throw usage(`${word}: write NAME=VALUE; the names are ${names.join(', ')}`);
  return { name, text: word.slice(at + 1) };
}

/** What fits nothing is passed on as it is: the form says what is wrong with it. */
function readAs(field: ElicitationField, text: string): unknown {
  if (field.type === 'array') return text.split(',').map((one) => chosen(field, one.trim()));
  if (optionsOf(field)) return chosen(field, text);
  if (field.type === 'boolean') return /^(true|yes|y)$/i.test(text) || (/^(false|no|n)$/i.test(text) ? false : text);
  if (field.type === 'string') return text;
  return text.trim() === '' || !Number.isFinite(Number(text)) ? text : Number(text);
}

/** An option by its value, by its words, or by its number from 1. */
function chosen(field: ElicitationField, text: string): string {
  const options = optionsOf(field) ?? [];
  const isSame = (other: string) => other.toLowerCase() === text.toLowerCase();
  const option =
    options.find(({ value }) => value === text) ??
    options.find(({ value, label }) => isSame(value) || isSame(label)) ??
    options[/^\d+$/.test(text) ? Number(text) - 1 : -1];
  return option?.value ?? text;
}

/** What is asked, a row each: the fields with their options by number, or the address. */
export function elicitationRows(asked: Elicitation): string[] {
  if (asked.type === 'mcpUrl') return [`address     ${asked.url}`];
  return Object.entries(asked.schema.properties).flatMap(([name, field]) => [
    fieldRow(name, field, isRequired(asked.schema, name)),
    ...(optionsOf(field) ?? []).map(
      ({ value, label }, at) => `  ${at + 1} ${label}${label === value ? '' : ` (${value})`}`,
    ),
  ]);
}

function fieldRow(name: string, field: ElicitationField, needed: boolean): string {
  const { title, description, default: given } = field;
  const kind = field.type === 'array' ? 'some of' : optionsOf(field) ? 'one of' : field.type;
  const facts = [kind, ...(needed ? ['required'] : []), ...(given == null ? [] : [`else ${String(given)}`])].join(', ');
  return `${name} (${facts})${[title, description].flatMap((text) => (text ? [`: ${text}`] : [])).join('')}`;
}
