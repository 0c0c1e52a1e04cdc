import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../../../machines/protocol/page.ts';
import fc from '../../support/fast-check.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];
const page = (all: readonly string[], request: PageRequest): Page<string> =>
  pageOf(all, (entry) => entry, request, { limit: 2, sortDirection: 'asc' });

describe('a page', () => {
  test.each([
    { name: 'starts at the oldest', request: {}, data: ['a', 'b'], next: 'after:b', back: 'from:a' },
    {
      name: 'starts at the newest',
      request: { sortDirection: 'desc' },
      data: ['e', 'd'],
      next: 'after:d',
      back: 'from:e',
    },
    {
      name: 'goes on behind the last',
      request: { cursor: 'after:b' },
      data: ['c', 'd'],
      next: 'after:d',
      back: 'from:c',
    },
    { name: 'ends', request: { cursor: 'after:d' }, data: ['e'], next: null, back: 'from:e' },
    { name: 'may be empty', request: { cursor: 'after:e' }, data: [], next: null, back: null },
    { name: 'may hold all', request: { limit: 5 }, data: letters, next: null, back: 'from:a' },
    {
      name: 'goes the other way with the entry itself',
      request: { cursor: 'from:c', sortDirection: 'desc' },
      data: ['c', 'b'],
      next: 'after:b',
      back: 'from:c',
    },
  ] as const)('$name', ({ request, data, next, back }) => {
    expect(page(letters, request)).toEqual({ data, nextCursor: next, backwardsCursor: back });
  });

  test.each(['', 'b', 'after:', 'after:z', 'from:__proto__'])('refuses the cursor %j', (cursor) => {
    expect(() => page(letters, { cursor })).toThrow(new RpcError('invalidParams', `invalid cursor: ${cursor}`));
  });
});

test('all pages together are the list, also when it grows in between', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.integer({ min: 1, max: 7 }), fc.constantFrom('asc', 'desc'), (length, limit, order) => {
      const keys = Array.from({ length }, (_, index) => `k${index}`);
      const seen: string[] = [];
      let cursor: string | null = null;
      let all = keys;
      do {
        const next: Page<string> = page(all, { cursor, limit, sortDirection: order });
        seen.push(...next.data);
        cursor = next.nextCursor;
        all = order === 'desc' ? [...all, `new${all.length}`] : all;
      } while (cursor !== null);
      expect(seen).toEqual(order === 'asc' ? keys : keys.toReversed());
    }),
  );
});
