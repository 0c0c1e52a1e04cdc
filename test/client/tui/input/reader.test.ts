import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { InputEvent } from '../../../../client/tui/input/events.ts';
import { startReader } from '../../../../client/tui/input/reader.ts';

function openReader() {
  const input = new PassThrough();
  const events: InputEvent[] = [];
  const waiting: (() => void)[] = [];
  let ended = 0;
  const stop = startReader(input, {
    onEvent: (event) => {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    },
    onEnd: () => {
      ended += 1;
    },
  });
  const until = async (count: number): Promise<void> => {
    while (events.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { input, events, stop, until, ended: () => ended };
}

describe('reader', () => {
  test('puts characters together whose bytes came apart', async () => {
    const reader = openReader();
    const bytes = Buffer.from('ä你👍');
    for (const byte of bytes) reader.input.write(Buffer.from([byte]));
    await reader.until(3);
    reader.stop();
    expect(reader.events).toEqual(['ä', '你', '👍'].map((text) => ({ type: 'text', text })));
  });

  test('reports a lone escape after a pause', async () => {
    const reader = openReader();
    reader.input.write('\u001b');
    await reader.until(1);
    reader.stop();
    expect(reader.events).toEqual([{ type: 'key', name: 'escape' }]);
  });

  test('tells when the terminal is gone, and nothing after it was stopped', async () => {
    const reader = openReader();
    reader.input.end();
    await vi.waitFor(() => expect(reader.ended()).toBe(1));
    reader.stop();
    expect(reader.input.listenerCount('data')).toBe(0);
  });
});
