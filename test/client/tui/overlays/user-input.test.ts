import { describe, expect, test } from 'vitest';
import type { Model, ModelStart } from '../../../../client/tui/model.ts';
import type { ApprovalOutcome } from '../../../../machines/protocol/types/approval.ts';
import {
  agentMessage,
  otherClient,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  turnOf,
  userInputOf,
  userMessage,
} from '../../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from '../model-fixtures.ts';

const NOW = 1_000_000;
const asking = (changes: Partial<ModelStart> = {}): Model =>
  modelOf({
    snapshot: {
      ...snapshotWith([turnOf([userMessage('plan it')], { status: 'inProgress' })]),
      approvals: [userInputOf()],
    },
    ...changes,
  });
const sent = (store: string, name: string) => [
  {
    type: 'answerApproval',
    approvalId: 'approval-1',
    decision: 'accept',
    content: { answers: { store: { answers: [store] }, name: { answers: [name] } } },
  },
];
const stopped = [{ type: 'answerApproval', approvalId: 'approval-1', decision: 'cancel' }];

describe('the questions of the model', () => {
  test.each([
    { name: 'a number answers', keys: [...type('2notes'), ...press(NOW, 'enter')], effects: sent('SQLite', 'notes') },
    {
      name: 'enter answers with the chosen one',
      keys: [...press(NOW, 'enter'), ...type('n'), ...press(NOW, 'enter')],
      effects: sent('A file', 'n'),
    },
    {
      name: 'down and up choose, round the ends',
      keys: [
        ...press(NOW, 'up', 'up', 'up', 'down', 'tab', 'shift+tab', 'enter'),
        ...type('n'),
        ...press(NOW, 'enter'),
      ],
      effects: sent('SQLite', 'n'),
    },
    {
      name: 'other words answer too, digits among them',
      keys: [...type('3in 2 files'), ...press(NOW, 'enter'), ...type('n'), ...press(NOW, 'enter')],
      effects: sent('in 2 files', 'n'),
    },
    {
      name: 'left goes back, and what was chosen stays',
      keys: [...type('2ab'), ...press(NOW, 'left', 'enter', 'backspace'), ...type('c'), ...press(NOW, 'enter')],
      effects: sent('SQLite', 'ac'),
    },
    {
      name: 'a paste is written',
      keys: [
        ...type('1'),
        { type: 'input', event: { type: 'paste', text: 'two\nlines' }, atMs: NOW },
        ...press(NOW, 'enter'),
      ],
      effects: sent('A file', 'two lines'),
    },
    { name: 'nothing is no answer', keys: [...type('1  '), ...press(NOW, 'enter')], effects: [] },
    { name: 'esc stops the turn', keys: press(NOW, 'escape'), effects: stopped },
    {
      name: 'esc clears what was written, and then stops the turn',
      keys: [...type('3words'), ...press(NOW, 'escape', 'escape')],
      effects: stopped,
    },
    { name: 'other keys do nothing', keys: [...type('9x'), ...press(NOW, 'f1', 'backspace', 'ctrl+u')], effects: [] },
    {
      name: 'an answer is sent once',
      keys: [...type('1n'), ...press(NOW, 'enter', 'enter', 'escape')],
      effects: sent('A file', 'n'),
    },
  ] as const)('$name', ({ keys, effects }) => {
    expect(run(asking(), ...keys).effects).toEqual(effects);
  });

  test('get no keys from observers', () => {
    const model = asking({ role: 'observer' });
    expect(run(model, ...type('1n'), ...press(NOW, 'enter', 'escape')).effects).toEqual([]);
    expect(frameText(model)).toContain('An operator has to answer.');
  });

  test('can be answered again after a failure, with what was written', () => {
    const failed = { type: 'approvalFailed', approvalId: 'approval-1', isSettled: false, why: 'timed out' } as const;
    const again = run(asking(), ...type('2notes'), ...press(NOW, 'enter'), failed);
    expect(frameText(again.model)).toContain('timed out');
    expect(run(again.model, ...press(NOW, 'enter')).effects).toEqual(sent('SQLite', 'notes'));
  });

  test('close when somebody answered, and the transcript tells who and what, where it was', () => {
    const outcome: ApprovalOutcome = {
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      turnId: TURN_ID,
      itemId: 'ask-1',
      decision: 'accept',
      content: { answers: { store: { answers: ['SQLite'] }, name: { answers: ['notes'] } } },
      by: otherClient,
      waitedMs: 2100,
      resolvedAtMs: 500,
    };
    const item = { ...agentMessage('So be it'), startedAtMs: 600 };
    const model = happen(
      asking(),
      { method: 'approval/resolved', params: outcome },
      { method: 'item/started', params: { threadId: THREAD_ID, turnId: TURN_ID, startedAtMs: 600, item } },
    );
    expect(model.overlays).toEqual([]);
    const text = frameText(model);
    expect(text).toMatch(
      /› plan it\n {2}✔ answered by codex-tui on \/dev\/pts\/4 \(pid 456\) after 2.1 s: SQLite · notes\n\n• So be it/,
    );
  });

  test('show no secret', () => {
    const { form: asked } = userInputOf();
    const [first] = asked?.type === 'userInput' ? asked.questions : [];
    if (!first) throw new Error('no question');
    const form = { type: 'userInput' as const, questions: [{ ...first, options: null, isSecret: true }] };
    const { snapshot } = asking();
    const { model } = run(modelOf({ snapshot: { ...snapshot, approvals: [userInputOf({ form })] } }), ...type('1234'));
    expect(frameText(model)).toContain('Other: ••••');
  });
});
