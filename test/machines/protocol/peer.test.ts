import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import { type AnyRequest, defineNotification, defineRequest } from '../../../machines/protocol/define.ts';
import type { NotificationMessage, WireMessage } from '../../../machines/protocol/message.ts';
import { Peer, type PeerOptions } from '../../../machines/protocol/peer.ts';

const add = defineRequest({
  method: 'number/add',
  params: v.object({ left: v.number(), right: v.object({ value: v.number() }) }),
  result: v.object({ sum: v.number() }),
});
const told = defineNotification({ method: 'number/told', params: v.object({ value: v.number() }) });
const params = { left: 1, right: { value: 2 } };

const definitions: Readonly<Record<string, AnyRequest>> = { [add.method]: add };
type Answer = PeerOptions['answer'];
const sum: Answer = (_, given) => {
  const { left, right } = given as typeof params;
  return { sum: left + right.value };
};

/** One end whose messages are only kept. */
function startEnd(options: Partial<PeerOptions> = {}) {
  const sent: WireMessage[] = [];
  const notices: NotificationMessage[] = [];
  const peer = new Peer({
    transport: { send: (message) => sent.push(message), close: () => {} },
    definitionOf: (method) => definitions[method],
    answer: sum,
    notified: (message) => notices.push(message),
    ...options,
  });
  return { peer, sent, notices };
}

/** Two ends, each message handed over at once. */
function startPair() {
  const ends: { client?: Peer; daemon?: Peer } = {};
  const client = new Peer(linkedTo(() => ends.daemon));
  const daemon = new Peer(linkedTo(() => ends.client));
  Object.assign(ends, { client, daemon });
  return { client, daemon };
}

function linkedTo(other: () => Peer | undefined): PeerOptions {
  return {
    transport: { send: (message) => void other()?.receive(structuredClone(message)), close: () => {} },
    definitionOf: (method) => definitions[method],
    answer: sum,
    notified: () => {},
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: RpcError) => ({ name: error.errorName, message: error.message, data: error.data }),
  );

describe('calling', () => {
  test('answers are paired by id, in whatever order they come', async () => {
    const { peer, sent } = startEnd();
    const calls = [1, 2, 3].map((left) => peer.request(add, { ...params, left }));
    expect(sent.map((message) => 'id' in message && message.id)).toEqual([1, 2, 3]);
    for (const id of [3, 1, 2]) peer.receive({ id, result: { sum: id * 10 } });
    expect(await Promise.all(calls)).toEqual([{ sum: 10 }, { sum: 20 }, { sum: 30 }]);
  });

  test('an answer that nobody waits for is dropped', async () => {
    const { peer } = startEnd();
    const call = peer.request(add, params);
    peer.receive({ id: 99, result: { sum: 0 } });
    peer.receive({ id: '1', result: { sum: 0 } });
    peer.receive({ id: 1, result: { sum: 3 } });
    peer.receive({ id: 1, result: { sum: 4 } });
    expect(await call).toEqual({ sum: 3 });
  });

  test('the answer of a forgotten request is dropped', async () => {
    const { peer } = startEnd();
    let isSettled = false;
    void peer.request(add, params, 'approval-1').finally(() => {
      isSettled = true;
    });
    peer.forget('approval-1');
    expect(peer.receive({ id: 'approval-1', result: { sum: 3 } })).toBe(true);
    await settle();
    expect(isSettled).toBe(false);
  });

  test('closing ends every open request, and later ones at once', async () => {
    const { peer, sent } = startEnd();
    const calls = [peer.request(add, params), peer.request(add, params)];
    peer.close('the daemon is gone');
    peer.close('a second time');
    const gone = { name: 'connectionClosed', message: 'the daemon is gone', data: {} };
    expect(await Promise.all(calls.map(errorOf))).toEqual([gone, gone]);
    expect(await errorOf(peer.request(add, params))).toMatchObject({ name: 'connectionClosed' });
    peer.notify(told, { value: 1 });
    expect(sent).toHaveLength(2);
  });

  test.each([
    {
      name: 'the name rides in the data',
      error: { code: -32600, message: 'x', data: { name: 'threadNotFound', nearest: ['a'] } },
      gets: { name: 'threadNotFound', data: { nearest: ['a'] } },
    },
    {
      name: 'a name that is none of ours',
      error: { code: -32600, message: 'x', data: { name: 'toString' } },
      gets: { name: 'invalidRequest', data: {} },
    },
    {
      name: 'no name, unknown method',
      error: { code: -32601, message: 'x' },
      gets: { name: 'methodNotFound', data: {} },
    },
    { name: 'no name, internal', error: { code: -32603, message: 'x' }, gets: { name: 'internal', data: {} } },
    {
      name: 'no name, any other number',
      error: { code: 7, message: 'x', data: 'text' },
      gets: { name: 'invalidRequest', data: {} },
    },
  ])('an error is read: $name', async ({ error, gets }) => {
    const { peer } = startEnd();
    const call = peer.request(add, params);
    peer.receive({ id: 1, error });
    expect(await errorOf(call)).toEqual({ message: 'x', ...gets });
  });
});

