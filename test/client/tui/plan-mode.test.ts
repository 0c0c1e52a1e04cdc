import { describe, expect, test } from 'vitest';
import type { Model, ModelStart } from '../../../client/tui/model.ts';
import type { ThreadItem } from '../../../machines/protocol/types/item.ts';
import type { ThreadSnapshot } from '../../../machines/protocol/types/thread.ts';
import {
  agentMessage,
  approvalOf,
  emptySnapshot,
  queuedPrompt,
  snapshotWith,
  THREAD_ID,
  TURN_ID,
  turnOf,
  userMessage,
} from '../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const plan: ThreadItem = { type: 'plan', id: `${TURN_ID}-plan`, text: '# Notes\n\n1. Read\n2. Write\n' };
const inMode = (mode: 'plan' | 'default') => ({
  mode,
  settings: { model: 'practice-1', reasoning_effort: 'medium', developer_instructions: null },
});
const planning = (snapshot: ThreadSnapshot): ThreadSnapshot => ({
  ...snapshot,
  settings: { ...snapshot.settings, mode: 'plan' },
});
/** A thread whose last turn proposed a plan. */
const proposed = (changes: Partial<ThreadSnapshot> = {}): ThreadSnapshot =>
  planning({ ...snapshotWith([turnOf([userMessage('plan it'), plan])]), ...changes });
const modelWith = (snapshot: ThreadSnapshot, start: Partial<ModelStart> = {}): Model => modelOf({ snapshot, ...start });

describe('/plan', () => {
  test.each([
    {
      name: 'goes into Plan mode',
      snapshot: emptySnapshot(),
      typed: '/plan',
      effects: [{ type: 'changeMode', mode: inMode('plan') }],
    },
    {
      name: 'goes out of it again',
      snapshot: planning(emptySnapshot()),
      typed: '/plan',
      effects: [{ type: 'changeMode', mode: inMode('default') }],
    },
    {
      name: 'with words begins to plan at once',
      snapshot: emptySnapshot(),
      typed: '/plan a notes command',
      effects: [
        {
          type: 'sendPrompt',
          text: 'a notes command',
          promptId: null,
          mode: 'start',
          turnId: null,
          inMode: inMode('plan'),
        },
      ],
    },
    {
      name: 'with words beside a running turn steers it, and plans from the next one on',
      snapshot: snapshotWith([turnOf([userMessage('go')], { status: 'inProgress' })]),
      typed: '/plan it first',
      effects: [
        { type: 'changeMode', mode: inMode('plan') },
        { type: 'sendPrompt', text: 'it first', promptId: null, mode: 'steer', turnId: TURN_ID },
      ],
    },
  ])('$name', ({ snapshot, typed, effects }) => {
    expect(run(modelWith(snapshot), ...type(typed), ...press(NOW, 'enter')).effects).toEqual(effects);
  });

  test('the status line says that it is on', () => {
    expect(frameText(modelWith(emptySnapshot()))).not.toContain('plan mode');
    expect(frameText(modelWith(planning(emptySnapshot())))).toContain('plan mode · practice-1');
  });
});

