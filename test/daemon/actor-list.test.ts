import { expect, test } from 'vitest';
import { createActor, SimulatedClock, setup } from 'xstate';
import { ActorList } from '../../daemon/actor-list.ts';

const lamp = setup({
  types: { events: {} as { type: 'toggle' } | { type: 'touch' } | { type: 'break' } },
}).createMachine({
  id: 'lamp',
  initial: 'off',
  states: {
    off: { on: { toggle: 'on' } },
    on: { on: { toggle: 'off' } },
    broken: { type: 'final' },
  },
  on: { break: '.broken', touch: {} },
});

const house = setup({ actors: { lamp } }).createMachine({ id: 'house', invoke: { src: 'lamp', id: 'porch' } });

/** A clock, a list that reads it, and a way to make machines that the list hears of. */
function scene() {
  const clock = new SimulatedClock();
  const list = new ActorList(() => clock.now());
  return { clock, list, start: (id: string) => createActor(lamp, { id, inspect: list.inspect }).start() };
}

test('a state counts from when it was entered, not from the last event', () => {
  const { clock, list, start } = scene();
  const actor = start('hall');
  clock.increment(10);
  actor.send({ type: 'toggle' });
  clock.increment(10);
  actor.send({ type: 'touch' });

  expect(list.list()).toEqual([
    { kind: 'lamp', id: 'hall', parentId: 'daemon', state: 'on', sinceMs: 10, about: null },
  ]);
});

test.each(['ended', 'stopped'])('one that has %s is gone', (how) => {
  const { list, start } = scene();
  const [first, second] = [start('first'), start('second')];
  if (how === 'ended') first.send({ type: 'break' });
  else first.stop();

  expect(list.list().map(({ id }) => id)).toEqual(['second']);
  second.stop();
  expect(list.list()).toEqual([]);
});

test('one that another one made stands below it', () => {
  const { list } = scene();
  createActor(house, { id: 'home', inspect: list.inspect }).start();

  expect(list.list().map(({ id, parentId }) => [id, parentId])).toEqual([
    ['home', 'daemon'],
    ['porch', 'home'],
  ]);
});
