import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ExecLine, execLines, initialExecState } from '../../../client/cli/exec-events.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import {
  commandItem,
  itemCompleted,
  itemStarted,
  THREAD_ID,
  TURN_ID,
  textDelta,
  turnCompleted,
  turnStarted,
} from '../../support/client-thread.ts';
import { mcpCall } from '../../support/thread-fixtures.ts';

/** The lines of a whole turn. */
function linesOf(events: readonly ThreadNotification[]): ExecLine[] {
  let state = initialExecState(null);
  return events.flatMap((event) => {
    const [next, lines] = execLines(state, event);
    state = next;
    return lines;
  });
}

const ofTurn = { threadId: THREAD_ID, turnId: TURN_ID };
const message = (id: string, text: string): ThreadItem => ({ type: 'agentMessage', id, text });

const usage = (inputTokens: number, cachedInputTokens: number, outputTokens: number, reasoningOutputTokens = 0) =>
  ({
    method: 'thread/tokenUsage/updated',
    params: {
      ...ofTurn,
      tokenUsage: {
        total: {
          totalTokens: inputTokens + outputTokens,
          inputTokens,
          cachedInputTokens,
          outputTokens,
          reasoningOutputTokens,
        },
        last: { totalTokens: 1, inputTokens: 1, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 },
        modelContextWindow: 1000,
      },
    },
  }) satisfies ThreadNotification;

const plan = (...statuses: ('pending' | 'completed')[]): ThreadNotification => ({
  method: 'turn/plan/updated',
  params: {
    ...ofTurn,
    explanation: null,
    plan: statuses.map((status, index) => ({ step: 'ab'[index] ?? '', status })),
  },
});

const failure = (text: string, willRetry: boolean, cause?: string): ThreadNotification => ({
  method: 'error',
  params: { ...ofTurn, error: { message: text, additionalDetails: cause ?? null }, willRetry },
});

test('a call of an MCP tool begins and ends with one id, in the words of the reference', () => {
  const item = mcpCall({ result: { content: [{ type: 'text', text: 'found' }], structuredContent: { n: 1 } } });
  const running = mcpCall({ status: 'inProgress', result: null });
  const failed = mcpCall({ id: 'mcp-2', status: 'failed', result: null, error: { message: 'no such tool' } });
  const body = { type: 'mcp_tool_call', server: 'files', tool: 'find', arguments: { name: 'words.txt' } };
  const answer = { content: [{ type: 'text', text: 'found' }], structured_content: { n: 1 } };
  expect(linesOf([itemStarted(running), itemCompleted(item), itemCompleted(failed)])).toEqual([
    { type: 'item.started', item: { id: 'item_0', ...body, result: null, error: null, status: 'in_progress' } },
    { type: 'item.completed', item: { id: 'item_0', ...body, result: answer, error: null, status: 'completed' } },
    {
      type: 'item.completed',
      item: { id: 'item_1', ...body, result: null, error: { message: 'no such tool' }, status: 'failed' },
    },
  ]);
});

