import { describe, expect, test } from 'vitest';
import { readSse } from '../../../daemon/model/sse.ts';
import fc from '../../support/fast-check.ts';

describe('readSse', () => {
  test.each([
    { name: 'one event', text: 'data: a\n\n', events: ['a'] },
    { name: 'names and ids are skipped', text: 'event: x\nid: 1\nretry: 5\ndata: a\n\n', events: ['a'] },
    { name: 'several data lines are joined', text: 'data: a\ndata: b\n\n', events: ['a\nb'] },
    { name: 'carriage returns', text: 'data: a\r\n\r\ndata: b\r\rdata: c\n\n', events: ['a', 'b', 'c'] },
    { name: 'no blank after the colon', text: 'data:a\n\ndata:  b\n\n', events: ['a', ' b'] },
    { name: 'comments are no events', text: ': hi\n\ndata: a\n\n:\n', events: ['a'] },
    { name: 'an empty data line', text: 'data\n\n', events: [''] },
    { name: 'a field that only begins like data', text: 'database: a\n\n', events: [] },
    { name: 'a byte order mark', text: '\uFEFFdata: a\n\n', events: ['a'] },
    { name: 'an end without the blank line', text: 'data: a\n\ndata: b', events: ['a', 'b'] },
    { name: 'nothing', text: '', events: [] },
  ])('$name', async ({ text, events }) => {
    expect(await all([new TextEncoder().encode(text)])).toEqual(events);
  });

  test('the cuts between chunks do not matter, not even inside a character', async () => {
    const payload = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ' ').replace(/^\uFEFF/, '')),
    );
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(payload, ending, fc.array(fc.nat({ max: 40 })), async (events, end, cuts) => {
        const bytes = new TextEncoder().encode(events.map((event) => `data: ${event}${end}${end}`).join(''));
        expect(await all(cut(bytes, cuts))).toEqual(events);
      }),
    );
  });

  test('an event without an end is dropped, and the next one is read', async () => {
    const megabyte = new TextEncoder().encode('x'.repeat(1024 * 1024));
    const endless = Array.from({ length: 40 }, () => megabyte);
    const head = new TextEncoder().encode('data: ');
    const tail = new TextEncoder().encode('\n\ndata: a\n\n');

    expect(await all([head, ...endless, tail])).toEqual(['a']);
  });
});

async function all(chunks: readonly Uint8Array[]): Promise<readonly string[]> {
  async function* source() {
    yield* chunks;
  }
  const seen: string[] = [];
  for await (const event of readSse(source())) seen.push(event);
  return seen;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return [...pieces, bytes.slice(at)];
}
