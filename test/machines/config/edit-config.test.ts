import { describe, expect, test } from 'vitest';
import { applyChange, toChanges, valueAt } from '../../../machines/config/edit-config.ts';

const replace = (keyPath: string, value: unknown) => ({ keyPath, value, mergeStrategy: 'replace' as const });
const upsert = (keyPath: string, value: unknown) => ({ keyPath, value, mergeStrategy: 'upsert' as const });

describe('an edit becomes changes of single places', () => {
  test.each([
    { name: 'a plain key', edit: replace('model', 'm'), changes: [{ path: ['model'], value: 'm' }] },
    {
      name: 'a quoted key',
      edit: replace('projects."/a.b".trust_level', 'trusted'),
      changes: [{ path: ['projects', '/a.b', 'trust_level'], value: 'trusted' }],
    },
    { name: 'a removal', edit: upsert('model', null), changes: [{ path: ['model'], value: null }] },
    {
      name: 'a table that replaces',
      edit: replace('tui', { theme: 'x', animations: true }),
      changes: [{ path: ['tui'], value: { theme: 'x', animations: true } }],
    },
    {
      name: 'a table whose keys go beside the others',
      edit: upsert('tui', { theme: 'x', deep: { er: 1 } }),
      changes: [
        { path: ['tui', 'theme'], value: 'x' },
        { path: ['tui', 'deep', 'er'], value: 1 },
      ],
    },
    { name: 'an empty table', edit: upsert('tui', {}), changes: [{ path: ['tui'], value: {} }] },
  ])('$name', ({ edit, changes }) => {
    expect(toChanges([edit])).toEqual(changes);
  });

  test.each([
    { name: 'no key', edit: replace('', 1), message: 'keyPath must not be empty' },
    { name: 'an empty part', edit: replace('a..b', 1), message: 'keyPath segments must not be empty' },
    { name: 'an open quote', edit: replace('a."b', 1), message: 'keyPath segments must not be empty' },
    { name: 'null inside', edit: replace('a', { b: [null] }), message: /^a cannot hold null/ },
    { name: 'the old profile key', edit: replace('profile', 'x'), message: /NAME\.config\.toml/ },
  ])('$name is refused', ({ edit, message }) => {
    expect(() => toChanges([edit])).toThrow(message);
  });
});

describe('a change of a table', () => {
  test.each([
    { name: 'sets', change: { path: ['b'], value: 2 }, after: { a: { x: 1 }, b: 2 } },
    { name: 'sets below', change: { path: ['a', 'y'], value: 2 }, after: { a: { x: 1, y: 2 } } },
    { name: 'makes tables on its way', change: { path: ['c', 'd'], value: 2 }, after: { a: { x: 1 }, c: { d: 2 } } },
    { name: 'removes', change: { path: ['a', 'x'], value: null }, after: { a: {} } },
    { name: 'removes what is not there', change: { path: ['c', 'd'], value: null }, after: { a: { x: 1 } } },
    { name: 'has no way into a prototype', change: { path: ['__proto__', 'x'], value: 1 }, after: null },
  ])('$name', ({ change, after }) => {
    const changed = applyChange({ a: { x: 1 } }, change);
    if (after) expect(changed).toEqual(after);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('is refused below a value that is no table', () => {
    expect(() => applyChange({ a: 1 }, { path: ['a', 'b'], value: 2 })).toThrow('cannot set value on non-table parent');
  });

  test('a value is found by its place', () => {
    expect(valueAt({ a: { b: 1 } }, ['a', 'b'])).toBe(1);
    expect(valueAt({ a: { b: 1 } }, ['a', 'toString'])).toBeUndefined();
    expect(valueAt({ a: 1 }, ['a', 'b'])).toBeUndefined();
  });
});
