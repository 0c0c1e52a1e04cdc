import { describe, expect, test } from 'vitest';
import {
  cutMiddle,
  cutOutput,
  formatAborted,
  formatExecOutput,
  formatUnknownProcess,
  utf8Length,
} from '../../../machines/exec/format-output.ts';
import fc from '../../support/fast-check.ts';

const report = {
  chunkId: '7281ce',
  wallTimeMs: 0,
  state: { kind: 'exited', exitCode: 3 },
  output: 'old\n',
  originalBytes: null,
  maxOutputTokens: 100,
} as const;

describe('formatExecOutput', () => {
  test('a finished command', () => {
    expect(formatExecOutput(report)).toBe(
      'Chunk ID: 7281ce\nWall time: 0.0000 seconds\nProcess exited with code 3\nOriginal token count: 1\nOutput:\nold\n',
    );
  });

  test('a running command with a size from before the drop', () => {
    const state = { kind: 'running', sessionId: 73870 } as const;
    expect(formatExecOutput({ ...report, state, wallTimeMs: 10_012.5, originalBytes: 9 })).toBe(
      'Chunk ID: 7281ce\nWall time: 10.0125 seconds\nProcess running with session ID 73870\nOriginal token count: 3\nOutput:\nold\n',
    );
  });

  test('an output over budget', () => {
    expect(formatExecOutput({ ...report, output: 'aaaa\nbbbb\ncccc\n', maxOutputTokens: 2 })).toBe(
      [
        'Chunk ID: 7281ce',
        'Wall time: 0.0000 seconds',
        'Process exited with code 3',
        'Original token count: 4',
        'Output:',
        'Warning: truncated output (original token count: 4)',
        'Total output lines: 3',
        '',
        'aaaa…2 tokens truncated…ccc\n',
      ].join('\n'),
    );
  });

  test('the short texts', () => {
    expect(formatAborted(1_149)).toBe('Wall time: 1.1 seconds\naborted by user');
    expect(formatUnknownProcess(999)).toBe('write_stdin failed: Unknown process id 999');
  });
});

describe('cutting', () => {
  test.each([
    { name: 'keeps what fits exactly', text: 'abcdefgh', tokens: 2, cut: 'abcdefgh' },
    { name: 'keeps no half of a pair', text: '😀😀😀😀', tokens: 2, cut: '😀…2 tokens truncated…😀' },
    {
      name: 'gives room back rather than cut a character',
      text: 'aé😀😀éa',
      tokens: 2,
      cut: 'aé…2 tokens truncated…éa',
    },
    { name: 'shows nothing without a budget', text: 'abc', tokens: 0, cut: '…1 tokens truncated…' },
  ])('$name', ({ text, tokens, cut }) => {
    expect(cutMiddle(text, tokens)).toBe(cut);
  });

  test('counts a last line without an end', () => {
    expect(cutOutput('aaaa\nbbbb', 1)).toContain('Total output lines: 2\n');
  });

  const text = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '…', '😀', '\ud800'), maxLength: 300 });

  test('never exceeds the budget by more than the marker; head and tail are the text’s own', () => {
    fc.assert(
      fc.property(text, fc.nat(80), (whole, tokens) => {
        const cut = cutMiddle(whole, tokens);
        if (utf8Length(whole) <= tokens * 4) {
          expect(cut).toBe(whole);
          return;
        }
        const [, head = '', tail = ''] = /^(.*)…\d+ tokens truncated…(.*)$/s.exec(cut) ?? [];
        expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
        expect(utf8Length(head) + utf8Length(tail)).toBeLessThanOrEqual(tokens * 4);
        expect(utf8Length(head) + utf8Length(tail)).toBeGreaterThan(tokens * 4 - 8);
        expect(head.length + tail.length).toBeLessThan(whole.length);
      }),
    );
  });

  test('never splits a pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '😀', 'é'), maxLength: 200 }), fc.nat(50), (whole, tokens) => {
        expect(cutMiddle(whole, tokens)).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });

  test('counts bytes as UTF-8 does', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(utf8Length(any)).toBe(Buffer.byteLength(any));
      }),
    );
  });
});
