import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../machines/protocol/frames.ts';
import { classify, type WireMessage } from '../../../machines/protocol/message.ts';
import fc from '../../support/fast-check.ts';
import { threadEvent } from '../../support/thread-events.ts';

const text = fc.string({ unit: 'grapheme' });
/** Numbers of the wire: no -0, which both encodings write as 0. */
const number = fc
  .oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((n) => n + 0 || 0);
/** A key of this name is renamed by msgpackr, so that nobody's prototype is touched. */
const key = text.filter((name) => name !== '__proto__');
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const id = fc.oneof(fc.integer(), text);

const message: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record({ id, method: text, params: json }, { requiredKeys: ['id', 'method'] }),
  fc.record({ id, result: json }),
  fc.record({ id, error: fc.record({ code: fc.integer(), message: text, data: json }) }),
  fc.record({ method: text, params: json, seq: fc.nat(), firstSeq: fc.nat(), emittedAtMs: fc.nat() }),
  fc.tuple(threadEvent, fc.nat()).map(([event, seq]) => ({ ...event, seq })),
);

describe.each(['msgpack', 'json'] as const)('%s frames', (encoding) => {
  test('bring any message to the other end', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decode(encode(sent, encoding))).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  test('leave out what is undefined', () => {
    const sent = { id: 1, method: 'thread/read', params: { threadId: 'a', includeTurns: undefined } };
    expect(Object.keys((decode(encode(sent, encoding)) as typeof sent).params)).toEqual(['threadId']);
  });

  test('are text or bytes, as the encoding says', () => {
    expect(typeof encode({ method: 'initialized' }, encoding)).toBe(encoding === 'json' ? 'string' : 'object');
  });

  test('are read alike whatever was read before', () => {
    const garbage: fc.Arbitrary<Uint8Array | string> = encoding === 'json' ? text : fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(message, fc.array(garbage, { maxLength: 5 }), (sent, before) => {
        for (const frame of before) isReadable(frame);
        expect(decode(encode(sent, encoding))).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });
});

/** Reads a frame and sorts what comes out. Anything but a value or an Error thrown fails the test. */
function isReadable(frame: Uint8Array | string): boolean {
  let value: unknown;
  try {
    value = decode(frame);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return false;
  }
  const sorted = classify(value);
  if (sorted) expect(['request', 'notification', 'response']).toContain(sorted.kind);
  return true;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const nested = (levels: number) => Uint8Array.from({ length: levels }, () => 0x91);

describe('frames that nobody should send', () => {
  test('any bytes and any text are read or refused, and leave no trace', () => {
    const before = Object.keys(Object.prototype);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string()), (frame) => {
        isReadable(frame);
      }),
      { numRuns: 5_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual(before);
  });

  test('a good frame with some bytes changed, cut or added is read or refused', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), fc.nat(), (sent, at, byte, length) => {
        const frame = Uint8Array.from(encode(sent, 'msgpack') as Uint8Array);
        frame[at % frame.length] = byte;
        isReadable(frame);
        isReadable(frame.slice(0, length % frame.length));
        isReadable(Uint8Array.from([...frame, byte]));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    { name: 'nothing', frame: bytes() },
    { name: 'an empty text', frame: '' },
    { name: 'half a text', frame: '{"id":1,"meth' },
    { name: 'an array of four billion', frame: bytes(0xdd, 0xff, 0xff, 0xff, 0xff) },
    { name: 'a map of four billion', frame: bytes(0xdf, 0xff, 0xff, 0xff, 0xff) },
    { name: 'a text of four billion bytes', frame: bytes(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61) },
    { name: 'a hundred thousand levels', frame: nested(100_000) },
    { name: 'a value and more behind it', frame: bytes(0x01, 0x02) },
  ])('$name is refused', ({ frame }) => {
    expect(isReadable(frame)).toBe(false);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('a key %s stays a key', (name) => {
    const frame = `{"id":1,"method":"x","params":{"${name}":{"polluted":true}}}`;
    const value = decode(frame) as WireMessage;
    for (const read of [value, decode(encode(value, 'msgpack'))]) expect(classify(read)?.kind).toBe('request');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('what a frame holds', () => {
  test.each([
    { value: { id: 1, method: 'a', params: {} }, kind: 'request' },
    { value: { id: 'x', method: 'a' }, kind: 'request' },
    { value: { method: 'a', seq: 3, firstSeq: 2 }, kind: 'notification' },
    { value: { id: null, method: 'a' }, kind: 'notification' },
    { value: { id: 1, result: null }, kind: 'response' },
    { value: { id: 1, error: {} }, kind: 'response' },
    { value: { id: {}, method: 'a' }, kind: undefined },
    { value: { id: 1 }, kind: undefined },
    { value: { result: 1 }, kind: undefined },
    { value: [{ id: 1, method: 'a' }], kind: undefined },
    { value: 'ping', kind: undefined },
    { value: null, kind: undefined },
  ])('$value is sorted as $kind', ({ value, kind }) => {
    expect(classify(value)?.kind).toBe(kind);
  });

  test('an error without number and text gets both', () => {
    expect(classify({ id: 1, error: { data: { a: 1 } } })?.message).toEqual({
      id: 1,
      error: { code: -32603, message: 'unknown error', data: { a: 1 } },
    });
  });
});
