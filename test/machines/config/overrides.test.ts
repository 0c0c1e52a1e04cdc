import { describe, expect, test } from 'vitest';
import { ConfigError, findKey } from '../../../machines/config/config-error.ts';
import { formatKey } from '../../../machines/config/config-schema.ts';
import { OverrideError, overridesToTable, splitKey } from '../../../machines/config/overrides.ts';
import fc from '../../support/fast-check.ts';

const numbersOnly = (raw: string): unknown => (/^\d+$/.test(raw) ? Number(raw) : undefined);

describe('splitKey', () => {
  test.each([
    ['model', ['model']],
    ['a.b-c.d_1', ['a', 'b-c', 'd_1']],
    ['projects."/a.b".trust_level', ['projects', '/a.b', 'trust_level']],
    ["projects.'/a\"b'", ['projects', '/a"b']],
    ['a . "b"', ['a', 'b']],
    ['a."x\\"y"', ['a', 'x"y']],
    ['a.""', ['a', '']],
  ])('reads %s', (key, parts) => {
    expect(splitKey(key)).toEqual(parts);
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a."b', 'a b', 'a="b"', '"a"b'])('refuses %j and quotes it', (key) => {
    expect(() => splitKey(key)).toThrow(new OverrideError(`cannot read the override key ${JSON.stringify(key)}`));
  });

  test('reads back whatever formatKey wrote', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (path) => {
        expect(splitKey(formatKey(path))).toEqual(path);
      }),
    );
  });
});

describe('overridesToTable', () => {
  test('nests dotted keys, reads raw values, and takes other values as they are', () => {
    const pairs = {
      'tui.theme': 'dark',
      'history.max_bytes': '12',
      tui: { animations: false },
      model: null,
      x: undefined,
    };
    expect(overridesToTable(pairs, numbersOnly)).toEqual({
      tui: { theme: 'dark', animations: false },
      history: { max_bytes: 12 },
    });
  });

  test('lets the later pair win, also over a value in its way', () => {
    expect(overridesToTable({ a: '1', 'a.b': '2' }, numbersOnly)).toEqual({ a: { b: 2 } });
    expect(overridesToTable({ 'a.b': '1', a: '2' }, numbersOnly)).toEqual({ a: 2 });
  });
});

describe('ConfigError', () => {
  test.each([
    [{ file: '/h/config.toml', line: 3, column: 7 }, '/h/config.toml:3:7: bad'],
    [{ file: '/h/config.toml', line: null, column: null }, '/h/config.toml: bad'],
    [{ file: null, line: null, column: null }, 'override: bad'],
  ])('starts with the place %j', (place, message) => {
    expect(new ConfigError('bad', place).message).toBe(message);
  });

  test('is one line', () => {
    expect(new ConfigError('a\n\n b', { file: null, line: null, column: null }).message).toBe('override: a b');
  });
});

test.each([
  [['model'], { line: 1, column: 1 }],
  [['history', 'persistence'], { line: 4, column: 3 }],
  [['projects', '/a b', 'trust_level'], { line: 7, column: 1 }],
  [['tui', 'theme'], { line: 2, column: 1 }],
  [['nowhere'], null],
])('findKey(%j) is %j', (path, place) => {
  const text = 'model = 1\ntui = { theme = 1 }\n[history]\n  persistence = 1\n\n[projects."/a b"]\ntrust_level = 1\n';
  expect(findKey(text, path)).toEqual(place);
});
