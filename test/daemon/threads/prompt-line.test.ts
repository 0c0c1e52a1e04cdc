import { expect, test } from 'vitest';
import { PromptDesk, type PromptThread } from '../../../daemon/threads/prompt-desk.ts';
import { PromptLine } from '../../../daemon/threads/prompt-line.ts';
import { emptyRecord } from '../../../machines/thread/thread-record.ts';
import { emptySnapshot, THREAD_ID, thisClient } from '../../support/thread-fixtures.ts';

const queued = (promptId: string) => ({ promptId, input: [], sentBy: thisClient, queuedAtMs: 0, waitsFor: null });

test('a prompt that its turn has taken is not changed any more, though a client still sees it in line', () => {
  const sent: unknown[] = [];
  const events: unknown[] = [];
  const snapshot = emptySnapshot({ queue: [queued('starting'), queued('lost')] });
  // Only what the line looks at; the rest of a thread has tests of its own.
  const thread = {
    id: THREAD_ID,
    isRunning: true,
    isHeld: false,
    journal: { feed: { snapshot }, record: (_: unknown, event: unknown) => events.push(event) > 0 },
    send: (event: unknown) => sent.push(event),
  } as unknown as PromptThread;
  const record = { ...emptyRecord(), queue: [{ turnId: 'turn-1', prompt: queued('lost') }] };
  const line = new PromptLine(thread, new PromptDesk(thread, record));
  const edit = { input: [], metadata: null, by: thisClient };
  const started = expect.objectContaining({ errorName: 'promptStarted' });

  expect(() => line.edit('starting', edit)).toThrow(started);
  expect(() => line.withdraw('starting')).toThrow(started);
  expect([sent, events]).toEqual([[], []]);
  line.reorder(['lost', 'starting']);
  expect(sent).toEqual([{ type: 'reorder', promptIds: ['starting', 'lost'] }]);
  expect(line.withdraw('lost')).toBe(true);
  expect(sent.at(-1)).toEqual({ type: 'withdraw', promptId: 'lost' });
});