describe('a turn', () => {
  test('of all kinds of items has the lines of the recording', () => {
    const changes = [
      { path: '/repo/notes.txt', kind: { type: 'add' as const }, diff: 'x\n' },
      { path: '/repo/a.txt', kind: { type: 'update' as const, move_path: '/repo/b.txt' }, diff: '@@\n' },
    ];
    const ran = commandItem({ id: 'c', command: "/bin/bash -lc 'cat a.txt; exit 3'" });
    const lines = linesOf([
      turnStarted(),
      itemCompleted({ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'do it' }] }),
      itemStarted({ type: 'reasoning', id: 'r', summary: [], content: [] }),
      itemCompleted({ type: 'reasoning', id: 'r', summary: ['**Looking**\n\nat the files'], content: [] }),
      itemStarted(message('m1', '')),
      textDelta('m1', 'Working'),
      itemCompleted(message('m1', 'Working on it.')),
      itemStarted(ran),
      itemCompleted({ ...ran, aggregatedOutput: 'old\n', exitCode: 3, status: 'failed' } as ThreadItem),
      itemStarted({ type: 'fileChange', id: 'f', changes, status: 'inProgress' }),
      itemCompleted({ type: 'fileChange', id: 'f', changes, status: 'completed' }),
      itemCompleted(message('m2', 'Done.')),
      usage(250, 140, 35, 8),
      turnCompleted(),
    ]);

    expect([{ type: 'thread.started', thread_id: recordedId('exec-tools-0.169.0') }, ...lines]).toEqual(
      recording('exec-tools-0.169.0'),
    );
  });

  test('with a plan starts, updates and completes one list', () => {
    const lines = linesOf([
      turnStarted(),
      plan('pending', 'pending'),
      plan('completed', 'completed'),
      itemCompleted(message('m', 'done')),
      usage(30, 0, 15),
      turnCompleted(),
    ]);

    expect(withoutNewUsage(lines)).toEqual(recording('exec-plan-0.122.0').slice(1));
  });

  test('that is given up after retries has each notice, the reason, and the failure last', () => {
    const why = 'The model is overloaded.';
    const lines = linesOf([
      turnStarted(),
      failure('Reconnecting... 1/2', true, why),
      failure('Reconnecting... 2/2', true, why),
      failure(why, false),
      turnCompleted({ status: 'failed', error: { message: why } }),
    ]);

    expect(lines).toEqual(recording('exec-give-up-0.169.0').slice(1));
  });

  test('that failed unheard names the reason twice all the same', () => {
    expect(linesOf([turnCompleted({ status: 'failed', error: { message: 'no' } })])).toEqual([
      { type: 'error', message: 'no' },
      { type: 'turn.failed', error: { message: 'no' } },
    ]);
  });

  test('that was interrupted has no last line', () => {
    expect(linesOf([turnStarted(), turnCompleted({ status: 'interrupted' })])).toEqual([{ type: 'turn.started' }]);
  });

  test('passes a warning on as an item, also before it starts', () => {
    const warning: ThreadNotification = { method: 'warning', params: { threadId: THREAD_ID, message: 'careful' } };

    expect(linesOf([warning, turnStarted(), itemCompleted(message('m', 'ok'))])).toEqual([
      { type: 'item.completed', item: { id: 'item_0', type: 'error', message: 'careful' } },
      { type: 'turn.started' },
      { type: 'item.completed', item: { id: 'item_1', type: 'agent_message', text: 'ok' } },
    ]);
  });

  test('shows a command that was declined', () => {
    expect(linesOf([itemCompleted(commandItem({ status: 'declined' }))])).toMatchObject([
      { item: { status: 'declined', exit_code: null, aggregated_output: '' } },
    ]);
  });

  test('without an answer of the model reports what the thread had used before', () => {
    const before = { totalTokens: 3, inputTokens: 2, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 };

    expect(execLines(initialExecState(before), turnCompleted())[1]).toEqual([
      {
        type: 'turn.completed',
        usage: {
          input_tokens: 2,
          cached_input_tokens: 0,
          cache_write_input_tokens: 0,
          output_tokens: 1,
          reasoning_output_tokens: 0,
        },
      },
    ]);
  });
});

function recording(name: string): unknown[] {
  const text = readFileSync(new URL(`../../fixtures/exec/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

function recordedId(name: string): unknown {
  return (recording(name)[0] as { thread_id: unknown }).thread_id;
}

/** The older program reported three of the numbers only. */
function withoutNewUsage(lines: readonly ExecLine[]): unknown[] {
  return lines.map((line) => {
    if (line.type !== 'turn.completed') return line;
    const { input_tokens, cached_input_tokens, output_tokens } = line.usage as Record<string, number>;
    return { ...line, usage: { input_tokens, cached_input_tokens, output_tokens } };
  });
}
