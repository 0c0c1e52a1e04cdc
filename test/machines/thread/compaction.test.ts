import { describe, expect, test } from 'vitest';
import { type ResponseItem, textMessage } from '../../../machines/model/response-item.ts';
import {
  compactedHistory,
  compactLimit,
  estimateTokens,
  KEPT_USER_TOKENS,
  NO_SUMMARY,
  SUMMARY_PREFACE,
  summaryText,
} from '../../../machines/thread/compaction.ts';
import { replayLine } from '../../../machines/thread/replay.ts';
import { parseRolloutLine } from '../../../machines/thread/rollout-line.ts';
import { emptyRecord } from '../../../machines/thread/thread-record.ts';

const user = (text: string) => textMessage('user', text);
const answer: ResponseItem = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done' }] };
const call: ResponseItem = { type: 'function_call', call_id: 'c1', name: 'exec_command', arguments: '{}' };
const output: ResponseItem = { type: 'function_call_output', call_id: 'c1', output: 'ok' };
const context = [textMessage('developer', 'rules'), user('<environment_context>now</environment_context>')];
const summary = user(summaryText('Was done.'));

describe('the limit', () => {
  test.each([
    { name: 'is nine tenths of the window', window: 272_000, configured: undefined, limit: 244_800 },
    { name: 'can be set lower', window: 272_000, configured: 100_000, limit: 100_000 },
    { name: 'cannot be set higher than there is room', window: 100_000, configured: 500_000, limit: 90_000 },
  ])('$name', ({ window, configured, limit }) => {
    expect(compactLimit(window, configured)).toBe(limit);
  });
});

describe('a shortened history', () => {
  test.each([
    {
      name: 'keeps what the person said, and nothing of the work',
      history: [...context, user('first'), call, output, answer, user('second')],
      kept: [user('first'), user('second')],
    },
    {
      name: 'drops what no person wrote',
      history: [
        user('# AGENTS.md instructions for /repo\n\nBe kind.'),
        user('<turn_aborted>\nstopped'),
        user('<skill>\n<name>x</name>\n</skill>'),
        user('<user_shell_command>\nls'),
        user('<user_action>\nreview'),
        user(summaryText('An earlier one.')),
        user('real'),
      ],
      kept: [user('real')],
    },
    { name: 'may be empty but for the summary', history: [answer], kept: [] },
  ])('$name', ({ history, kept }) => {
    expect(compactedHistory(history, context, summaryText('Was done.'))).toEqual([...context, ...kept, summary]);
  });

  test('keeps the newest messages within its budget and cuts the one that reaches over it', () => {
    const tokens = (count: number, letter: string) => user(letter.repeat(count * 4));
    const history = [tokens(10, 'a'), tokens(5_000, 'b'), tokens(KEPT_USER_TOKENS - 1_000, 'c')];
    const [cut, whole, last] = compactedHistory(history, [], 'S');
    expect([whole, last]).toEqual([history[2], user('S')]);
    expect(cut).toEqual(user(`${'b'.repeat(2_000)}…4000 tokens truncated…${'b'.repeat(2_000)}`));
  });

  test('says so when the model wrote no summary', () => {
    expect(summaryText('  ')).toBe(`${SUMMARY_PREFACE}\n\n${NO_SUMMARY}`);
  });

  test('is guessed to have a token for every four bytes', () => {
    expect(estimateTokens([user('x'.repeat(400))])).toBe(Math.ceil((JSON.stringify(user('')).length + 400) / 4));
  });
});

describe('a log with a compaction', () => {
  const line = (type: string, payload: unknown) =>
    parseRolloutLine(JSON.stringify({ timestamp: '2026-01-01T00:00:00.000Z', type, payload }));
  const replayed = (compacted: object) => {
    const record = emptyRecord();
    const lines = [
      ...[...context, user('first'), call, output, answer].map((item) => line('response_item', item)),
      line('compacted', compacted),
      line('response_item', user('next')),
    ];
    for (const each of lines) if (each) replayLine(record, each);
    return record.history;
  };

  test.each([
    {
      name: 'goes on with the history that the line holds',
      compacted: { message: 'S', replacement_history: [user('first'), user('S'), { type: 7 }] },
      history: [user('first'), user('S'), user('next')],
    },
    {
      name: 'of an older version, without that, goes on with what the person said',
      compacted: { message: 'S' },
      history: [user('first'), user('S'), user('next')],
    },
  ])('$name', ({ compacted, history }) => {
    expect(replayed(compacted)).toEqual(history);
  });
});
