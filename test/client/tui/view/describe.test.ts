import { describe, expect, test } from 'vitest';
import {
  ago,
  bareCommand,
  clientName,
  contextLeft,
  duration,
  elapsed,
  failureWords,
  outcomeText,
  sandboxName,
  shortPath,
} from '../../../../client/tui/view/describe.ts';
import { diffRows } from '../../../../client/tui/view/diff.ts';
import { lineText } from '../../../../client/tui/view/line.ts';
import { otherClient, THREAD_ID, TURN_ID } from '../../../support/thread-fixtures.ts';

describe('words for things', () => {
  test.each([
    { text: '{"error":{"message":"Unsupported parameter","code":null}}', words: 'Unsupported parameter' },
    { text: '{"error":{"message":""}}', words: '{"error":{"message":""}}' },
    { text: '{"error":null}', words: '{"error":null}' },
    { text: '{"error":', words: '{"error":' },
    { text: 'it broke', words: 'it broke' },
  ])('what failed: $text', ({ text, words }) => {
    expect(failureWords(text)).toBe(words);
  });

  test.each([
    { command: "/bin/bash -lc 'echo hi'", bare: 'echo hi' },
    { command: `/bin/bash -lc 'echo '\\''hi'\\'''`, bare: "echo 'hi'" },
    { command: 'bash -c ls', bare: 'ls' },
    { command: '/usr/bin/zsh -lc "a b"', bare: '/usr/bin/zsh -lc "a b"' },
    { command: "/bin/bash -lc 'a' 'b'", bare: "/bin/bash -lc 'a' 'b'" },
    { command: 'cargo test', bare: 'cargo test' },
  ])('$command is $bare', ({ command, bare }) => {
    expect(bareCommand(command)).toBe(bare);
  });

  test('times', () => {
    expect([2100, 45_000, 185_000, 7_260_000].map(duration)).toEqual(['2.1 s', '45 s', '3 m 05 s', '2 h 01 m']);
    expect([-5, 9900, 185_000, 7_260_000].map(elapsed)).toEqual(['0s', '9s', '3m 05s', '2h 01m']);
    expect([0, 300_000, 7_200_000, 200_000_000].map(ago)).toEqual(['just now', '5m ago', '2h ago', '2d ago']);
  });

  test('clients and outcomes', () => {
    expect(clientName({ clientId: 'x', name: 'codex\u001b[2J', pid: null, terminal: null })).toBe('codex');
    const outcome = { approvalId: 'a', threadId: THREAD_ID, turnId: TURN_ID, itemId: 'i', waitedMs: 2100 };
    expect(outcomeText({ ...outcome, decision: 'acceptForSession', by: otherClient }, false)).toBe(
      '✔ approved for this thread by codex-tui on /dev/pts/4 (pid 456) after 2.1 s',
    );
    expect(outcomeText({ ...outcome, decision: 'cancel', by: null }, false)).toBe(
      '✘ cancelled by the daemon after 2.1 s',
    );
    expect(outcomeText({ ...outcome, decision: 'decline', by: otherClient }, true)).toBe(
      '✘ declined by you after 2.1 s',
    );
  });

  test('folders, sandboxes, context', () => {
    expect(['/home/user', '/home/user/a', '/home/users'].map((path) => shortPath(path, '/home/user'))).toEqual([
      '~',
      '~/a',
      '/home/users',
    ]);
    expect(sandboxName({ type: 'readOnly', networkAccess: true })).toBe('read-only +network');
    const tokens = { totalTokens: 50, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 };
    expect(contextLeft({ total: tokens, last: tokens, modelContextWindow: 200 })).toBe(75);
    expect(contextLeft({ total: tokens, last: tokens, modelContextWindow: null })).toBeNull();
  });
});

describe('diffs', () => {
  test.each([
    {
      name: 'an update with line numbers',
      kind: { type: 'update' as const },
      diff: '@@ -9,2 +9,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n',
      rows: ['@@ -9,2 +9,2 @@', ' 9   a', '10 - b', '10 + c'],
    },
    { name: 'a new file', kind: { type: 'add' as const }, diff: 'x\ny\n', rows: ['1 + x', '2 + y'] },
    { name: 'a deleted file', kind: { type: 'delete' as const }, diff: 'x\n', rows: ['1 - x'] },
    { name: 'an empty new file', kind: { type: 'add' as const }, diff: '', rows: [] },
  ])('show $name', ({ kind, diff, rows }) => {
    expect(diffRows({ path: 'f', kind, diff }, 60).map(lineText)).toEqual(rows);
  });
});
