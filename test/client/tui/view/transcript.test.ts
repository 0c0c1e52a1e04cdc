import { describe, expect, test } from 'vitest';
import type { Model, ScrollAnchor } from '../../../../client/tui/model.ts';
import { viewFrame } from '../../../../client/tui/view/frame.ts';
import { lineText, lineWidth } from '../../../../client/tui/view/line.ts';
import { scrolled, transcriptWindow } from '../../../../client/tui/view/transcript.ts';
import type { ThreadItem } from '../../../../machines/protocol/types/item.ts';
import fc from '../../../support/fast-check.ts';
import {
  agentMessage,
  command,
  fileChange,
  mcpCall,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  turnOf,
  userMessage,
} from '../../../support/thread-fixtures.ts';
import { happen, modelOf } from '../model-fixtures.ts';

const textOf = (model: Model, scroll: ScrollAnchor | null, columns: number, rows: number): string[] =>
  transcriptWindow(model, { scroll, detail: 'short' }, { columns, rows }).lines.map(lineText);

const words = fc.string({
  unit: fc.constantFrom('a', ' ', 'word', '你', '👍', '\n', '`', '#', '-', '|', '\u001b', '\t'),
  maxLength: 60,
});
const items: fc.Arbitrary<ThreadItem> = fc.oneof(
  words.map((text): ThreadItem => agentMessage(text)),
  words.map((text): ThreadItem => userMessage(text)),
  words.map((text): ThreadItem => command({ command: text, aggregatedOutput: text.repeat(3) })),
  words.map((text): ThreadItem => mcpCall({ tool: text, arguments: { text }, error: { message: text } })),
  words.map((text): ThreadItem => fileChange({ changes: [{ path: text, kind: { type: 'add' }, diff: text }] })),
  words.map((text): ThreadItem => ({ type: 'reasoning', id: 'r', summary: [text], content: [] })),
  fc.constant<ThreadItem>({ type: 'contextCompaction', id: 'c' }),
);
const turns = fc.array(items, { maxLength: 12 }).map((list) => [
  turnOf(
    list.map((item, index) => ({ ...item, id: `item-${index}` })),
    { status: 'failed', error: { message: 'it broke' } },
  ),
]);

