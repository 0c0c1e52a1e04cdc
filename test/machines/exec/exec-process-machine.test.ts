import { describe, expect, test } from 'vitest';
import { type ExecProcessEvent, execProcessMachine } from '../../../machines/exec/exec-process-machine.ts';
import {
  type MachineModel,
  sent,
  startScripted,
  unhandledEvents,
  walkMachine,
} from '../../support/machine-coverage.ts';

const events = {
  started: { type: 'started' },
  failed: { type: 'failed' },
  exited: { type: 'exited', exitCode: 3 },
  watch: { type: 'watch' },
  unwatch: { type: 'unwatch' },
  kill: { type: 'kill' },
} as const satisfies { readonly [Type in ExecProcessEvent['type']]: Extract<ExecProcessEvent, { type: Type }> };

const steps = Object.values(events).map((event) => sent(event));

const model: MachineModel<typeof execProcessMachine> = {
  input: { command: 'sleep 9' },
  provide: (effects) => execProcessMachine.provide({ actions: { killFamily: effects.action('killFamily') } }),
  steps: () => steps,
  check: ({ snapshot: { value, context }, effects }) => {
    if (value === 'stopping') expect(effects.names).toEqual(['killFamily']);
    expect(effects.names.length).toBeLessThanOrEqual(1);
    expect(context.exitCode).toBe(value === 'exited' ? 3 : null);
  },
};

describe('the machine of a command', () => {
  test('every state is reached and every transition taken, alike by chart and actor; it is killed once at most', () => {
    const { walks, ...rest } = walkMachine(model);
    expect(rest).toEqual({ unreached: [], untaken: [], mismatches: [] });
    expect(walks).toBeGreaterThan(6);
  });

  test('every event is handled or knowingly ignored in every state', () => {
    expect(unhandledEvents(execProcessMachine, Object.keys(events))).toEqual({
      starting: ['exited', 'watch', 'unwatch'],
      'running.watched': ['started', 'failed', 'watch'],
      'running.background': ['started', 'failed', 'unwatch'],
      stopping: ['started', 'failed', 'watch', 'unwatch', 'kill'],
    });
  });

  test.each([
    { name: 'one that is to go before it has started goes as soon as it has', take: ['kill', 'started'], killed: 1 },
    { name: 'one that could not be started needs no killing', take: ['kill', 'failed'], killed: 0 },
    { name: 'one that ended by itself needs none either', take: ['started', 'exited'], killed: 0 },
    {
      name: 'one in the background is killed like one that is waited for',
      take: ['started', 'unwatch', 'kill'],
      killed: 1,
    },
  ] as const)('$name', ({ take, killed }) => {
    const { actor, effects } = startScripted(model);
    for (const type of take) actor.send(events[type]);
    expect(effects.names).toEqual(Array.from({ length: killed }, () => 'killFamily'));
    actor.stop();
  });
});
