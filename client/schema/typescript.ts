import type { JsonSchema } from './schema-documents.ts';
import { capital } from './schema-names.ts';

/** A type as it is printed: its text, and the names that it refers to. */
export interface PrintedType {
  readonly text: string;
  readonly uses: readonly string[];
}

/** A JSON Schema as a TypeScript type. What it says beyond types (limits, patterns) is left out. */
export function typeOf(schema: JsonSchema): PrintedType {
  const uses = new Set<string>();
  const text = print(schema, uses);
  return { text, uses: [...uses].sort() };
}

function print(schema: unknown, uses: Set<string>): string {
  if (typeof schema !== 'object' || schema === null) return schema === false ? 'never' : 'unknown';
  const { $ref, anyOf, oneOf, allOf, type } = schema as JsonSchema;
  if ($ref !== undefined) {
    const name = capital($ref.split('/').at(-1) ?? '');
    uses.add(name);
    return name;
  }
  const { enum: choices, const: only } = schema as JsonSchema;
  if (only !== undefined) return JSON.stringify(only);
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(' | ');
  if (anyOf ?? oneOf) return joined(anyOf ?? oneOf ?? [], ' | ', uses);
  if (allOf) return joined(allOf, ' & ', uses);
  if (Array.isArray(type)) return type.map((one) => print({ ...(schema as JsonSchema), type: one }, uses)).join(' | ');
  return printPlain(schema as JsonSchema, uses);
}

function joined(parts: readonly unknown[], sign: string, uses: Set<string>): string {
  const texts = [...new Set(parts.map((part) => print(part, uses)))];
  return texts.length === 0 ? 'never' : texts.map((text) => (/[|&]/.test(text) ? `(${text})` : text)).join(sign);
}

function printPlain(schema: JsonSchema, uses: Set<string>): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return `Array<${Array.isArray(schema.items) ? joined(schema.items, ' | ', uses) : print(schema.items ?? {}, uses)}>`;
    case 'object':
      return printObject(schema, uses);
    default:
      return 'unknown';
  }
}

function printObject({ properties = {}, required = [], additionalProperties }: JsonSchema, uses: Set<string>): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `${key}${required.includes(name) ? '' : '?'}: ${print(schema, uses)}`;
  });
  const isMap = typeof additionalProperties === 'object';
  if (members.length === 0) return `{ [key in string]?: ${isMap ? print(additionalProperties, uses) : 'unknown'} }`;
  return `{ ${members.join('; ')} }`;
}
