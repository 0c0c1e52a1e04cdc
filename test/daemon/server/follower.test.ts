import { describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { Follower } from '../../../daemon/server/follower.ts';
import { ThreadFeed } from '../../../daemon/threads/thread-feed.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import type { ThreadStatus } from '../../../machines/protocol/types/thread.ts';
import fc from '../../support/fast-check.ts';
import { FeedClient } from '../../support/follow-thread.ts';
import { threadEvent } from '../../support/thread-events.ts';
import { agentMessage, emptySnapshot, THREAD_ID, TURN_ID, turnOf } from '../../support/thread-fixtures.ts';

const startFeed = () =>
  new ThreadFeed(
    emptySnapshot(),
    1_000,
    () => 0,
    () => {},
    () => {},
  );
const nameOf = (threadName: string): ThreadNotification => ({
  method: 'thread/name/updated',
  params: { threadId: THREAD_ID, threadName },
});
/** More events than stay at hand. */
const burst = (feed: ThreadFeed, count = 6_000) => {
  for (let index = 0; index < count; index += 1) feed.publish(nameOf(`name ${index}`));
};

const who = fc.nat(3);
const action = fc.oneof(
  { weight: 8, arbitrary: threadEvent.map((event) => ({ do: 'publish' as const, event })) },
  { weight: 1, arbitrary: fc.constantFrom(10, 1_500, 6_000).map((count) => ({ do: 'burst' as const, count })) },
  { weight: 3, arbitrary: who.map((client) => ({ do: 'attach' as const, client })) },
  { weight: 2, arbitrary: who.map((client) => ({ do: 'clog' as const, client })) },
  { weight: 2, arbitrary: who.map((client) => ({ do: 'drain' as const, client })) },
  { weight: 1, arbitrary: who.map((client) => ({ do: 'leave' as const, client })) },
);

test('whoever attaches, lags, leaves and comes back ends in the state of the daemon, without gap or double', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const feed = startFeed();
      const clients = (['msgpack', 'json', 'msgpack', 'json'] as const).map(
        (encoding) => new FeedClient(feed, encoding),
      );
      for (const step of actions) {
        if (step.do === 'publish') feed.publish(step.event);
        else if (step.do === 'burst') burst(feed, step.count);
        else {
          const client = clients[step.client] as FeedClient;
          if (step.do === 'clog') client.isClogged = true;
          else client[step.do]();
        }
      }
      for (const client of clients) {
        client.drain();
        client.attach();
        expect(client.faults).toEqual([]);
        expect([client.seq, client.state]).toEqual([feed.seq, feed.snapshot]);
      }
    }),
    { numRuns: 150 },
  );
});

