import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../client/tui/model.ts';
import {
  emptySnapshot,
  otherClient,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  thisClient,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const prompt = (text: string, changes: Partial<Extract<Effect, { type: 'sendPrompt' }>> = {}): Effect => ({
  type: 'sendPrompt',
  text,
  mode: 'start',
  turnId: null,
  promptId: null,
  ...changes,
});

describe('prompts on their way', () => {
  const sent = { type: 'promptSent', promptId: 'p1', text: 'hi', inMode: null } as const;

  test('are shown at once, and once when the item comes', () => {
    const model = run(modelOf(), sent).model;
    expect(frameText(model)).toContain('› hi\n  sending…');
    const arrived = happen(
      model,
      { method: 'turn/started', params: { threadId: THREAD_ID, turn: turnOf([], { status: 'inProgress' }) } },
      {
        method: 'item/started',
        params: {
          threadId: THREAD_ID,
          turnId: TURN_ID,
          startedAtMs: 0,
          item: userMessage('hi', { clientId: 'p1', sentBy: thisClient }),
        },
      },
    );
    expect(arrived.echoes).toEqual([]);
    expect(frameText(arrived).match(/› hi/g)).toHaveLength(1);
  });

  test('leave the echo when they wait in the queue', () => {
    const queued = {
      promptId: 'p1',
      input: [{ type: 'text' as const, text: 'hi' }],
      sentBy: otherClient,
      queuedAtMs: 0,
      waitsFor: null,
    };
    const model = happen(run(modelOf(), sent).model, {
      method: 'thread/queue/changed',
      params: { threadId: THREAD_ID, queue: [queued] },
    });
    expect(model.echoes).toEqual([]);
    expect(frameText(model)).toContain('queued 1, from codex-tui on /dev/pts/4 (pid 456)');
  });

  test('come back into the composer when they fail, before what was typed meanwhile', () => {
    const failed = { type: 'promptFailed', promptId: 'p1', text: 'hi', why: 'the link is gone' } as const;
    const { model } = run(modelOf(), sent, ...type('more'), failed);
    expect(model.composer.text).toBe('hi\nmore');
    expect(frameText(model)).toContain('not sent: the link is gone');
  });

  test('keep their id when they are sent again unchanged', () => {
    const failed = { type: 'promptFailed', promptId: 'p1', text: 'hi', why: 'gone' } as const;
    expect(run(modelOf(), sent, failed, ...press(NOW, 'enter')).effects).toEqual([prompt('hi', { promptId: 'p1' })]);
    expect(run(modelOf(), sent, failed, ...type('!'), ...press(NOW, 'enter')).effects).toEqual([prompt('hi!')]);
  });

  test('stay sent when they arrived and only the answer was lost', () => {
    const snapshot = snapshotWith([turnOf([userMessage('hi', { clientId: 'p1' })])]);
    const failed = { type: 'promptFailed', promptId: 'p1', text: 'hi', why: 'gone' } as const;
    expect(run(modelOf({ snapshot }), failed).model.composer.text).toBe('');
  });

  test('are not lost when another thread was opened meanwhile', () => {
    const failed = { type: 'promptFailed', promptId: 'p1', text: 'hi', why: 'gone' } as const;
    const opened = { type: 'threadOpened', threadId: 'thread-2', snapshot: emptySnapshot() } as const;
    expect(run(modelOf(), sent, opened, failed).model.composer.text).toBe('hi');
  });

  test('leave the composer when it turns out that they arrived', () => {
    const failed = { type: 'promptFailed', promptId: 'p1', text: 'hi', why: 'gone' } as const;
    const { model } = run(modelOf(), sent, failed);
    const snapshot = snapshotWith([turnOf([userMessage('hi', { clientId: 'p1' })])]);
    const after = run(model, {
      type: 'threadUpdated',
      threadId: THREAD_ID,
      update: { kind: 'snapshot', snapshot, seq: 9 },
      nowMs: NOW,
    });
    expect([after.model.composer.text, after.model.failedPrompt]).toEqual(['', null]);
  });
});
