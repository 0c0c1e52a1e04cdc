import { describe, expect, test } from 'vitest';
import type { Effect, Model, ModelStart } from '../../../client/tui/model.ts';
import { snapshotWith, TURN_ID, turnOf, userMessage } from '../../support/thread-fixtures.ts';
import { frameText, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const running = (changes: Partial<ModelStart> = {}): Model =>
  modelOf({
    snapshot: snapshotWith([turnOf([userMessage('go')], { status: 'inProgress', startedAt: 990 })]),
    ...changes,
  });

const prompt = (text: string, changes: Partial<Extract<Effect, { type: 'sendPrompt' }>> = {}): Effect => ({
  type: 'sendPrompt',
  text,
  mode: 'start',
  turnId: null,
  promptId: null,
  ...changes,
});

describe('keys in the composer', () => {
  const cases: readonly {
    name: string;
    from?: Model;
    messages: ReturnType<typeof type>;
    effects: readonly Effect[];
    text: string;
  }[] = [
    {
      name: 'enter sends and clears',
      messages: [...type('hi'), ...press(NOW, 'enter')],
      effects: [prompt('hi')],
      text: '',
    },
    {
      name: 'enter on nothing does nothing',
      messages: [...type('  '), ...press(NOW, 'enter')],
      effects: [],
      text: '  ',
    },
    {
      name: 'shift+enter, alt+enter and ctrl+j are new lines',
      messages: [...type('a'), ...press(NOW, 'shift+enter', 'alt+enter', 'ctrl+j'), ...type('b')],
      effects: [],
      text: 'a\n\n\nb',
    },
    {
      name: 'enter steers a running turn',
      from: running(),
      messages: [...type('hi'), ...press(NOW, 'enter')],
      effects: [prompt('hi', { mode: 'steer', turnId: TURN_ID })],
      text: '',
    },
    {
      name: 'tab queues while a turn runs',
      from: running(),
      messages: [...type('hi'), ...press(NOW, 'tab')],
      effects: [prompt('hi', { mode: 'queue', turnId: TURN_ID })],
      text: '',
    },
    {
      name: 'tab does nothing while none runs',
      messages: [...type('hi'), ...press(NOW, 'tab')],
      effects: [],
      text: 'hi',
    },
    {
      name: 'esc interrupts a running turn',
      from: running(),
      messages: press(NOW, 'escape'),
      effects: [{ type: 'interrupt', turnId: TURN_ID }],
      text: '',
    },
    { name: 'esc does nothing while none runs', messages: press(NOW, 'escape'), effects: [], text: '' },
    {
      name: 'an observer interrupts nothing',
      from: running({ role: 'observer' }),
      messages: press(NOW, 'escape'),
      effects: [],
      text: '',
    },
    {
      name: 'an observer keeps what it may not send',
      from: modelOf({ role: 'observer' }),
      messages: [...type('hi'), ...press(NOW, 'enter')],
      effects: [],
      text: 'hi',
    },
    { name: 'ctrl+c clears what is typed', messages: [...type('hi'), ...press(NOW, 'ctrl+c')], effects: [], text: '' },
    { name: 'ctrl+c twice quits', messages: press(NOW, 'ctrl+c', 'ctrl+c'), effects: [{ type: 'quit' }], text: '' },
    {
      name: 'ctrl+c twice with a pause does not',
      messages: [...press(NOW, 'ctrl+c'), ...press(NOW + 3000, 'ctrl+c')],
      effects: [],
      text: '',
    },
    {
      name: 'a key between disarms ctrl+c',
      messages: [...press(NOW, 'ctrl+c'), ...type('a'), ...press(NOW, 'ctrl+c', 'ctrl+c')],
      effects: [],
      text: '',
    },
    {
      name: 'ctrl+c twice quits and leaves the turn alone',
      from: running(),
      messages: press(NOW, 'ctrl+c', 'ctrl+c'),
      effects: [{ type: 'quit' }],
      text: '',
    },
    {
      name: 'ctrl+d quits when nothing is typed',
      messages: press(NOW, 'ctrl+d'),
      effects: [{ type: 'quit' }],
      text: '',
    },
    {
      name: 'ctrl+d deletes forward otherwise',
      messages: [...type('ab'), ...press(NOW, 'left', 'ctrl+d')],
      effects: [],
      text: 'a',
    },
    { name: 'ctrl+l draws again', messages: press(NOW, 'ctrl+l'), effects: [{ type: 'redraw' }], text: '' },
    {
      name: 'up brings the earlier prompt back',
      messages: [...type('one'), ...press(NOW, 'enter', 'up')],
      effects: [prompt('one')],
      text: 'one',
    },
    { name: 'unknown keys do nothing', messages: press(NOW, 'f5', 'alt+x'), effects: [], text: '' },
    {
      name: 'a slash command runs',
      messages: [...type('/new'), ...press(NOW, 'enter')],
      effects: [{ type: 'startThread' }],
      text: '',
    },
    {
      name: 'the popup completes',
      messages: [...type('/sta'), ...press(NOW, 'enter')],
      effects: [{ type: 'loadStatus' }],
      text: '',
    },
    {
      name: 'the popup is walked through',
      messages: [...type('/'), ...press(NOW, 'down', 'down', 'up', 'enter')],
      effects: [{ type: 'loadModels' }],
      text: '',
    },
    {
      name: 'a command that may have a word is completed first when its name is not whole',
      messages: [...type('/rev'), ...press(NOW, 'enter')],
      effects: [],
      text: '/review ',
    },
    {
      name: 'a command that needs a word waits for it, also when its name is whole',
      messages: [...type('/rename'), ...press(NOW, 'enter')],
      effects: [],
      text: '/rename ',
    },
    {
      name: 'a command that needs a word waits for it',
      messages: [...type('/ren'), ...press(NOW, 'tab'), ...type('my thread'), ...press(NOW, 'enter')],
      effects: [{ type: 'rename', name: 'my thread' }],
      text: '',
    },
    ...[
      { typed: '/compact', effect: { type: 'compact' } as const },
      { typed: '/review', effect: { type: 'review', target: { type: 'uncommittedChanges' } } as const },
      { typed: '/review ', effect: { type: 'review', target: { type: 'uncommittedChanges' } } as const },
      {
        typed: '/review base main',
        effect: { type: 'review', target: { type: 'baseBranch', branch: 'main' } } as const,
      },
      { typed: '/review commit abc1', effect: { type: 'review', target: { type: 'commit', sha: 'abc1' } } as const },
      {
        typed: '/review the sums',
        effect: { type: 'review', target: { type: 'custom', instructions: 'the sums' } } as const,
      },
      { typed: '/goal tidy up', effect: { type: 'changeGoal', change: { objective: 'tidy up' } } as const },
      { typed: '/goal pause', effect: { type: 'changeGoal', change: { status: 'paused' } } as const },
      { typed: '/goal resume', effect: { type: 'changeGoal', change: { status: 'active' } } as const },
      { typed: '/goal clear', effect: { type: 'changeGoal', change: null } as const },
      { typed: '!git status', effect: { type: 'shellCommand', command: 'git status' } as const },
      { typed: ' ! echo "a  b" ', effect: { type: 'shellCommand', command: 'echo "a  b"' } as const },
    ].map(({ typed, effect }) => ({
      name: `${JSON.stringify(typed)} is work of its own kind`,
      messages: [...type(typed), ...press(NOW, 'enter')],
      effects: [effect],
      text: '',
    })),
    {
      name: 'a command of one’s own runs beside a turn',
      from: running(),
      messages: [...type('!ls'), ...press(NOW, 'enter')],
      effects: [{ type: 'shellCommand' as const, command: 'ls' }],
      text: '',
    },
    { name: 'a lone ! runs nothing', messages: [...type('!'), ...press(NOW, 'enter')], effects: [], text: '!' },
    {
      name: 'a path is no command',
      messages: [...type('/etc/hosts is odd'), ...press(NOW, 'enter')],
      effects: [prompt('/etc/hosts is odd')],
      text: '',
    },
    {
      name: 'commands run while a turn runs',
      from: running(),
      messages: [...type('/quit'), ...press(NOW, 'enter')],
      effects: [{ type: 'quit' }],
      text: '',
    },
    {
      name: 'quitting has a second name',
      messages: [...type('/exit'), ...press(NOW, 'enter')],
      effects: [{ type: 'quit' }],
      text: '',
    },
  ];
  test.each(cases)('$name', ({ from = modelOf(), messages, effects, text }) => {
    const result = run(from, ...messages);
    expect(result.effects).toEqual(effects);
    expect(result.model.composer.text).toBe(text);
  });

  test('an unknown command is one clear line', () => {
    const { model, effects } = run(modelOf(), ...type('/frobnicate now'), ...press(NOW, 'enter'));
    expect(effects).toEqual([]);
    expect(frameText(model)).toContain('unknown command /frobnicate: /help lists them all');
  });

  test('a paste goes in and sends nothing', () => {
    const { model, effects } = run(modelOf(), { type: 'input', event: { type: 'paste', text: 'a\nb' }, atMs: NOW });
    expect([model.composer.text, effects]).toEqual(['a\nb', []]);
  });
});

describe('with nothing typed', () => {
  const long = snapshotWith([turnOf([userMessage(Array.from({ length: 14 }, (_, at) => `row ${at}`).join('\n'))])]);
  const size = { columns: 40, rows: 10 };

  test('home and end go to the first and the last row of the transcript', () => {
    const top = run(modelOf({ snapshot: long, size }), ...press(NOW, 'home')).model;
    expect(frameText(top)).toMatch(/^codex {2}practice-1/);
    expect(frameText(top)).toContain('↓ more (pgdn, ctrl+end)');
    expect(frameText(run(top, ...press(NOW, 'end')).model)).toContain('row 13');
  });

  test('they move in the line once something is', () => {
    const { model } = run(modelOf({ snapshot: long, size }), ...type('ab'), ...press(NOW, 'home'), ...type('c'));
    expect([model.composer.text, model.scroll]).toEqual(['cab', null]);
  });
});