describe('a follower', () => {
  test('is given each event at once, the same bytes as its neighbours', () => {
    const feed = startFeed();
    const [one, other, text] = [
      new FeedClient(feed, 'msgpack'),
      new FeedClient(feed, 'msgpack'),
      new FeedClient(feed, 'json'),
    ];
    for (const client of [one, other, text]) client.attach();
    feed.publish(nameOf('a'));
    feed.publish(nameOf('b'));
    expect([one.frames.length, one.seq, text.seq]).toEqual([2, 1_002, 1_002]);
    expect(one.frames.every((frame, index) => frame === other.frames[index])).toBe(true);
    expect(text.frames.every((frame) => typeof frame === 'string')).toBe(true);
  });

  test('that is slow costs the others nothing and keeps its place', () => {
    const feed = startFeed();
    const [slow, quick] = [new FeedClient(feed, 'json'), new FeedClient(feed, 'json')];
    for (const client of [slow, quick]) client.attach();
    slow.isClogged = true;
    for (const name of ['a', 'b', 'c']) feed.publish(nameOf(name));
    expect([slow.seq, quick.seq]).toEqual([1_000, 1_003]);
    slow.drain();
    expect([slow.seq, slow.jumps, slow.faults]).toEqual([1_003, [], []]);
    expect(slow.frames).toEqual(quick.frames);
  });

  test('that lags beyond what is at hand jumps once, to a snapshot', () => {
    const feed = startFeed();
    const client = new FeedClient(feed, 'msgpack');
    client.attach();
    client.isClogged = true;
    burst(feed);
    client.drain();
    feed.publish(nameOf('after'));
    expect([client.jumps, client.faults, client.frames.length]).toEqual([[7_000], [], 2]);
    expect([client.seq, client.state]).toEqual([7_001, feed.snapshot]);
  });

  test('whose next event was just dropped jumps too, and one event later it does not', () => {
    const feed = startFeed();
    const clients: FeedClient[] = [];
    while (feed.after(1_000) !== null) feed.publish(nameOf('fill'));
    const oldest = [...Array(feed.seq).keys()].findIndex((seq) => feed.after(seq) !== null);
    for (const seq of [oldest - 2, oldest - 1, oldest, oldest + 1]) {
      const client = new FeedClient(feed, 'json');
      new Follower(feed, client, new SimulatedClock()).start(seq);
      clients.push(client);
    }
    expect(clients.map(({ frames, seq }) => [frames.length, seq])).toEqual(
      [1, 1, feed.seq - oldest, feed.seq - oldest - 1].map((frames) => [frames, feed.seq]),
    );
  });

  test('that stopped hears nothing more, also when it drains later', () => {
    const feed = startFeed();
    const client = new FeedClient(feed, 'json');
    client.attach();
    client.isClogged = true;
    feed.publish(nameOf('a'));
    client.leave();
    feed.publish(nameOf('b'));
    expect([client.frames, client.isAttached]).toEqual([[], false]);
  });

  test('stopped before it was started never starts', () => {
    const feed = startFeed();
    const client = new FeedClient(feed, 'json');
    const follower = new Follower(feed, client, new SimulatedClock());
    follower.stop();
    follower.start(feed.seq);
    feed.publish(nameOf('a'));
    expect(client.frames).toEqual([]);
  });

  test('may clog in the middle of catching up', () => {
    const feed = startFeed();
    const client = new FeedClient(feed, 'json');
    client.attach();
    client.isClogged = true;
    for (const name of ['a', 'b', 'c', 'd']) feed.publish(nameOf(name));
    const { deliver } = client;
    client.deliver = (event, frame) => {
      deliver.call(client, event, frame);
      client.isClogged = true;
    };
    const seen: (number | null)[] = [];
    for (let round = 0; round < 5; round += 1) {
      client.drain();
      seen.push(client.seq);
    }
    expect([seen, client.faults]).toEqual([[1_001, 1_002, 1_003, 1_004, 1_004], []]);
  });

  test('that lags in mid-answer gets the deltas of one item as one, and ends in the same state', () => {
    const feed = startFeed();
    const [slow, quick] = [new FeedClient(feed, 'msgpack'), new FeedClient(feed, 'msgpack')];
    for (const client of [slow, quick]) client.attach();
    feed.publish(turnStarted);
    feed.publish(messageStarted);
    slow.isClogged = true;
    for (let index = 0; index < 3_000; index += 1) feed.publish(deltaOf(`${index} `));
    feed.publish(nameOf('between'));
    for (let index = 0; index < 500; index += 1) feed.publish(deltaOf(`${index} `));
    slow.drain();
    expect([slow.frames.length, slow.merged, slow.jumps, slow.faults]).toEqual([2 + 3, 3_500, [], []]);
    expect([slow.seq, slow.state]).toEqual([feed.seq, feed.snapshot]);
    expect([quick.frames.length, quick.merged]).toEqual([2 + 3_501, 0]);
  });

  test('that is slow with a snapshot gets the next one only after as long a pause, or when the thread rests', () => {
    const clock = new SimulatedClock();
    const feed = startFeed();
    const client = new FeedClient(feed, 'json', clock);
    client.attach();
    feed.publish(statusOf({ type: 'active', activeFlags: [] }));
    const lag = () => {
      client.isClogged = true;
      burst(feed);
    };
    const takeIn = (ms: number) => {
      clock.increment(ms);
      client.drain();
    };
    client.deliver = cloggedBySnapshots(client);
    lag();
    takeIn(0);
    expect(client.jumps).toHaveLength(1);
    burst(feed);
    takeIn(8_000);
    expect(client.jumps).toHaveLength(1);
    clock.increment(7_999);
    feed.publish(nameOf('more'));
    expect(client.jumps).toHaveLength(1);
    clock.increment(1);
    expect(client.jumps).toHaveLength(2);
    burst(feed);
    takeIn(60_000);
    feed.publish(statusOf({ type: 'idle' }));
    expect([client.jumps.length, client.faults]).toEqual([3, []]);
    expect([client.seq, client.state]).toEqual([feed.seq, feed.snapshot]);
  });
});

const of = { threadId: THREAD_ID, turnId: TURN_ID };
const turnStarted: ThreadNotification = {
  method: 'turn/started',
  params: { threadId: THREAD_ID, turn: turnOf([], { status: 'inProgress' }) },
};
const messageStarted: ThreadNotification = {
  method: 'item/started',
  params: { ...of, item: agentMessage(''), startedAtMs: 0 },
};
const deltaOf = (delta: string): ThreadNotification => ({
  method: 'item/agentMessage/delta',
  params: { ...of, itemId: 'message-1', delta },
});
const statusOf = (status: ThreadStatus): ThreadNotification => ({
  method: 'thread/status/changed',
  params: { threadId: THREAD_ID, status },
});

/** A client that a snapshot fills up. */
function cloggedBySnapshots(client: FeedClient): FeedClient['deliver'] {
  const { deliver } = client;
  return (event, frame) => {
    deliver.call(client, event, frame);
    if (event.method === 'thread/snapshot') client.isClogged = true;
  };
}
