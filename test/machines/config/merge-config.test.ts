import { describe, expect, test } from 'vitest';
import { formatKey } from '../../../machines/config/config-schema.ts';
import { type ConfigTable, configOrigins, isTable, mergeConfig } from '../../../machines/config/merge-config.ts';
import fc from '../../support/fast-check.ts';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const table = fc.letrec<{ table: ConfigTable; value: unknown }>((tie) => ({
  table: fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.array(fc.integer()), tie('table')),
})).table;

describe('mergeConfig', () => {
  test('merges tables key by key and replaces everything else whole', () => {
    const low = { model: 'a', tools: { list: [1, 2], deep: { x: 1 } }, text: { was: 'table' } };
    const high = { model: 'b', tools: { list: [3], deep: { y: 2 } }, text: 'now text' };
    expect(mergeConfig([low, high])).toEqual({
      model: 'b',
      tools: { list: [3], deep: { x: 1, y: 2 } },
      text: 'now text',
    });
  });

  test('lets a value that is no table erase the table below it for good', () => {
    expect(mergeConfig([{ a: { b: 1 } }, { a: 0 }, { a: {} }])).toEqual({ a: {} });
  });

  test('can be done layer by layer from the lowest', () => {
    fc.assert(
      fc.property(table, table, table, (low, middle, high) => {
        expect(mergeConfig([mergeConfig([low, middle]), high])).toEqual(mergeConfig([low, middle, high]));
      }),
    );
  });

  test('keeps the whole of the highest layer', () => {
    fc.assert(
      fc.property(table, table, (low, high) => {
        const merged = mergeConfig([low, high]);
        expect(mergeConfig([merged, high])).toEqual(merged);
        for (const [name, value] of Object.entries(high)) {
          if (!isTable(value)) expect(Object.entries(merged)).toContainEqual([name, value]);
        }
      }),
    );
  });

  test('never touches a prototype or its inputs', () => {
    fc.assert(
      fc.property(table, table, (low, high) => {
        const before = JSON.stringify([low, high]);
        const merged = mergeConfig([low, high]);
        expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
        expect(JSON.stringify([low, high])).toBe(before);
      }),
    );
  });
});

describe('configOrigins', () => {
  test('names the highest layer that set each value', () => {
    const layers = [
      { name: 'user', table: { model: 'a', projects: { '/p': { trust_level: 'trusted' } }, tui: {} } },
      { name: 'overrides', table: { model: 'b', history: { persistence: 'none' } } },
    ];
    expect(configOrigins(layers, formatKey)).toEqual({
      model: 'overrides',
      'projects."/p".trust_level': 'user',
      tui: 'user',
      'history.persistence': 'overrides',
    });
  });
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  [new Date(0), false],
  ['text', false],
])('isTable(%j) is %s', (value, expected) => {
  expect(isTable(value)).toBe(expected);
});
