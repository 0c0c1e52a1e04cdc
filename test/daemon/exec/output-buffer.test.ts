import { describe, expect, test } from 'vitest';
import { HeadAndTail, OutputBuffer, Utf8Reader } from '../../../daemon/exec/output-buffer.ts';
import fc from '../../support/fast-check.ts';

const omitted = /^(.*)\n…(\d+) characters omitted…\n(.*)$/s;

function pushed(pieces: readonly string[], maxLength: number): string {
  const kept = new HeadAndTail(maxLength);
  for (const piece of pieces) kept.push(piece);
  return kept.toString();
}

describe('HeadAndTail', () => {
  test.each([
    { name: 'keeps what fits', pieces: ['abc', 'def', 'gh'], kept: 'abcdefgh' },
    { name: 'drops the middle of one piece', pieces: ['abcdefghijkl'], kept: 'abcd\n…4 characters omitted…\nijkl' },
    { name: 'drops the middle of many', pieces: [...'abcdefghijkl'], kept: 'abcd\n…4 characters omitted…\nijkl' },
    { name: 'keeps pairs whole', pieces: ['abc😀def😀xyz'], kept: 'abc\n…7 characters omitted…\nxyz' },
  ])('$name', ({ pieces, kept }) => {
    expect(pushed(pieces, 8)).toBe(kept);
  });

  test('what is kept is the start and the end, however the text is cut into pieces', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 4, max: 40 }), (pieces, maxLength) => {
        const whole = pieces.join('');
        const kept = pushed(pieces, maxLength);
        if (kept === whole) return;
        const [, head = '', count, tail = ''] = omitted.exec(kept) ?? [];
        expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
        expect(head.length + Number(count) + tail.length).toBe(whole.length);
        expect(head.length + tail.length).toBeLessThanOrEqual(maxLength);
        expect(kept).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });

  test('a long output in small pieces stays small', () => {
    const kept = new HeadAndTail(64 * 1024);
    for (let line = 0; line < 50_000; line += 1) kept.push(`line ${line}\n`);
    expect(kept.toString().length).toBeLessThan(64 * 1024 + 60);
    expect(kept.toString()).toMatch(/line 49999\n$/);
  });
});

test('OutputBuffer tells what is new, with its size in bytes, and what was in all', () => {
  const buffer = new OutputBuffer(8);
  buffer.push('é\n');
  expect(buffer.takeFresh()).toEqual({ text: 'é\n', bytes: 3 });
  expect(buffer.takeFresh()).toEqual({ text: '', bytes: 0 });
  buffer.push('0123456789');
  expect(buffer.takeFresh()).toEqual({ text: '0123\n…2 characters omitted…\n6789', bytes: 10 });
  expect(buffer.aggregated()).toBe('é\n01\n…4 characters omitted…\n6789');
});

describe('Utf8Reader', () => {
  test('joins characters that pieces split', () => {
    const bytes = new TextEncoder().encode('a\ufeffé😀\u001b[31mz');
    const reader = new Utf8Reader();
    const text = [...bytes].map((byte) => reader.read(Uint8Array.of(byte))).join('') + reader.end();
    expect(text).toBe('a\ufeffé😀\u001b[31mz');
  });

  test('bad bytes and a cut end become U+FFFD', () => {
    const reader = new Utf8Reader();
    expect(reader.read(Uint8Array.of(0x61, 0xff, 0x62, 0xf0, 0x9f))).toBe('a\ufffdb');
    expect(reader.end()).toBe('\ufffd');
  });
});
