import { describe, expect, test } from 'vitest';
import { checkAgainst } from '../../../machines/protocol/define.ts';
import { misfitOfContent, optionsOf } from '../../../machines/protocol/elicitation-content.ts';
import {
  type ElicitationField,
  type ElicitationSchema,
  elicitationSchema,
} from '../../../machines/protocol/types/elicitation.ts';

const formOf = (field: ElicitationField, required: string[] = []): ElicitationSchema => ({
  type: 'object',
  properties: { x: field },
  required,
});
const NO = expect.any(String);

describe('what is filled in', () => {
  test.each<{ field: ElicitationField; fits: unknown[]; fails: unknown[] }>([
    { field: { type: 'string' }, fits: ['', 'words'], fails: [1, null, true, ['a']] },
    { field: { type: 'string', minLength: 2, maxLength: 3 }, fits: ['ab', '👋👋👋'], fails: ['a', 'abcd'] },
    { field: { type: 'string', format: 'email' }, fits: ['a@b.test'], fails: ['a', ''] },
    { field: { type: 'string', format: 'uri' }, fits: ['https://b.test/x'], fails: ['b.test'] },
    { field: { type: 'string', format: 'date' }, fits: ['2026-01-31'], fails: ['31.1.2026', '2026-13-01'] },
    {
      field: { type: 'string', format: 'date-time' },
      fits: ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00+02:00'],
      fails: ['2026-01-31', '12:00'],
    },
    { field: { type: 'number', minimum: -1.5 }, fits: [0.5, -1.5], fails: [-2, '1', Number.NaN, Infinity] },
    { field: { type: 'integer', maximum: 3 }, fits: [3, -7], fails: [4, 0.5] },
    { field: { type: 'boolean' }, fits: [true, false], fails: ['true', 1] },
    { field: { type: 'string', enum: ['a', 'b'] }, fits: ['a'], fails: ['c', 'A'] },
    { field: { type: 'string', oneOf: [{ const: 'a', title: 'First' }] }, fits: ['a'], fails: ['First'] },
    {
      field: { type: 'array', items: { type: 'string', enum: ['a', 'b', 'c'] }, minItems: 1, maxItems: 2 },
      fits: [['a'], ['c', 'b']],
      fails: [[], ['a', 'b', 'c'], ['a', 'a'], ['d'], 'a'],
    },
    { field: { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } }, fits: [[], ['a']], fails: [['b']] },
  ])('$field takes $fits, and not $fails', ({ field, fits, fails }) => {
    for (const value of fits) expect(misfitOfContent(formOf(field), { x: value })).toBeNull();
    for (const value of fails) expect([value, misfitOfContent(formOf(field), { x: value })]).toEqual([value, NO]);
  });

  test('needs the required fields, and no others', () => {
    const field: ElicitationField = { type: 'string' };
    expect(misfitOfContent(formOf(field), null)).toBeNull();
    expect(misfitOfContent(formOf(field, ['x']), null)).toBe('field `x`: it has to be filled in');
    expect(misfitOfContent(formOf(field), { x: 'a', y: 'b' })).toMatch(/^field `y`: /);
    // What is not in the form cannot be filled in.
    expect(misfitOfContent(formOf(field, ['z']), {})).toBeNull();
  });

  test('says in words what is wrong', () => {
    expect(misfitOfContent(formOf({ type: 'integer', minimum: 1 }), { x: 0 })).toBe(
      'field `x`: it has to be 1 or more',
    );
    expect(misfitOfContent(formOf({ type: 'integer' }), { x: 0.5 })).toBe('field `x`: it is no whole number');
  });
});

describe('a form', () => {
  test('keeps its options, in whichever way they are named', () => {
    const properties = {
      plain: { type: 'string', enum: ['a'] },
      named: { type: 'string', enum: ['a', 'b'], enumNames: ['First'] },
      titled: { type: 'string', oneOf: [{ const: 'a', title: 'First' }] },
      several: { type: 'array', items: { type: 'string', enum: ['a'] } },
      free: { type: 'string' },
    };
    const read = checkAgainst(elicitationSchema, { type: 'object', properties });
    const fields = Object.entries((read as { value: ElicitationSchema }).value.properties);
    const first = { value: 'a', label: 'First' };
    const plain = { value: 'a', label: 'a' };
    expect(Object.fromEntries(fields.map(([name, field]) => [name, optionsOf(field)]))).toEqual({
      plain: [plain],
      named: [first, { value: 'b', label: 'b' }],
      titled: [first],
      several: [plain],
      free: null,
    });
  });

  test.each([
    { type: 'object', properties: { nested: { type: 'object', properties: {} } } },
    { type: 'object', properties: { list: { type: 'array', items: { type: 'number' } } } },
    { type: 'array' },
    'a form',
  ])('that is not flat does not read: %j', (schema) => {
    expect(checkAgainst(elicitationSchema, schema).ok).toBe(false);
  });
});