describe('the transcript', () => {
  test('fits into any size, and so does the whole frame', () => {
    fc.assert(
      fc.property(turns, fc.integer({ min: 4, max: 50 }), fc.integer({ min: 3, max: 20 }), (list, columns, rows) => {
        const frame = viewFrame(modelOf({ snapshot: snapshotWith(list), size: { columns, rows } }));
        expect(frame.lines).toHaveLength(rows);
        expect(Math.max(...frame.lines.map(lineWidth))).toBeLessThanOrEqual(columns);
        expect(frame.cursor?.row ?? 0).toBeLessThan(rows);
        expect(frame.cursor?.column ?? 0).toBeLessThan(columns);
      }),
      { numRuns: 200 },
    );
  });

  test('cuts a prompt with a long paste, but not in full', () => {
    const pasted = Array.from({ length: 20 }, (_, at) => `row ${at}`).join('\n');
    const model = modelOf({ snapshot: snapshotWith([turnOf([userMessage(pasted)])]) });
    const shown = textOf(model, null, 40, 100);
    expect(shown.slice(-3)).toEqual(['  row 14', '  row 15', '    … +4 rows (ctrl+o shows all)']);
    const full = transcriptWindow(model, { scroll: null, detail: 'full' }, { columns: 40, rows: 100 });
    expect(full.lines.map(lineText).at(-1)).toBe('  row 19');
  });

  test('a window anywhere is a part of the whole', () => {
    fc.assert(
      fc.property(turns, fc.array(fc.integer({ min: -15, max: 15 }), { maxLength: 8 }), (list, steps) => {
        const model = modelOf({ snapshot: snapshotWith(list) });
        const whole = textOf(model, null, 40, 10_000);
        let scroll: ScrollAnchor | null = null;
        let offset = 0;
        for (const step of steps) {
          scroll = scrolled(model, { scroll, detail: 'short' }, { columns: 40, rows: 5 }, step);
          offset = Math.max(0, Math.min(offset + step, whole.length - 5));
          expect(textOf(model, scroll, 40, 5)).toEqual(
            whole.slice(Math.max(0, whole.length - 5 - offset), whole.length - offset),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('says of a command which was interrupted, once its turn was, and not of one that failed', () => {
    const cut = command({
      id: 'cut',
      command: 'sleep 9',
      status: 'failed',
      exitCode: null,
      durationMs: 3200,
      aggregatedOutput: 'so far',
    });
    const asked = command({
      id: 'asked',
      command: 'rm x',
      status: 'failed',
      exitCode: null,
      durationMs: null,
      aggregatedOutput: null,
    });
    const unable = command({
      id: 'unable',
      command: 'nope',
      status: 'failed',
      exitCode: null,
      durationMs: 0,
      aggregatedOutput: 'no shell',
    });
    const bad = command({
      id: 'bad',
      command: 'false',
      status: 'failed',
      exitCode: 1,
      durationMs: 5,
      aggregatedOutput: '',
    });
    const titles = (status: 'inProgress' | 'interrupted') =>
      textOf(
        modelOf({ snapshot: snapshotWith([turnOf([cut, asked, unable, bad], { status })]) }),
        null,
        60,
        100,
      ).filter((line) => line.startsWith('✘'));
    expect(titles('inProgress')).toEqual([
      '✘ Ran sleep 9 · failed · 3.2 s',
      '✘ Ran rm x · failed',
      '✘ Ran nope · failed',
      '✘ Ran false · exit 1',
    ]);
    expect(titles('interrupted')).toEqual([
      '✘ Interrupted sleep 9 · 3.2 s',
      '✘ Interrupted rm x',
      '✘ Ran nope · failed',
      '✘ Ran false · exit 1',
    ]);
  });

  test('an anchor that is gone shows the end', () => {
    const model = modelOf({ snapshot: snapshotWith([turnOf([agentMessage('the end')])]) });
    expect(textOf(model, { key: 'gone', row: 3 }, 40, 1)).toEqual(['• the end']);
  });
});

describe('a delta', () => {
  const delta = {
    method: 'item/agentMessage/delta',
    params: { threadId: THREAD_ID, turnId: TURN_ID, itemId: 'growing', delta: 'word ' },
  } as const;

  /** CPU time of deltas with a frame each, in microseconds for one. */
  function costOf(lines: readonly ThreadItem[]): number {
    let model = modelOf({
      snapshot: snapshotWith([turnOf([...lines, agentMessage('begin ', 'growing')], { status: 'inProgress' })]),
    });
    const rounds = 300;
    const step = (): void => {
      model = happen(model, delta);
      viewFrame(model);
    };
    for (let round = 0; round < 100; round += 1) step();
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) step();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / rounds;
  }
  const message = (paragraphs: number): ThreadItem =>
    agentMessage(Array.from({ length: paragraphs }, (_, at) => `paragraph ${at}`).join('\n\n'), 'long');
  const many = (count: number): ThreadItem[] =>
    Array.from({ length: count }, (_, at) => agentMessage(`line ${at}`, `m${at}`));

  test.each([
    { name: 'many items', short: many(25), long: many(5000) },
    { name: 'one long message', short: [message(25)], long: [message(5000)] },
  ])('costs about the same at 10,000 rows as at 50: $name', ({ short, long }) => {
    costOf(short);
    const floor = Math.min(costOf(short), costOf(short));
    const cost = Math.min(costOf(long), costOf(long));
    expect(cost / floor).toBeLessThan(6);
  });

  test('of a message of thousands of rows costs its last block only', () => {
    const grown = (paragraphs: number): number => {
      const text = Array.from({ length: paragraphs }, (_, at) => `paragraph ${at}`).join('\n\n');
      let model = modelOf({
        snapshot: snapshotWith([turnOf([agentMessage(text, 'growing')], { status: 'inProgress' })]),
      });
      viewFrame(model);
      const before = process.cpuUsage();
      for (let round = 0; round < 100; round += 1) {
        model = happen(model, delta);
        viewFrame(model);
      }
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    grown(25);
    const floor = Math.min(grown(25), grown(25), grown(25));
    // Lexing and wrapping all of it again would be several hundred times the floor.
    expect(Math.min(grown(5000), grown(5000), grown(5000)) / floor).toBeLessThan(25);
  });
});
