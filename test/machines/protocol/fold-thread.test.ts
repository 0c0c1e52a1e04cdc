import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import { decode, type Encoding, encode } from '../../../machines/protocol/frames.ts';
import { type ThreadNotification, threadNotifications } from '../../../machines/protocol/index.ts';
import { type ThreadSnapshot, threadSnapshot } from '../../../machines/protocol/types/thread.ts';
import fc from '../../support/fast-check.ts';
import { threadEvent } from '../../support/thread-events.ts';
import {
  agentMessage,
  approvalOf,
  command,
  emptySnapshot,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  thisClient,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';

const fold = (state: ThreadSnapshot, events: readonly ThreadNotification[]) => events.reduce(foldThread, state);
/** A value as the other end gets it. */
function received<T>(value: T, encoding: Encoding): T {
  // The cast: what was sent is what comes.
  return (decode(encode({ id: 1, result: value }, encoding)) as { result: T }).result;
}

describe('any sequence of events', () => {
  test.each(['json', 'msgpack'] as const)('a client that attaches anywhere ends in the same state (%s)', (encoding) => {
    fc.assert(
      fc.property(fc.array(threadEvent, { maxLength: 30 }), fc.nat(30), (events, at) => {
        const early = fold(emptySnapshot(), events);
        const snapshot = received(fold(emptySnapshot(), events.slice(0, at)), encoding);
        const late = fold(
          snapshot,
          events.slice(at).map((event) => received(event, encoding)),
        );
        expect(late).toEqual(early);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps the declared shape', () => {
    fc.assert(
      fc.property(fc.array(threadEvent, { maxLength: 30 }), (events) => {
        const state = fold(emptySnapshot(), events);
        expect(v.parse(threadSnapshot, state)).toEqual(state);
        for (const { method, params } of events) v.parse(threadNotifications[method].params, params);
      }),
      { numRuns: 100 },
    );
  });

  test('changes nothing that was given in', () => {
    fc.assert(
      fc.property(fc.array(threadEvent, { maxLength: 15 }), threadEvent, (events, last) => {
        const state = fold(emptySnapshot(), events);
        const before = structuredClone([state, last]);
        foldThread(state, last);
        expect([state, last]).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });
});

const of = { threadId: THREAD_ID, turnId: TURN_ID };
const running = (...items: Parameters<typeof turnOf>[0]) => snapshotWith([turnOf(items, { status: 'inProgress' })]);
const itemsAfter = (state: ThreadSnapshot, ...events: ThreadNotification[]) =>
  fold(state, events).thread.turns.at(-1)?.items;

describe('single events', () => {
  test('deltas go to the end of their own item, and of no other kind', () => {
    const delta = { ...of, itemId: 'message-1', delta: ' and more' };
    expect(
      itemsAfter(
        running(agentMessage('some'), command()),
        { method: 'item/agentMessage/delta', params: delta },
        { method: 'item/agentMessage/delta', params: { ...delta, itemId: 'command-1' } },
        { method: 'item/agentMessage/delta', params: { ...delta, itemId: 'unknown' } },
        { method: 'item/commandExecution/outputDelta', params: { ...of, itemId: 'command-1', delta: 'ok\n' } },
      ),
    ).toEqual([agentMessage('some and more'), command({ aggregatedOutput: '3 passed\nok\n' })]);
  });

  test('parts of a reasoning may come in any order', () => {
    const reasoning = { type: 'reasoning' as const, id: 'r', summary: [], content: [] };
    const at = { ...of, itemId: 'r' };
    expect(
      itemsAfter(
        running(reasoning),
        { method: 'item/reasoning/summaryTextDelta', params: { ...at, summaryIndex: 1, delta: 'second' } },
        { method: 'item/reasoning/summaryPartAdded', params: { ...at, summaryIndex: 0 } },
        { method: 'item/reasoning/textDelta', params: { ...at, contentIndex: 0, delta: 'raw' } },
      ),
    ).toEqual([{ ...reasoning, summary: ['', 'second'], content: ['raw'] }]);
  });

  test('the end of an item replaces it in its place', () => {
    const ended = { ...agentMessage('whole'), completedAtMs: 2 };
    const events = [
      { method: 'item/started', params: { ...of, item: command(), startedAtMs: 1 } },
      { method: 'item/completed', params: { ...of, item: ended, completedAtMs: 2 } },
    ] as const;
    expect(itemsAfter(running(agentMessage('wh')), ...events)).toEqual([ended, command()]);
  });

  test('the first prompt names the thread, later ones do not', () => {
    const prompts = ['first\n  words', 'second'].map(
      (words): ThreadNotification => ({
        method: 'item/completed',
        params: { ...of, item: userMessage(words), completedAtMs: 1 },
      }),
    );
    expect(fold(running(), prompts).thread.preview).toBe('first words');
  });

  test('a question is open until it is answered, and its answer is kept', () => {
    const { approvalId, threadId, turnId, itemId } = approvalOf();
    const outcome = { approvalId, threadId, turnId, itemId, decision: 'accept' as const, by: thisClient, waitedMs: 9 };
    const asked = foldThread(emptySnapshot(), { method: 'approval/requested', params: approvalOf() });
    const answered = foldThread(asked, { method: 'approval/resolved', params: outcome });
    expect([asked.approvals, answered.approvals, answered.decisions]).toEqual([[approvalOf()], [], [outcome]]);
  });

  test('the notice of a reconnect goes with the next item or the end of the turn', () => {
    const notice: ThreadNotification = {
      method: 'error',
      params: { ...of, error: { message: 'Reconnecting... 1/2' }, willRetry: true },
    };
    const item: ThreadNotification = { method: 'item/started', params: { ...of, item: command(), startedAtMs: 1 } };
    const end = (status: 'completed' | 'failed'): ThreadNotification => ({
      method: 'turn/completed',
      params: { threadId: THREAD_ID, turn: turnOf([], { status }) },
    });
    const shown = { message: 'Reconnecting... 1/2', willRetry: true };
    expect(
      [notice, item, end('completed'), end('failed')].map((_, index, all) => {
        const events = index === 0 ? all.slice(0, 1) : [notice, ...all.slice(index, index + 1)];
        return fold(running(), events).notice;
      }),
    ).toEqual([shown, null, null, shown]);
  });

  test('the end of a turn keeps its items and says how it ended', () => {
    const end = { status: 'failed' as const, error: { message: 'no' }, completedAt: 5, durationMs: 7 };
    const turn = { ...turnOf([], end), itemsView: 'summary' as const };
    const state = foldThread(running(command()), { method: 'turn/completed', params: { threadId: THREAD_ID, turn } });
    expect(state.thread.turns).toEqual([turnOf([command()], end)]);
  });
});
