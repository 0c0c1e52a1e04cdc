import { describe, expect, test } from 'vitest';
import { TurnWatcher, type WatchedTurn } from '../../../client/cli/watch-turn.ts';
import type { ThreadUpdate } from '../../../client/connection/link.ts';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import type { Turn } from '../../../machines/protocol/types/thread.ts';
import {
  commandItem,
  itemCompleted,
  itemStarted,
  makeSnapshot,
  makeTurn,
  THREAD_ID,
  TURN_ID,
  turnCompleted,
  turnStarted,
} from '../../support/client-thread.ts';

const message = (id: string, changes: Partial<Extract<ThreadItem, { type: 'agentMessage' }>> = {}): ThreadItem => ({
  type: 'agentMessage',
  id,
  text: id,
  ...changes,
});
const done = commandItem({ status: 'completed', exitCode: 0 });

/** What a watcher of our turn lets through. */
function watch(
  updates: readonly ThreadUpdate[],
  watched: WatchedTurn = { kind: 'turn', turnId: TURN_ID },
  knownAfter = 0,
) {
  const seen: string[] = [];
  const watcher = new TurnWatcher(THREAD_ID, ({ method, params }) => {
    seen.push('item' in params ? `${method} ${params.item.id}` : method);
  });
  updates.forEach((update, index) => {
    if (index === knownAfter) watcher.watch(watched);
    watcher.take(update);
  });
  if (knownAfter >= updates.length) watcher.watch(watched);
  return { seen, turnId: watcher.turnId };
}

/** Events as a link hands them on. */
function updatesOf(events: readonly ThreadNotification[]): ThreadUpdate[] {
  let snapshot = makeSnapshot();
  return events.map((event, seq) => {
    snapshot = foldThread(snapshot, event);
    return { kind: 'event', event, snapshot, seq };
  });
}

const snapshotWith = (turn: Turn): ThreadUpdate => ({
  kind: 'snapshot',
  seq: 9,
  snapshot: makeSnapshot({ turns: [turn] }),
});

const turn = [
  turnStarted(),
  itemStarted(commandItem()),
  itemCompleted(done),
  itemCompleted(message('m')),
  turnCompleted(),
];
const all = ['turn/started', 'item/started call-1', 'item/completed call-1', 'item/completed m', 'turn/completed'];

describe('a watched turn', () => {
  test.each([0, 1, 3, 5])('is told whole when it is known after %i events', (knownAfter) => {
    expect(watch(updatesOf(turn), undefined, knownAfter).seen).toEqual(all);
  });

  test('is told without the events of other turns, but with warnings', () => {
    const other = { threadId: THREAD_ID, turnId: 'other' };
    const events: ThreadNotification[] = [
      { method: 'turn/started', params: { threadId: THREAD_ID, turn: makeTurn({ id: 'other' }) } },
      { method: 'item/completed', params: { ...other, item: message('x'), completedAtMs: 1 } },
      { method: 'warning', params: { threadId: THREAD_ID, message: 'careful' } },
      turnStarted(),
    ];

    expect(watch(updatesOf(events)).seen).toEqual(['warning', 'turn/started']);
  });

  test('is found by its prompt when that waited in the queue', () => {
    const prompt: ThreadItem = { type: 'userMessage', id: 'u', content: [], clientId: 'mine' };
    const updates = updatesOf([turnStarted(), itemCompleted(prompt), turnCompleted()]);

    expect(watch(updates, { kind: 'prompt', clientUserMessageId: 'mine' })).toEqual({
      seen: ['turn/started', 'item/completed u', 'turn/completed'],
      turnId: TURN_ID,
    });
    expect(watch(updates, { kind: 'prompt', clientUserMessageId: 'other' })).toEqual({ seen: [], turnId: null });
  });

  test('is caught up from a snapshot, each item once', () => {
    const before = updatesOf(turn.slice(0, 2));
    const items = [done, message('m'), message('open')];

    expect(watch([...before, snapshotWith(makeTurn({ items })), snapshotWith(makeTurn({ items }))]).seen).toEqual([
      'turn/started',
      'item/started call-1',
      'item/completed call-1',
      'item/completed m',
      'item/started open',
    ]);
  });

  test('that ended out of sight is told to its end', () => {
    const ended = makeTurn({ items: [message('m')], status: 'completed' });

    expect(watch([snapshotWith(ended)]).seen).toEqual(['turn/started', 'item/completed m', 'turn/completed']);
  });

  test('that was interrupted out of sight keeps its half answer to itself', () => {
    const ended = makeTurn({ items: [message('half')], status: 'interrupted' });

    expect(watch([snapshotWith(ended)]).seen).toEqual(['turn/started', 'item/started half', 'turn/completed']);
  });
});
