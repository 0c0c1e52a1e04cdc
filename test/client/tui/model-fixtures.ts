import type { InputEvent } from '../../../client/tui/input/events.ts';
import { createModel, type Effect, type Message, type Model, type ModelStart } from '../../../client/tui/model.ts';
import { update } from '../../../client/tui/update.ts';
import { showQuestion } from '../../../client/tui/update-link.ts';
import { viewFrame } from '../../../client/tui/view/frame.ts';
import { lineText } from '../../../client/tui/view/line.ts';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../../machines/protocol/index.ts';
import { emptySnapshot, THREAD_ID } from '../../support/thread-fixtures.ts';

/** A model at 80x24 of an empty thread, at second 1000. */
export function modelOf(start: Partial<ModelStart> = {}): Model {
  return showQuestion(
    createModel({
      threadId: THREAD_ID,
      snapshot: emptySnapshot(),
      role: 'operator',
      cwd: '/home/user/project',
      home: '/home/user',
      notices: [],
      link: { kind: 'connected' },
      clientId: 'client-1',
      seat: { pid: 123, terminal: '/dev/pts/3' },
      size: { columns: 80, rows: 24 },
      nowMs: 1_000_000,
      ...start,
    }),
  );
}

/** Takes messages one after the other; gives the last model and every effect. */
export function run(model: Model, ...messages: readonly Message[]): { model: Model; effects: Effect[] } {
  const effects: Effect[] = [];
  let current = model;
  for (const message of messages) {
    const [next, more] = update(current, message);
    current = next;
    effects.push(...more);
  }
  return { model: current, effects };
}

const input = (event: InputEvent, atMs: number): Message => ({ type: 'input', event, atMs });

/** Keys by name. */
export function press(atMs: number, ...names: readonly string[]): Message[] {
  return names.map((name) => input({ type: 'key', name }, atMs));
}

/** Typed characters. */
export function type(text: string, atMs = 1_000_000): Message[] {
  return Array.from(text, (character) => input({ type: 'text', text: character }, atMs));
}

/** An event of the thread, folded on what the model has. */
export function happen(model: Model, ...events: readonly ThreadNotification[]): Model {
  return events.reduce((current, event) => {
    const snapshot = foldThread(current.snapshot, event);
    const step = { kind: 'event', event, snapshot, seq: 1 } as const;
    return update(current, { type: 'threadUpdated', threadId: THREAD_ID, update: step, nowMs: current.nowMs })[0];
  }, model);
}

/** What the model looks like. */
export function frameText(model: Model): string {
  return viewFrame(model)
    .lines.map((line) => lineText(line).trimEnd())
    .join('\n')
    .trimEnd();
}
