import { describe, expect, test } from 'vitest';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import { mergeDeltas } from '../../../machines/protocol/merge-deltas.ts';
import type { ThreadSnapshot } from '../../../machines/protocol/types/thread.ts';
import fc from '../../support/fast-check.ts';
import { threadEvent } from '../../support/thread-events.ts';
import {
  agentMessage,
  command,
  emptySnapshot,
  snapshotWith,
  THREAD_ID,
  turnOf,
} from '../../support/thread-fixtures.ts';

const fold = (state: ThreadSnapshot, events: readonly ThreadNotification[]) => events.reduce(foldThread, state);

function mergeAll(events: readonly ThreadNotification[]): ThreadNotification[] {
  const merged: ThreadNotification[] = [];
  for (let at = 0; at < events.length; ) {
    const next = mergeDeltas(events.slice(at));
    if (!next) throw new Error('there was an event left');
    merged.push(next.event);
    at += next.count;
  }
  return merged;
}

const of = { threadId: THREAD_ID, turnId: 'turn-1', itemId: 'item-1' };
const said = (delta: string, itemId = 'item-1'): ThreadNotification => ({
  method: 'item/agentMessage/delta',
  params: { ...of, itemId, delta },
});
const thought = (delta: string, summaryIndex: number): ThreadNotification => ({
  method: 'item/reasoning/summaryTextDelta',
  params: { ...of, summaryIndex, delta },
});
const printed = (delta: string): ThreadNotification => ({
  method: 'item/commandExecution/outputDelta',
  params: { ...of, delta },
});
const raw = (delta: string, contentIndex: number): ThreadNotification => ({
  method: 'item/reasoning/textDelta',
  params: { ...of, contentIndex, delta },
});

/** Deltas that often belong together. */
const delta = fc
  .tuple(fc.constantFrom('a', 'bc', '', '👩‍🚀', 'é\n'), fc.nat(1), fc.constantFrom('item-1', 'item-2'))
  .chain(([text, index, itemId]) =>
    fc.constantFrom(said(text, itemId), thought(text, index), raw(text, index), printed(text)),
  );
const events = fc.array(fc.oneof({ arbitrary: delta, weight: 4 }, threadEvent), { maxLength: 30 });

describe('merged deltas', () => {
  test('fold to the same as each of them, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(threadEvent, { maxLength: 15 }), events, (before, after) => {
        const start = fold(emptySnapshot(), before);
        expect(fold(start, mergeAll(after))).toEqual(fold(start, after));
      }),
      { numRuns: 500 },
    );
  });

  test('of a command fold to the same, also where only the last of its output is kept', () => {
    const start = snapshotWith([
      turnOf([command({ id: 'item-1', status: 'inProgress' })], { id: 'turn-1', status: 'inProgress' }),
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(90_000), { minLength: 1, maxLength: 8 }),
        fc.constantFrom('x', '👩‍🚀'),
        (sizes, unit) => {
          const pieces = sizes.map((size, at) => printed(`${at}${unit.repeat(Math.ceil(size / unit.length))}`));
          expect(fold(start, mergeAll(pieces))).toEqual(fold(start, pieces));
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each([
    { name: 'nothing: nothing', given: [], gives: null },
    { name: 'one: itself', given: [said('a')], gives: { count: 1, event: said('a') } },
    { name: 'of one item: one', given: [said('a'), said('b'), said('c')], gives: { count: 3, event: said('abc') } },
    { name: 'of two items: the first', given: [said('a'), said('b', 'item-2')], gives: { count: 1, event: said('a') } },
    {
      name: 'of two parts: the first',
      given: [thought('a', 0), thought('b', 1)],
      gives: { count: 1, event: thought('a', 0) },
    },
    { name: 'of two kinds: the first', given: [raw('a', 0), thought('b', 0)], gives: { count: 1, event: raw('a', 0) } },
    {
      name: 'before another event: those before it',
      given: [raw('a', 2), raw('b', 2), said('c')],
      gives: { count: 2, event: raw('ab', 2) },
    },
  ])('$name', ({ given, gives }) => {
    expect(mergeDeltas(given)).toEqual(gives);
  });

  test('never grow beyond what is sent at once; a larger one stays as it is', () => {
    const half = said('x'.repeat(200_000));
    expect(mergeDeltas([half, half])?.count).toBe(1);
    expect(mergeDeltas([said('x'.repeat(900_000)), said('y')])?.count).toBe(1);
    expect(mergeAll(Array.from({ length: 10 }, () => said('x'.repeat(100_000))))).toHaveLength(5);
  });

  test('change nothing that was given in', () => {
    const given = [said('a'), said('b')];
    mergeDeltas(given);
    expect(given).toEqual([said('a'), said('b')]);
  });
});

test('an item that is not there takes neither the pieces nor the whole', () => {
  const start = snapshotWith([turnOf([agentMessage('')], { id: 'turn-1' })]);
  expect(fold(start, mergeAll([said('a'), said('b')]))).toEqual(start);
});
