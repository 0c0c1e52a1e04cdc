import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../machines/model/response-item.ts';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import type { Turn } from '../../../machines/protocol/types/thread.ts';
import { orderOutputs } from '../../../machines/thread/history.ts';
import { LOST_OUTPUT, recoveryLines } from '../../../machines/thread/recover.ts';
import { replayLine } from '../../../machines/thread/replay.ts';
import { type LinePayload, parseRolloutLine } from '../../../machines/thread/rollout-line.ts';
import { emptyRecord, type ThreadRecord } from '../../../machines/thread/thread-record.ts';
import fc from '../../support/fast-check.ts';
import { elicitationOf, emptySnapshot } from '../../support/thread-fixtures.ts';
import { threadLife } from '../../support/thread-life.ts';

const timestamp = '2026-01-01T00:00:00.000Z';
const NOW_MS = 2_000_000;

/** A log as it stands on the disk. */
const written = (lines: readonly LinePayload[]) =>
  lines.map((line, ordinal) => `${JSON.stringify({ timestamp, ordinal, ...line })}\n`).join('');

function replayed(log: string): ThreadRecord {
  const record = emptyRecord();
  for (const text of log.split('\n')) {
    const line = parseRolloutLine(text);
    if (line) replayLine(record, line);
  }
  return record;
}

/** A log that ended anywhere, closed as the daemon does when it loads it. */
function recovered(log: string): { record: ThreadRecord; lines: LinePayload[] } {
  const lines = recoveryLines(replayed(log), NOW_MS);
  return { lines, record: replayed(`${log}\n${written(lines)}`) };
}

/** What the log writes alike: no output and an empty one. */
const shown = (turns: readonly Turn[]) =>
  turns.map((turn) => ({
    ...turn,
    items: turn.items.map((item) =>
      item.type === 'commandExecution' ? { ...item, aggregatedOutput: item.aggregatedOutput || null } : item,
    ),
  }));

const isCall = (item: ResponseItem) => item.type === 'function_call' || item.type === 'custom_tool_call';
const isOutput = (item: ResponseItem) =>
  item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
const callIds = (items: readonly ResponseItem[]) =>
  items.flatMap((item) => ('call_id' in item ? [String(item.call_id)] : [])).sort();

test('a log that is read again shows the turns that the clients saw', () => {
  fc.assert(
    fc.property(threadLife, ({ lines, events }) => {
      const { thread } = events.reduce(foldThread, emptySnapshot());
      const record = replayed(written(lines));
      expect(shown(record.turns)).toEqual(shown(thread.turns));
      expect([record.preview, record.ordinal]).toEqual([thread.preview, lines.length]);
    }),
    { numRuns: 300 },
  );
});

