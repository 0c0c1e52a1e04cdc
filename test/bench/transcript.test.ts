import { expect, test } from 'vitest';
import type { Model } from '../../client/tui/model.ts';
import { viewFrame } from '../../client/tui/view/frame.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { happen, modelOf } from '../client/tui/model-fixtures.ts';
import { agentMessage, snapshotWith, THREAD_ID, TURN_ID, turnOf } from '../support/thread-fixtures.ts';
import { cpuMs, report } from './measure.ts';

const LINES_PER_MESSAGE = 10;
const DELTAS = 200;
const message = Array.from({ length: LINES_PER_MESSAGE }, (_, line) => `Line ${line} of what was said.`).join('\n\n');

/** A running turn whose last message grows. */
function modelWith(lines: number): Model {
  const count = Math.max(1, Math.round(lines / LINES_PER_MESSAGE));
  const before = Array.from({ length: count }, (_, at) => agentMessage(message, `before-${at}`));
  const turn = turnOf([...before, agentMessage('', 'message-1')], { status: 'inProgress' });
  return modelOf({ snapshot: snapshotWith([turn]) });
}

const delta: ThreadNotification = {
  method: 'item/agentMessage/delta',
  params: { threadId: THREAD_ID, turnId: TURN_ID, itemId: 'message-1', delta: 'word ' },
};

/** Each delta is folded, taken by the update, and shown. */
function stream(start: Model): void {
  let model = start;
  for (let count = 0; count < DELTAS; count += 1) {
    model = happen(model, delta);
    viewFrame(model);
  }
}

test('a delta costs about the same below a short transcript and a long one', () => {
  const [short, long] = [modelWith(50), modelWith(10_000)];
  const floor = cpuMs(() => stream(short));
  const rows = [{ what: '10,000 lines', ratio: cpuMs(() => stream(long)) / floor }];
  report(`A delta, from the event to the frame`, '50 lines', rows);
  expect(rows[0]?.ratio).toBeLessThan(4);
});
