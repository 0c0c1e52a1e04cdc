import { describe, expect, test } from 'vitest';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import { PlainView } from '../../../machines/protocol/plain-view.ts';
import type { ThreadSnapshot } from '../../../machines/protocol/types/thread.ts';
import fc from '../../support/fast-check.ts';
import { approvalOf, emptySnapshot, THREAD_ID, TURN_ID, thisClient, turnOf } from '../../support/thread-fixtures.ts';
import { threadLife } from '../../support/thread-life.ts';

const fold = (state: ThreadSnapshot, events: readonly ThreadNotification[]) => events.reduce(foldThread, state);

/** A client that is told everything but the events of some spans, and instead of each span what it missed. */
function tellWithout(events: readonly ThreadNotification[], spans: readonly (readonly [number, number])[]) {
  const view = new PlainView();
  const told: ThreadNotification[] = [];
  const tell = (event: ThreadNotification) => {
    told.push(event);
    view.note(event);
  };
  let at = 0;
  for (const [from, length] of spans) {
    const until = Math.min(events.length, at + from);
    for (const event of events.slice(at, until)) tell(event);
    at = Math.min(events.length, until + length);
    for (const event of view.missed(fold(emptySnapshot(), events.slice(0, at)))) tell(event);
  }
  for (const event of events.slice(at)) tell(event);
  return told;
}

const span = fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 12 }));

describe('a client that knows no snapshots', () => {
  test('ends in the same state, whatever it missed', () => {
    fc.assert(
      fc.property(threadLife, fc.array(span, { maxLength: 4 }), ({ events }, spans) => {
        const told = fold(emptySnapshot(), tellWithout(events, spans));
        const last = events.filter((event) => event.method === 'turn/started').length === 1;
        const whole = fold(emptySnapshot(), events);
        // Of turns that began and ended before its first event, a client is told the last.
        expect(told.thread.turns.at(-1)).toEqual(whole.thread.turns.at(-1));
        if (last) expect(told.thread.turns).toEqual(whole.thread.turns);
      }),
      { numRuns: 500 },
    );
  });

  test('is told of no word twice', () => {
    fc.assert(
      fc.property(threadLife, fc.array(span, { maxLength: 4 }), ({ events }, spans) => {
        const ends = tellWithout(events, spans).flatMap((event) =>
          event.method === 'item/completed' ? [`${event.params.turnId} ${event.params.item.id}`] : [],
        );
        const all = events.filter(({ method }) => method === 'item/completed').length;
        expect(ends.length).toBeLessThanOrEqual(all);
      }),
    );
  });

  test('is told the rest of an answer that it has in part', () => {
    const of = { threadId: THREAD_ID, turnId: TURN_ID };
    const item = { type: 'agentMessage' as const, id: 'answer', text: '' };
    const delta = (words: string): ThreadNotification => ({
      method: 'item/agentMessage/delta',
      params: { ...of, itemId: 'answer', delta: words },
    });
    const start = {
      method: 'turn/started',
      params: { threadId: THREAD_ID, turn: turnOf([], { status: 'inProgress' }) },
    };
    const events = [
      start as ThreadNotification,
      { method: 'item/started', params: { ...of, item, startedAtMs: 1 } } as ThreadNotification,
      delta('one two'),
    ];
    const view = new PlainView();
    for (const event of events) view.note(event);
    const joined = new PlainView([turnOf([{ ...item, text: '' }], { status: 'inProgress' })]);

    const later = fold(emptySnapshot(), [...events, delta(' three')]);

    expect(view.missed(later)[0]).toEqual(delta(' three'));
    expect(joined.missed(later)[0]).toEqual(delta('one two three'));
  });

  test('learns that a question which it was asked is settled, and is not told of others', () => {
    const view = new PlainView();
    const asked = approvalOf();
    view.note({ method: 'approval/requested', params: asked });
    const waiting = foldThread(emptySnapshot(), { method: 'approval/requested', params: asked });
    expect(resolvedIn(view.missed(waiting))).toEqual([]);

    expect(resolvedIn(view.missed(emptySnapshot()))).toEqual([asked.approvalId]);

    const { approvalId, threadId, turnId, itemId } = asked;
    const outcome = { approvalId, threadId, turnId, itemId, decision: 'accept' as const, by: thisClient, waitedMs: 9 };
    view.note({ method: 'approval/resolved', params: outcome });
    expect(view.missed(emptySnapshot())).toEqual([
      { method: 'thread/status/changed', params: { threadId: THREAD_ID, status: emptySnapshot().thread.status } },
    ]);
  });
});

const resolvedIn = (events: readonly ThreadNotification[]) =>
  events.flatMap((event) => (event.method === 'serverRequest/resolved' ? [event.params.requestId] : []));