describe('a log that a crash cut anywhere', () => {
  test('is closed so that every call has an output, nothing runs, and nothing is left to close', () => {
    fc.assert(
      fc.property(threadLife, fc.double({ min: 0, max: 1, noNaN: true }), ({ lines }, at) => {
        const log = written(lines);
        const { record } = recovered(
          Buffer.from(log)
            .subarray(0, Math.floor(Buffer.byteLength(log) * at))
            .toString(),
        );
        expect(callIds(record.history.filter(isOutput))).toEqual(callIds(record.history.filter(isCall)));
        expect(record.turns.filter((turn) => turn.status === 'inProgress')).toEqual([]);
        expect(
          record.turns.flatMap((turn) => turn.items).filter((item) => 'status' in item && item.status === 'inProgress'),
        ).toEqual([]);
        expect(recoveryLines(record, NOW_MS)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('in the middle of the recovery itself is closed the same way', () => {
    fc.assert(
      fc.property(threadLife, fc.nat(), fc.nat(), ({ lines }, first, second) => {
        const log = written(lines.slice(0, first % lines.length));
        const closing = recoveryLines(replayed(log), NOW_MS);
        const { record } = recovered(log + written(closing.slice(0, second % (closing.length + 1))));
        expect(callIds(record.history.filter(isOutput))).toEqual(callIds(record.history.filter(isCall)));
        expect(record.turns.filter((turn) => turn.status === 'inProgress')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('closes what a running call had asked, and knows what the call was', () => {
    const item = {
      type: 'mcpToolCall' as const,
      id: 'c1',
      server: 'box',
      tool: 'ask',
      arguments: {},
      status: 'inProgress' as const,
    };
    const approval = elicitationOf({ turnId: 't', itemId: 'c1', startedAtMs: NOW_MS - 10 });
    const lines: LinePayload[] = [
      { type: 'event_msg', payload: { type: 'task_started', turn_id: 't', started_at: 1 } },
      { type: 'codex_daemon', payload: { kind: 'intent', turnId: 't', callId: 'c1', item } },
      { type: 'codex_daemon', payload: { kind: 'aside', approval } },
    ];
    const { record } = recovered(written(lines));
    const { approvalId, threadId } = approval;
    const of = { approvalId, threadId, turnId: 't', itemId: 'c1' };
    expect(record.decisions).toEqual([{ ...of, decision: 'cancel', by: null, waitedMs: 10, resolvedAtMs: NOW_MS }]);
    expect(record.asides.size).toBe(0);
    expect(record.turns.map(({ status }) => status)).toEqual(['interrupted']);
    expect(record.turns[0]?.items).toMatchObject([{ id: 'c1', server: 'box', status: 'failed' }]);
    expect(recoveryLines(record, NOW_MS)).toEqual([]);
  });

  test('keeps the words of a half answer, for people only', () => {
    const started: LinePayload = { type: 'event_msg', payload: { type: 'task_started', turn_id: 't', started_at: 1 } };
    const partial = ['t', 'other'].map((turnId) => ({ turnId, itemId: `m-${turnId}`, text: 'half an ans' }));
    const lines = recoveryLines(replayed(written([started])), NOW_MS, partial);
    const record = replayed(written([started, ...lines]));
    expect(record.turns.map(({ status, items }) => [status, items])).toEqual([
      [
        'interrupted',
        [{ type: 'agentMessage', id: 'm-t', text: 'half an ans', startedAtMs: NOW_MS, completedAtMs: NOW_MS }],
      ],
    ]);
    expect(record.history.map((item) => item.type)).toEqual(['message']);
  });

  test('a call whose id was used before is answered too', () => {
    const call: LinePayload = {
      type: 'response_item',
      payload: { type: 'function_call', call_id: 'a', name: 'x', arguments: '{}' },
    };
    const output: LinePayload = {
      type: 'response_item',
      payload: { type: 'function_call_output', call_id: 'a', output: 'done' },
    };
    const started: LinePayload = { type: 'event_msg', payload: { type: 'task_started', turn_id: 't' } };
    const { record } = recovered(written([started, call, output, call]));
    expect(record.history.filter(isOutput).map((item) => item.output)).toEqual(['done', LOST_OUTPUT]);
  });
});

describe('logs of other programs', () => {
  const event = (payload: { type: string } & Record<string, unknown>): LinePayload => ({ type: 'event_msg', payload });
  const command = { type: 'CommandExecution', id: 'c', command: ['ls'], status: 'completed', exit_code: 0 };

  test('a turn that was left open ends with the start of the next', () => {
    const lines = ['a', 'b'].map((turn_id) => event({ type: 'task_started', turn_id }));
    expect(replayed(written(lines)).turns.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'interrupted'],
      ['b', 'inProgress'],
    ]);
  });

  test.each([
    { cwd: 'file:///repo/a%20b', path: '/repo/a b' },
    { cwd: 'file:///repo/100%', path: '/repo/100%' },
    { cwd: '/plain', path: '/plain' },
    { cwd: 7, path: '' },
  ])('a folder written as $cwd is $path', ({ cwd, path }) => {
    const item = { ...command, cwd };
    const { turns } = replayed(written([event({ type: 'task_started' }), event({ type: 'item_completed', item })]));
    expect(turns[0]?.items).toMatchObject([{ type: 'commandExecution', cwd: path }]);
  });

  test('messages of versions that kept no items are shown', () => {
    const old = [
      { type: 'user_message', message: 'hello' },
      { type: 'agent_reasoning', text: 'thinking' },
      { type: 'agent_message', message: 'hi' },
      { type: 'task_complete' },
    ];
    const { turns, preview } = replayed(written([event({ type: 'task_started' }), ...old.map(event)]));
    expect([preview, turns[0]?.status, turns[0]?.items.map((item) => item.type)]).toEqual([
      'hello',
      'completed',
      ['userMessage', 'reasoning', 'agentMessage'],
    ]);
  });

  test('any JSON in any known line neither throws nor is lost behind', () => {
    const type = fc.constantFrom('session_meta', 'turn_context', 'response_item', 'event_msg', 'codex_daemon');
    const inner = fc.constantFrom(
      'task_started',
      'item_completed',
      'user_message',
      'token_count',
      'turn_aborted',
      'message',
    );
    const payload = fc.tuple(
      inner,
      fc.dictionary(fc.constantFrom('item', 'turn_id', 'info', 'call_id', 'content'), fc.jsonValue()),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(type, payload), { maxLength: 5 }), (noise) => {
        const lines = noise.map(([kind, [name, rest]]) =>
          JSON.stringify({ timestamp, type: kind, payload: { ...rest, type: name } }),
        );
        const good = written([event({ type: 'task_started', turn_id: 'good' })]);
        expect(replayed(`${lines.join('\n')}\n${good}`).turns.at(-1)?.id).toBe('good');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the order of outputs', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const item: fc.Arbitrary<ResponseItem> = fc.oneof(
    id.map((call_id): ResponseItem => ({ type: 'function_call', call_id, name: 'x', arguments: '{}' })),
    id.map((call_id): ResponseItem => ({ type: 'custom_tool_call', call_id, name: 'x', input: '' })),
    fc.constant<ResponseItem>({ type: 'message', role: 'user', content: [] }),
  );

  /** Each call gets its output somewhere behind it; ids may come again once they were answered. */
  const history = fc
    .tuple(fc.array(item, { maxLength: 10 }), fc.infiniteStream(fc.boolean()))
    .map(([items, settles]) => {
      const open: ResponseItem[] = [];
      const all: ResponseItem[] = [];
      const settle = (call: ResponseItem) => {
        open.splice(open.indexOf(call), 1);
        const type = call.type === 'function_call' ? 'function_call_output' : 'custom_tool_call_output';
        all.push({ type, call_id: callIds([call])[0] ?? '', output: `${all.length}` });
      };
      for (const next of items) {
        for (const call of open.filter((known) => isCall(next) && callIds([known])[0] === callIds([next])[0]))
          settle(call);
        all.push(next);
        if (isCall(next)) open.push(next);
        for (const call of [...open].reverse()) if (settles.next().value) settle(call);
      }
      for (const call of [...open].reverse()) settle(call);
      return all;
    });

  test('keeps every item, and puts the outputs of each run of calls right behind it, in the order of the calls', () => {
    fc.assert(
      fc.property(history, (items) => {
        const ordered = orderOutputs(items);
        expect([...ordered].sort(byText)).toEqual([...items].sort(byText));
        expect(ordered.filter((one) => !isOutput(one))).toEqual(items.filter((one) => !isOutput(one)));
        expect(
          ordered
            .map(kindOf)
            .join('')
            .replace(/\((c+)(o+)\)/g, ''),
        ).toMatch(/^(m|c+o+)*$/);
        for (const run of runsOf(ordered)) expect(run.outputs).toEqual(run.calls);
        expect(orderOutputs(ordered)).toEqual(ordered);
      }),
      { numRuns: 500 },
    );
  });

  const byText = (one: unknown, other: unknown) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
  const kindOf = (one: ResponseItem) => (isCall(one) ? 'c' : isOutput(one) ? 'o' : 'm');

  /** Call ids of each run, and those of the outputs behind it. */
  function runsOf(items: readonly ResponseItem[]) {
    const runs: { calls: string[]; outputs: string[] }[] = [];
    let last = 'm';
    for (const one of items) {
      const kind = kindOf(one);
      if (kind === 'c' && last !== 'c') runs.push({ calls: [], outputs: [] });
      if (kind !== 'm') runs.at(-1)?.[kind === 'c' ? 'calls' : 'outputs'].push(...callIds([one]));
      last = kind;
    }
    return runs;
  }
});
