import { describe, expect, test } from 'vitest';
import { type DaemonEvent, daemonMachine } from '../../../machines/daemon/daemon-machine.ts';
import {
  ended,
  failed,
  type MachineModel,
  passed,
  type ScriptedEffects,
  sent,
  startScripted,
  unhandledEvents,
  walkMachine,
} from '../../support/machine-coverage.ts';

const IDLE_EXIT_MS = 3_600_000;
const DRAIN = '0.daemon.draining';
const failure = new Error('the socket is taken');

const events = {
  listening: { type: 'listening' },
  startFailed: { type: 'startFailed', error: failure },
  becameBusy: { type: 'becameBusy' },
  becameIdle: { type: 'becameIdle' },
  stop: { type: 'stop', reason: 'asked by codex daemon stop', drainMs: 5_000 },
} as const satisfies { readonly [Type in DaemonEvent['type']]: Extract<DaemonEvent, { type: Type }> };

const steps = Object.values(events).map((event) => sent(event));
const idleExit = passed('idleExit', 'daemon.listening.idle', IDLE_EXIT_MS);
const drained = ended(DRAIN);
const notDrained = failed(DRAIN, failure);

const model = (idleExitMs: number): MachineModel<typeof daemonMachine> => ({
  input: { idleExitMs },
  provide: (effects: ScriptedEffects) => daemonMachine.provide({ actors: { drain: effects.logic('drain') } }),
  steps: (snapshot) => [
    ...steps,
    ...(snapshot.matches({ listening: 'idle' }) ? [idleExit] : []),
    ...(snapshot.matches('draining') ? [drained, notDrained] : []),
  ],
  check: ({ steps: names, snapshot, effects }) => {
    const drains = effects.records.filter(({ did }) => did === 'started').length;
    expect([names, drains]).toEqual([names, snapshot.context.reason !== null && hasListened(names) ? 1 : 0]);
  },
});

/** Only a daemon that listened has anything to take down. */
const hasListened = (names: readonly string[]): boolean => {
  const listened = names.indexOf('listening');
  const over = names.findIndex((name) => name === 'stop' || name === 'startFailed');
  return listened >= 0 && (over < 0 || listened < over);
};

describe('the daemon machine', () => {
  test('every state is reached and every transition taken, alike by chart and actor', () => {
    const { walks, ...rest } = walkMachine(model(IDLE_EXIT_MS));
    expect(rest).toEqual({ unreached: [], untaken: [], mismatches: [] });
    expect(walks).toBeGreaterThan(20);
  });

  test('every event is handled or knowingly ignored in every state', () => {
    expect(unhandledEvents(daemonMachine, Object.keys(events))).toEqual({
      starting: ['becameBusy', 'becameIdle'],
      'listening.idle': ['listening', 'startFailed', 'becameIdle'],
      'listening.busy': ['listening', 'startFailed', 'becameBusy'],
      // The teardown goes on to its end, whatever comes.
      draining: ['listening', 'startFailed', 'becameBusy', 'becameIdle', 'stop'],
    });
  });

  test.each([
    { name: 'ends by itself after an hour alone', idleExitMs: IDLE_EXIT_MS, ends: 'draining' },
    { name: 'stays for ever when the limit is 0', idleExitMs: 0, ends: { listening: 'idle' } },
  ])('$name', ({ idleExitMs, ends }) => {
    const { actor, clock } = startScripted(model(idleExitMs));
    actor.send(events.listening);
    clock.increment(IDLE_EXIT_MS - 1);
    const before = actor.getSnapshot().value;
    clock.increment(1);
    expect([before, actor.getSnapshot().value]).toEqual([{ listening: 'idle' }, ends]);
    actor.stop();
  });

  test('counts the time alone from the last work on', () => {
    const { actor, clock, effects } = startScripted(model(IDLE_EXIT_MS));
    actor.send(events.listening);
    clock.increment(IDLE_EXIT_MS - 1);
    actor.send(events.becameBusy);
    clock.increment(IDLE_EXIT_MS * 10);
    actor.send(events.becameIdle);
    clock.increment(IDLE_EXIT_MS - 1);
    expect(actor.getSnapshot().value).toEqual({ listening: 'idle' });
    clock.increment(1);
    expect(effects.records).toEqual([
      { effect: 'drain', id: DRAIN, did: 'started', input: { reason: 'nobody used it', drainMs: 0 } },
    ]);
    actor.stop();
  });

  test.each([
    { name: 'a drain that went well', end: drained, error: null },
    { name: 'a drain that failed', end: notDrained, error: failure },
  ])('$name ends the daemon and keeps the reason of the stop', ({ end, error }) => {
    const { actor, clock, effects } = startScripted(model(IDLE_EXIT_MS));
    actor.send(events.listening);
    actor.send(events.stop);
    actor.send({ type: 'stop', reason: 'a second time', drainMs: 0 });
    end.perform(actor, clock);
    const { status, value, context } = actor.getSnapshot();
    expect({ status, value, context, names: effects.names }).toEqual({
      status: 'done',
      value: 'stopped',
      context: { idleExitMs: IDLE_EXIT_MS, reason: events.stop.reason, drainMs: events.stop.drainMs, error },
      names: ['drain'],
    });
  });

  test('a start that failed has nothing to take down and keeps its cause', () => {
    const { actor, effects } = startScripted(model(IDLE_EXIT_MS));
    actor.send(events.startFailed);
    const { value, context } = actor.getSnapshot();
    expect([value, context.error, effects.names]).toEqual(['stopped', failure, []]);
  });
});