describe('a proposed plan', () => {
  const carryOut = {
    type: 'sendPrompt',
    text: 'Carry out the plan.',
    mode: 'start',
    turnId: null,
    promptId: null,
    inMode: inMode('default'),
  };

  test('grows on the screen as it comes, and is offered when its turn is over', () => {
    const of = { threadId: THREAD_ID, turnId: TURN_ID };
    const begun = happen(
      modelWith(planning(snapshotWith([turnOf([userMessage('plan it')], { status: 'inProgress' })]))),
      { method: 'item/started', params: { ...of, startedAtMs: 0, item: { ...plan, text: '' } as ThreadItem } },
      { method: 'item/plan/delta', params: { ...of, itemId: plan.id, delta: '# No' } },
      { method: 'item/plan/delta', params: { ...of, itemId: plan.id, delta: 'tes' } },
    );
    expect(frameText(begun)).toMatch(/• Proposed plan\n +Notes/);
    expect(frameText(begun)).not.toContain('Carry out this plan?');

    const ended = happen(
      begun,
      { method: 'item/completed', params: { ...of, completedAtMs: 1, item: plan } },
      { method: 'turn/completed', params: { threadId: THREAD_ID, turn: turnOf([]) } },
    );
    expect(frameText(ended)).toMatch(/1\. Read\n[\s\S]*Carry out this plan\?/);
  });

  test.each([
    { name: 'y carries it out', keys: type('y', NOW + 5000), effects: [carryOut] },
    { name: 'enter carries it out', keys: press(NOW, 'enter'), effects: [carryOut] },
    { name: 'n stays in Plan mode', keys: type('n', NOW), effects: [] },
    { name: 'esc stays in Plan mode', keys: press(NOW, 'escape'), effects: [] },
  ])('$name, and it is asked once', ({ keys, effects }) => {
    const done = run(modelWith(proposed()), ...keys);
    expect(done.effects).toEqual(effects);
    const later = happen(done.model, { method: 'warning', params: { threadId: THREAD_ID, message: 'x' } });
    expect(later.overlays).toEqual([]);
    expect(run(later, ...type('more', NOW + 6000)).model.composer.text).toBe('more');
  });

  describe('that could not be sent off', () => {
    const { text } = carryOut;
    const failed = (snapshot = proposed()): Model => {
      const asked = run(modelWith(snapshot), ...type('y', NOW + 5000)).model;
      const of = { promptId: 'p1', text };
      const sent = { type: 'promptSent', ...of, inMode: 'default' } as const;
      return run(asked, sent, { type: 'promptFailed', ...of, why: 'the link is gone' }).model;
    };
    const later = NOW + 10_000;
    const again = (words: string, more: object) => [{ ...carryOut, text: words, ...more }];
    const { inMode: _, ...inPlan } = carryOut;

    test('still leaves Plan mode when it is sent again, with the model of then', () => {
      const model = failed();
      expect(run(model, ...press(later, 'enter')).effects).toEqual(again(text, { promptId: 'p1' }));
      const settings = { ...model.snapshot.settings, model: 'practice-2' };
      const other = { ...model, snapshot: { ...model.snapshot, settings } };
      expect(run(other, ...press(later, 'enter')).effects).toMatchObject([
        { inMode: { mode: 'default', settings: { model: 'practice-2' } } },
      ]);
    });

    test('still leaves it when the words were changed, not when they were erased', () => {
      const changed = run(failed(), ...type(' Soon.', later), ...press(later, 'enter'));
      expect(changed.effects).toEqual(again(`${text} Soon.`, {}));
      const erased = run(failed(), ...press(later, 'ctrl+c'), ...type('why?', later), ...press(later, 'enter'));
      expect(erased.effects).toEqual([{ ...inPlan, text: 'why?' }]);
    });

    test('changes no mode on another thread', () => {
      const sent = { type: 'promptSent', promptId: 'p1', text, inMode: 'default' } as const;
      const opened = { type: 'threadOpened', threadId: 'thread-2', snapshot: planning(emptySnapshot()) } as const;
      const gone = { type: 'promptFailed', promptId: 'p1', text, why: 'gone' } as const;
      const { effects } = run(modelWith(proposed()), sent, opened, gone, ...press(later, 'enter'));
      expect(effects.filter(({ type }) => type === 'sendPrompt')).toEqual([{ ...inPlan, promptId: 'p1' }]);
    });
  });

  test('can be read while it is offered', () => {
    const text = Array.from({ length: 60 }, (_, at) => `- step ${at}`).join('\n');
    const model = modelWith(
      proposed({ thread: snapshotWith([turnOf([userMessage('go'), { ...plan, text }])]).thread }),
    );
    const up = run(model, ...press(NOW, 'pageup')).model;
    expect(frameText(model)).toContain('step 59');
    expect(frameText(up)).not.toContain('step 59');
    expect(frameText(up)).toContain('Carry out this plan?');
  });

  test.each([
    { name: 'in Default mode', snapshot: snapshotWith([turnOf([userMessage('plan it'), plan])]) },
    {
      name: 'when its turn was stopped',
      snapshot: planning(snapshotWith([turnOf([plan], { status: 'interrupted' })])),
    },
    {
      name: 'when another turn came after it',
      snapshot: planning(snapshotWith([turnOf([plan]), turnOf([agentMessage('x')], { id: 'b' })])),
    },
    { name: 'while prompts wait', snapshot: proposed({ queue: [queuedPrompt('first this')] }) },
    { name: 'to an observer', snapshot: proposed(), role: 'observer' as const },
  ])('is not offered $name', ({ snapshot, ...start }) => {
    expect(modelWith(snapshot, start).overlays).toEqual([]);
  });

  test('gives way to a question of the daemon, and comes back', () => {
    const asked = happen(modelWith(proposed()), { method: 'approval/requested', params: approvalOf() });
    expect(asked.overlays.map(({ id }) => id)).toEqual(['approval']);
    const outcome = {
      approvalId: 'approval-1',
      threadId: THREAD_ID,
      turnId: 'x',
      itemId: 'y',
      decision: 'accept' as const,
    };
    const settled = happen(asked, { method: 'approval/resolved', params: { ...outcome, by: null, waitedMs: 1 } });
    expect(settled.overlays.map(({ id }) => id)).toEqual(['planOffer']);
  });

  test('is no longer offered once somebody else began', () => {
    const turn = turnOf([], { id: 'next', status: 'inProgress' });
    const model = happen(modelWith(proposed()), { method: 'turn/started', params: { threadId: THREAD_ID, turn } });
    expect(model.overlays).toEqual([]);
  });
});