describe('answering', () => {
  test('both ends may call each other over one link', async () => {
    const { client, daemon } = startPair();
    expect(await Promise.all([client.request(add, params), daemon.request(add, params)])).toEqual([
      { sum: 3 },
      { sum: 3 },
    ]);
  });

  test.each([
    {
      name: 'an unknown method',
      call: { id: 1, method: 'number/divide' },
      code: -32601,
      data: { name: 'methodNotFound' },
      says: 'number/divide',
    },
    {
      name: 'a wrong field',
      call: { id: 1, method: add.method, params: { ...params, left: '1' } },
      code: -32600,
      data: { name: 'invalidParams' },
      says: '`left`',
    },
    {
      name: 'a wrong field further in',
      call: { id: 1, method: add.method, params: { left: 1, right: {} } },
      code: -32600,
      data: { name: 'invalidParams' },
      says: '`right.value`',
    },
    {
      name: 'no parameters at all',
      call: { id: 1, method: add.method },
      code: -32600,
      data: { name: 'invalidParams' },
      says: add.method,
    },
  ])('$name is refused, and the connection goes on', async ({ call, code, data, says }) => {
    const { peer, sent } = startEnd();
    peer.receive(call);
    await settle();
    expect(sent).toEqual([
      { id: 1, error: { code, message: expect.stringContaining(says), data: expect.objectContaining(data) } },
    ]);
    peer.receive({ id: 2, method: add.method, params });
    await settle();
    expect(sent[1]).toEqual({ id: 2, result: { sum: 3 } });
  });

  test.each([
    {
      name: 'a typed error',
      thrown: new RpcError('turnMismatch', 'a turn runs', { data: { turnId: 't' } }),
      error: { code: -32600, message: 'a turn runs', data: { name: 'turnMismatch', turnId: 't' } },
      bugs: 0,
    },
    {
      name: 'a bug',
      thrown: new TypeError('x is undefined'),
      error: { code: -32603, message: 'internal error: x is undefined', data: { name: 'internal' } },
      bugs: 1,
    },
  ])('$name that a handler throws is answered, and bugs are told', async ({ thrown, error, bugs }) => {
    const seen: unknown[] = [];
    const { peer, sent } = startEnd({
      answer: () => Promise.reject(thrown),
      onInternalError: (cause, method) => seen.push([cause, method]),
    });
    peer.receive({ id: 'a', method: add.method, params });
    await settle();
    expect([sent, seen]).toEqual([[{ id: 'a', error }], bugs === 0 ? [] : [[thrown, add.method]]]);
  });

  test('what must not overtake the answer runs right after it', async () => {
    const order: string[] = [];
    const { peer } = startEnd({
      transport: { send: () => order.push('answer'), close: () => {} },
      answer: (_, __, context) => {
        context.afterReply(() => order.push('first event'));
        context.afterReply(() => order.push('second event'));
        return {};
      },
    });
    peer.receive({ id: 1, method: add.method, params });
    await settle();
    expect(order).toEqual(['answer', 'first event', 'second event']);
  });

  test('a handler without a result answers an empty one', async () => {
    const { peer, sent } = startEnd({ answer: () => undefined });
    peer.receive({ id: 1, method: add.method, params });
    await settle();
    expect(sent).toEqual([{ id: 1, result: {} }]);
  });

  test('more than may be under way at once are refused, until some are answered', async () => {
    const waiting: (() => void)[] = [];
    const { peer, sent } = startEnd({
      maxPendingIncoming: 2,
      answer: () => new Promise((resolve) => waiting.push(() => resolve({ sum: 0 }))),
    });
    const call = (id: number) => peer.receive({ id, method: add.method, params });
    for (const id of [1, 2, 3]) call(id);
    await settle();
    const refusal = { code: -32001, message: 'Server overloaded; retry later.', data: { name: 'overloaded' } };
    expect(sent).toEqual([{ id: 3, error: refusal }]);
    for (const answer of waiting) answer();
    await settle();
    call(4);
    for (const answer of waiting) answer();
    await settle();
    expect(sent.slice(1).map((message) => 'id' in message && message.id)).toEqual([1, 2, 4]);
  });

  test('nothing is sent after the close', async () => {
    const { peer, sent } = startEnd();
    peer.receive({ id: 1, method: add.method, params });
    peer.close();
    await settle();
    expect(sent).toEqual([]);
  });

  test('notifications are passed on with their place, and what is no message is told apart', () => {
    const { peer, notices } = startEnd();
    expect(peer.receive({ method: 'number/told', params: { value: 1 }, seq: 7, extra: true })).toBe(true);
    expect(peer.receive('noise')).toBe(false);
    expect(notices).toEqual([{ method: 'number/told', params: { value: 1 }, seq: 7 }]);
  });
});
