import { describe, expect, test } from 'vitest';
import { type FeedEntry, ThreadFeed } from '../../../daemon/threads/thread-feed.ts';
import { decode } from '../../../machines/protocol/frames.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import { emptySnapshot, THREAD_ID } from '../../support/thread-fixtures.ts';

const nameOf = (threadName: string): ThreadNotification => ({
  method: 'thread/name/updated',
  params: { threadId: THREAD_ID, threadName },
});

function startFeed(lastSeq = 1_000) {
  const order: string[] = [];
  const published: FeedEntry[] = [];
  const feed = new ThreadFeed(
    emptySnapshot(),
    lastSeq,
    () => 42,
    (seq) => order.push(`reserved ${seq}`),
    (entry) => {
      published.push(entry);
      order.push(`published ${entry.seq}`);
    },
  );
  feed.follow(() => order.push(`told ${feed.seq}`));
  const publish = (count: number) => {
    for (let index = 0; index < count; index += 1) feed.publish(nameOf(`name ${index}`));
  };
  return { feed, order, published, publish };
}

describe('numbers', () => {
  test('go on above those of an earlier life, each reserved before it is given', () => {
    const { feed, order, publish } = startFeed();
    publish(2);
    expect(order).toEqual([
      'reserved 1001',
      'told 1001',
      'published 1001',
      'reserved 1002',
      'told 1002',
      'published 1002',
    ]);
    expect(feed.seq).toBe(1_002);
  });

  test('are not given twice when telling of one event brings another', () => {
    const { feed, published } = startFeed();
    let isFirst = true;
    feed.follow(() => {
      if (isFirst) {
        isFirst = false;
        feed.publish(nameOf('second'));
      }
    });
    feed.publish(nameOf('first'));
    expect(published.map(({ seq }) => seq).sort()).toEqual([1_001, 1_002]);
    expect(feed.after(1_000)?.map(({ seq }) => seq)).toEqual([1_001, 1_002]);
    expect(feed.snapshot.thread.name).toBe('second');
  });

  test('ride on the frame, beside the time', () => {
    const { published, publish } = startFeed();
    publish(1);
    const expected = { ...nameOf('name 0'), seq: 1_001, emittedAtMs: 42 };
    expect(published.map((entry) => [decode(entry.frame('json')), decode(entry.frame('msgpack'))])).toEqual([
      [expected, expected],
    ]);
    expect(published[0]?.frame('msgpack')).toBe(published[0]?.frame('msgpack'));
  });
});

describe('what came after a number', () => {
  const { feed, publish } = startFeed();
  publish(3);
  test.each([
    { name: 'the newest: nothing', seq: 1_003, gets: [] },
    { name: 'one before: one event', seq: 1_002, gets: [1_003] },
    { name: 'the start of this life: all', seq: 1_000, gets: [1_001, 1_002, 1_003] },
    { name: 'an earlier life: a snapshot', seq: 999, gets: null },
    { name: 'a number never given: a snapshot', seq: 1_004, gets: null },
    { name: 'less than nothing: a snapshot', seq: -1, gets: null },
  ])('$name', ({ seq, gets }) => {
    expect(feed.after(seq)?.map((entry) => entry.seq) ?? null).toEqual(gets);
    expect(feed.hasLost(seq)).toBe(seq < 1_000);
    if (gets) expect(feed.next(seq)?.seq).toBe(gets[0]);
  });

  test('before the first event nothing is at hand', () => {
    const { feed: fresh } = startFeed();
    expect([fresh.after(1_000), fresh.after(999), fresh.next(1_000), fresh.hasLost(1_000), fresh.hasLost(5)]).toEqual([
      [],
      null,
      undefined,
      false,
      true,
    ]);
  });

  test('is bounded, however many events there were', () => {
    const { feed: long, publish: more } = startFeed(0);
    more(20_000);
    const oldest = [...Array(20_000).keys()].findIndex((seq) => !long.hasLost(seq));
    const kept = long.after(oldest) ?? [];
    expect(kept.length).toBeGreaterThan(3_000);
    expect(kept.length).toBeLessThanOrEqual(4_096);
    expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, index) => oldest + 1 + index));
    expect(long.after(oldest - 1)).toBeNull();
  });
});

test('who no longer follows is not told', () => {
  const { feed, publish } = startFeed();
  let told = 0;
  const leave = feed.follow(() => {
    told += 1;
  });
  publish(2);
  leave();
  publish(2);
  expect(told).toBe(2);
});
