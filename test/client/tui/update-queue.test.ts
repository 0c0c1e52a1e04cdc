import { describe, expect, test } from 'vitest';
import {
  emptySnapshot,
  otherClient,
  queuedPrompt as queued,
  thisClient,
  turnOf,
} from '../../support/thread-fixtures.ts';
import { frameText, happen, modelOf, press, run, type } from './model-fixtures.ts';

const NOW = 1_000_000;
const line = [queued('one', thisClient), queued('two', otherClient), queued('three', otherClient)];
const lined = (queue = line, changes: Partial<ReturnType<typeof emptySnapshot>> = {}) =>
  modelOf({ snapshot: emptySnapshot({ queue, queueHeld: true, ...changes }) });
const withdraw = (promptId: string, text: string | null = promptId) => ({ type: 'withdrawPrompt', promptId, text });

describe('alt+up', () => {
  test.each([
    {
      name: 'takes this client’s last prompt, also when others wait behind it',
      queue: line,
      effects: [withdraw('one')],
    },
    { name: 'takes the last one when none is its own', queue: line.slice(1), effects: [withdraw('three')] },
    { name: 'does nothing without a line', queue: [], effects: [] },
    {
      name: 'leaves one with a picture, which has no place in the composer',
      queue: [{ ...queued('one'), input: [{ type: 'localImage' as const, path: '/a.png' }] }],
      effects: [],
    },
  ])('$name', ({ queue, effects }) => {
    expect(run(lined(queue), ...press(NOW, 'alt+up')).effects).toEqual(effects);
  });

  test('puts the words before what is typed, once the prompt is out of the line', () => {
    const { model } = run(lined(), ...type('more'), ...press(NOW, 'alt+up'));
    expect(model.composer.text).toBe('more');
    expect(run(model, { type: 'promptWithdrawn', text: 'one' }).model.composer.text).toBe('one\nmore');
  });

  test('is nothing for an observer', () => {
    const watching = modelOf({ snapshot: emptySnapshot({ queue: line }), role: 'observer' });
    expect(run(watching, ...press(NOW, 'alt+up')).effects).toEqual([]);
  });
});

describe('/queue', () => {
  const opened = (...keys: readonly string[]) => run(lined(), ...type('/queue'), ...press(NOW, 'enter', ...keys));

  test.each([
    { keys: ['down', 'K'], effects: [{ type: 'orderPrompts', promptIds: ['two', 'one', 'three'] }] },
    { keys: ['J'], effects: [{ type: 'orderPrompts', promptIds: ['two', 'one', 'three'] }] },
    { keys: ['K'], effects: [] },
    { keys: ['down', 'down', 'down', 'd'], effects: [withdraw('three', null)] },
    { keys: ['e'], effects: [withdraw('one')] },
    { keys: ['down', 's'], effects: [{ type: 'startPrompt', promptId: 'two', isTurnRunning: false }] },
    { keys: ['escape', 'd'], effects: [] },
  ])('$keys', ({ keys, effects }) => {
    expect(opened(...keys).effects).toEqual(effects);
  });

  test('shows the line as it is, whoever changes it, and keeps to the chosen prompt', () => {
    const { model } = opened('down');
    const params = { threadId: model.threadId, queue: [queued('two', otherClient), queued('new', otherClient)] };
    const changed = happen(model, { method: 'thread/queue/changed', params });
    expect(frameText(changed)).toMatch(/› 1 two .*\n {2}2 new /);
    expect(run(changed, ...press(NOW, 'd')).effects).toEqual([withdraw('two', null)]);
  });

  test('while a turn runs, starts none, but gives its environment to one that lost its own', () => {
    const running = { thread: { ...emptySnapshot().thread, turns: [turnOf([], { status: 'inProgress' })] } };
    const lost = { ...queued('lost'), waitsFor: 'a client' };
    const open = lined([queued('one'), lost], running);
    const start = (...keys: readonly string[]) => run(open, ...type('/queue'), ...press(NOW, 'enter', ...keys)).effects;
    expect([start('s'), start('down', 's')]).toEqual([
      [],
      [{ type: 'startPrompt', promptId: 'lost', isTurnRunning: true }],
    ]);
  });
});

test('a turn that another one stopped says who', () => {
  const stopped = (interruptedBy: typeof thisClient) =>
    frameText(
      modelOf({
        snapshot: emptySnapshot({
          thread: { ...emptySnapshot().thread, turns: [turnOf([], { status: 'interrupted', interruptedBy })] },
        }),
      }),
    );
  expect(stopped(otherClient)).toContain('■ interrupted by codex-tui on /dev/pts/4 (pid 456)');
  expect(stopped(thisClient)).not.toContain('interrupted by');
});
