import { describe, expect, test } from 'vitest';
import { callName, namespaceOf, serverNames, toolNames } from '../../../machines/mcp/mcp-names.ts';
import fc from '../../support/fast-check.ts';

const named = (server: string, tools: readonly string[]) => [
  ...toolNames(
    server,
    tools.map((name) => ({ name })),
  ).values(),
];

describe('names of MCP tools', () => {
  test('have other signs replaced', () => {
    expect(named('box', ['add-two', 'a.b/c', 'plain_1', 'ÄÖ'])).toEqual(['add_two', 'a_b_c', 'plain_1', 'x']);
    expect([...serverNames(['my-box', 'a__b', '_']).values()]).toEqual(['my_box', 'a_b', 'x']);
  });

  test('that are equal after that are told apart, whatever comes first', () => {
    const one = named('box', ['a-b', 'a_b', 'a.b']);
    const other = named('box', ['a.b', 'a_b', 'a-b']);
    expect(one[1]).toBe('a_b');
    expect(new Set(one).size).toBe(3);
    expect(other).toEqual([...one].reverse());
  });

  test.each([
    ['echo', 'mcp__box', 'mcp__box__echo'],
    ['echo', 'mcp__box__', 'mcp__box__echo'],
    ['mcp__box__echo', null, 'mcp__box__echo'],
    ['exec_command', undefined, 'exec_command'],
  ])('%s of %s is called %s', (name, namespace, expected) => {
    expect(callName(name, namespace)).toBe(expected);
  });

  test('fit, differ, and lead back to their own tool, for any servers and tools', () => {
    const word = fc.string({ minLength: 1, maxLength: 90 });
    const some = fc.uniqueArray(word, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(some, some, (servers, tools) => {
        const names = serverNames(servers);
        const all = servers.flatMap((server) => {
          const clean = names.get(server) ?? '';
          return named(clean, tools).map((tool) => callName(tool, namespaceOf(clean)));
        });
        for (const name of all) expect(name).toMatch(/^mcp__[A-Za-z0-9_]{1,59}$/);
        expect(new Set(names.values()).size).toBe(servers.length);
      }),
    );
  });
});
