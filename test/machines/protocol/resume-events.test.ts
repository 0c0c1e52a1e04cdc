import { describe, expect, test } from 'vitest';
import { foldThread } from '../../../machines/protocol/fold-thread.ts';
import { resumeEvents, turnsAtRest } from '../../../machines/protocol/resume-events.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import type { ThreadSnapshot } from '../../../machines/protocol/types/thread.ts';
import { agentMessage, snapshotWith, turnOf, userMessage } from '../../support/thread-fixtures.ts';

const half: ThreadItem = { type: 'agentMessage', id: 'm-half', text: 'So far', startedAtMs: 3, completedAtMs: null };
const silent: ThreadItem = { ...half, text: '' };
const thought: ThreadItem = {
  type: 'reasoning',
  id: 'r-half',
  summary: ['First', 'Second'],
  content: ['raw'],
  startedAtMs: 2,
};

describe('who resumes in mid-answer', () => {
  test.each([
    { name: 'a half answer', items: [half], methods: ['item/started', 'item/agentMessage/delta'] },
    { name: 'an answer without a word yet', items: [silent], methods: ['item/started'] },
    {
      name: 'a half thought',
      items: [thought],
      methods: [
        'item/started',
        'item/reasoning/summaryPartAdded',
        'item/reasoning/summaryTextDelta',
        'item/reasoning/summaryPartAdded',
        'item/reasoning/summaryTextDelta',
        'item/reasoning/textDelta',
      ],
    },
    { name: 'nothing that is being said', items: [], methods: [] },
  ])('is told $name as if it had just begun, and ends in the state of one that was there', ({ items, methods }) => {
    const state = snapshotWith([turnOf([userMessage('hi'), ...items], { status: 'inProgress' })]);
    const answered = withTurns(state, turnsAtRest(state));
    const events = resumeEvents(state);

    expect(answered.thread.turns.at(-1)?.items).toEqual([userMessage('hi')]);
    expect(events.map(({ method }) => method)).toEqual(methods);
    expect(events.reduce(foldThread, answered)).toEqual(state);
  });

  test('gets what has ended in the answer, and nothing again', () => {
    const turn = turnOf([userMessage('hi'), agentMessage('done'), half]);
    const state = snapshotWith([turn]);
    expect(turnsAtRest(state)).toEqual([turn]);
    expect(resumeEvents(state)).toEqual([]);
  });

  test('is told the tokens used so far', () => {
    const count = { totalTokens: 1, inputTokens: 1, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 };
    const tokenUsage = { total: count, last: count, modelContextWindow: 100 };
    const turn = turnOf([userMessage('hi')]);
    const state = snapshotWith([turn], { tokenUsage });
    expect(resumeEvents(state)).toEqual([
      { method: 'thread/tokenUsage/updated', params: { threadId: state.thread.id, turnId: turn.id, tokenUsage } },
    ]);
  });
});

const withTurns = (state: ThreadSnapshot, turns: ThreadSnapshot['thread']['turns']): ThreadSnapshot => ({
  ...state,
  thread: { ...state.thread, turns },
});
