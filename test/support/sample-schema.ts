import type { Schema } from '../../machines/protocol/define.ts';
import type { Random } from './seeded.ts';

/** What the walk below reads of a valibot schema; its own types say it per kind only. */
interface AnySchema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly item?: AnySchema;
  readonly wrapped?: AnySchema;
  readonly value?: AnySchema;
  readonly literal?: unknown;
  readonly options?: readonly unknown[];
}

const WORDS = [
  '',
  'a',
  'gpt-5.5',
  '../..',
  '/',
  '/tmp',
  'é👩‍🚀',
  '\u0000',
  '__proto__',
  'x'.repeat(300),
  '0198c0de',
  '-1',
  '%00',
];
const NUMBERS = [0, 1, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308];

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/**
 * A value that fits a declaration, more or less: checks beyond the shape (a length, a range) are left to chance.
 * @param texts for the members of these names, such as the id of a thread that is there
 */
export function sampleOf(
  schema: Schema,
  random: Random,
  texts: Readonly<Record<string, readonly string[]>> = {},
): unknown {
  // The cast: see AnySchema.
  return sample(schema as unknown as AnySchema, random, texts, '');
}

function sample(
  schema: AnySchema,
  random: Random,
  texts: Readonly<Record<string, readonly string[]>>,
  name: string,
): unknown {
  const of = (inner: AnySchema | undefined, key = name) => (inner ? sample(inner, random, texts, key) : null);
  switch (schema.type) {
    case 'string':
      return random() < 0.7 && texts[name] ? pick(random, texts[name]) : pick(random, WORDS);
    case 'number':
      return pick(random, NUMBERS);
    case 'boolean':
      return random() < 0.5;
    case 'literal':
      return schema.literal;
    case 'picklist':
      return pick(random, schema.options ?? []);
    case 'union':
    case 'variant':
      // The cast: the options of these two are schemas.
      return of(pick(random, (schema.options ?? []) as readonly AnySchema[]));
    case 'optional':
    case 'nullish':
    case 'nullable':
      return random() < 0.5 ? of(schema.wrapped) : schema.type === 'optional' ? undefined : null;
    case 'array':
      return Array.from({ length: Math.floor(random() * 3) }, () => of(schema.item));
    case 'record':
      return { [pick(random, WORDS)]: of(schema.value) };
    case 'object':
    case 'loose_object':
    case 'strict_object':
      return Object.fromEntries(Object.entries(schema.entries ?? {}).map(([key, inner]) => [key, of(inner, key)]));
    default:
      return pick<unknown>(random, [null, 1, 'any', {}, []]);
  }
}
