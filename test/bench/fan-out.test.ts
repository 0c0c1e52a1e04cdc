import { expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { Follower, type FrameSink } from '../../daemon/server/follower.ts';
import { ThreadFeed } from '../../daemon/threads/thread-feed.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { encode } from '../../machines/protocol/frames.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { agentMessage, snapshotWith, THREAD_ID, TURN_ID, turnOf } from '../support/thread-fixtures.ts';
import { cpuMs, report } from './measure.ts';

const DELTAS = 20_000;
const delta: ThreadNotification = {
  method: 'item/agentMessage/delta',
  params: { threadId: THREAD_ID, turnId: TURN_ID, itemId: 'message-1', delta: 'some more words ' },
};
const start = () => snapshotWith([turnOf([agentMessage('')], { status: 'inProgress' })]);

/** A client that takes everything at once. */
class Sink implements FrameSink {
  readonly encoding = 'msgpack';
  readonly isClogged = false;
  bytes = 0;
  deliver(_event: ThreadNotification, frame: Uint8Array | string): void {
    this.bytes += frame.length;
  }
  whenDrained(): void {}
}

function streamTo(clients: number): void {
  const feed = new ThreadFeed(
    start(),
    0,
    () => 0,
    () => {},
    () => {},
  );
  const sinks = Array.from({ length: clients }, () => new Sink());
  for (const sink of sinks) new Follower(feed, sink, new SimulatedClock()).start(0);
  for (let count = 0; count < DELTAS; count += 1) feed.publish(delta);
  if (sinks.some(({ bytes }) => bytes === 0)) throw new Error('a client heard nothing');
}

/** What cannot be saved: each delta folded once and encoded once. */
function foldAndEncode(): void {
  let state = start();
  for (let seq = 1; seq <= DELTAS; seq += 1) {
    state = foldThread(state, delta);
    encode({ ...delta, seq, emittedAtMs: 0 }, 'msgpack');
  }
}

test('thirty-two followers cost little more than one: an event is encoded once', () => {
  const floor = cpuMs(foldAndEncode);
  const rows = [1, 8, 32].map((clients) => ({
    what: `${clients} client${clients === 1 ? '' : 's'}`,
    ratio: cpuMs(() => streamTo(clients)) / floor,
  }));
  report(`One thread's deltas to its followers`, 'fold and encode each once', rows);
  expect((rows[2]?.ratio ?? 0) / (rows[0]?.ratio ?? 1)).toBeLessThan(8);
});
