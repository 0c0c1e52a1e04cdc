import { describe, expect, test } from 'vitest';
import type { McpOffer } from '../../../machines/mcp/mcp-offer.ts';
import {
  COOL_DOWN_MS,
  FIRST_BACK_OFF_MS,
  MAX_CRASHES,
  type McpServerEvent,
  mcpServerMachine,
  STEADY_MS,
} from '../../../machines/mcp/mcp-server-machine.ts';
import { SignInNeededError } from '../../../machines/mcp/mcp-sign-in.ts';
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

const START = '0.mcpServer.starting';
const START_LIMIT_MS = 10_000;
const LINGER_MS = 30_000;
const offer: McpOffer = { tools: [], serverInfo: null, capabilities: {}, instructions: null };
const other: McpOffer = { ...offer, instructions: 'changed' };

const events = {
  lost: { type: 'lost', reason: 'it ended with code 1' },
  offerChanged: { type: 'offerChanged', offer: other },
  acquired: { type: 'acquired' },
  released: { type: 'released' },
  needed: { type: 'needed' },
  retry: { type: 'retry' },
  stop: { type: 'stop' },
} as const satisfies { readonly [Type in McpServerEvent['type']]: Extract<McpServerEvent, { type: Type }> };

const steps = Object.values(events).map((event) => sent(event));
const turnedAway: McpServerEvent = { type: 'lost', reason: 'it answered 401', needsSignIn: true };
const started = ended(START, offer);
const notStarted = failed(START, new Error('no such program'));
const late = passed('startLimit', 'mcpServer.starting', START_LIMIT_MS);
const steady = passed('steadyTime', 'mcpServer.ready.used', STEADY_MS);
const lingered = passed('lingerLimit', 'mcpServer.ready.unused', LINGER_MS);
const cooled = passed('coolDown', 'mcpServer.failed.fresh', COOL_DOWN_MS);
/** One for each length of the wait. */
const backOffs = Array.from({ length: MAX_CRASHES }, (_, crash) =>
  passed('backOff', 'mcpServer.restarting', FIRST_BACK_OFF_MS * 2 ** crash),
);

const model: MachineModel<typeof mcpServerMachine> = {
  input: { startLimitMs: START_LIMIT_MS, lingerMs: LINGER_MS },
  provide: (effects: ScriptedEffects) =>
    mcpServerMachine.provide({
      actors: { startServer: effects.logic('startServer') },
      actions: { endServer: effects.action('endServer') },
    }),
  steps: (snapshot) => [
    ...steps,
    ...(snapshot.matches('starting') ? [started, notStarted, late] : []),
    ...(snapshot.matches({ ready: 'used' }) ? [steady] : []),
    ...(snapshot.matches({ ready: 'unused' }) ? [lingered] : []),
    ...(snapshot.matches('restarting') ? backOffs.slice(snapshot.context.crashes - 1, snapshot.context.crashes) : []),
    ...(snapshot.matches({ failed: 'fresh' }) ? [cooled] : []),
  ],
  check: ({ steps: names, snapshot, effects }) => {
    // What was started and is not there any more was ended.
    const last = effects.names.at(-1);
    const isUp = snapshot.matches('starting') || snapshot.matches('ready');
    expect([names, last]).toEqual([names, isUp ? 'startServer' : 'endServer']);
  },
};

/** Starts one that is ready. */
function startReady() {
  const scripted = startScripted(model);
  started.perform(scripted.actor, scripted.clock);
  return scripted;
}

describe('the machine of an MCP server', () => {
  test('every state is reached and every transition taken, alike by chart and actor', () => {
    const { walks, ...rest } = walkMachine(model);
    expect(rest).toEqual({ unreached: [], untaken: [], mismatches: [] });
    expect(walks).toBeGreaterThan(100);
  });

  test('every event is handled or knowingly ignored in every state', () => {
    expect(unhandledEvents(mcpServerMachine, Object.keys(events))).toEqual({
      starting: ['lost', 'offerChanged', 'acquired', 'needed', 'retry'],
      'ready.used': ['acquired', 'needed', 'retry'],
      'ready.unused': ['released', 'needed', 'retry'],
      restarting: ['lost', 'offerChanged', 'acquired', 'needed'],
      'failed.fresh': ['lost', 'offerChanged', 'acquired', 'needed'],
      'failed.stale': ['lost', 'offerChanged', 'acquired'],
    });
  });

  test('one that never ran is told of as failed at once, and by what', () => {
    const { actor, clock } = startScripted(model);
    notStarted.perform(actor, clock);
    const { value, context } = actor.getSnapshot();
    expect([value, context.error]).toEqual([{ failed: 'fresh' }, 'no such program']);
    actor.stop();
  });

  test('one that wants a sign-in is not started again by itself, but when somebody asks for it', () => {
    const { actor, clock, effects } = startReady();
    const stand = () => {
      const { value, context } = actor.getSnapshot();
      return [value, context.error, context.needsSignIn];
    };
    actor.send(turnedAway);
    expect(stand()).toEqual([{ failed: 'fresh' }, 'it answered 401', true]);
    actor.send(events.retry);
    failed(START, new SignInNeededError('sign in')).perform(actor, clock);
    expect(stand()).toEqual([{ failed: 'fresh' }, 'sign in', true]);
    actor.send(events.retry);
    started.perform(actor, clock);
    expect(stand()).toEqual([{ ready: 'used' }, null, false]);
    actor.send(events.lost);
    expect(stand()).toEqual(['restarting', 'it ended with code 1', false]);
    expect(effects.names.filter((name) => name === 'startServer')).toHaveLength(3);
    actor.stop();
  });

  test('one that is too slow is given up, and what was started is stopped', () => {
    const { actor, clock, effects } = startScripted(model);
    clock.increment(START_LIMIT_MS);
    expect(actor.getSnapshot().context.error).toBe('it did not start within 10 s');
    expect(effects.records.map(({ did }) => did)).toContain('stopped');
    actor.stop();
  });

  test('one that crashes is started again, each time after twice the wait, and left alone in the end', () => {
    const { actor, clock, effects } = startReady();
    for (let crash = 0; crash < MAX_CRASHES; crash += 1) {
      actor.send(events.lost);
      clock.increment(FIRST_BACK_OFF_MS * 2 ** crash - 1);
      expect(actor.getSnapshot().value).toBe('restarting');
      clock.increment(1);
      started.perform(actor, clock);
      expect(actor.getSnapshot().value).toEqual({ ready: 'used' });
    }
    actor.send(events.lost);
    expect(actor.getSnapshot().value).toEqual({ failed: 'fresh' });
    expect(effects.names.filter((name) => name === 'startServer')).toHaveLength(1 + MAX_CRASHES);
    actor.stop();
  });

  test('crashes are forgotten once it holds out', () => {
    const { actor, clock } = startReady();
    actor.send(events.lost);
    clock.increment(FIRST_BACK_OFF_MS);
    started.perform(actor, clock);
    clock.increment(STEADY_MS);
    expect(actor.getSnapshot().context.crashes).toBe(0);
    actor.stop();
  });

  test('one that nobody uses is kept for a while, then ended; a use in between keeps it', () => {
    const { actor, clock } = startReady();
    actor.send(events.released);
    clock.increment(LINGER_MS - 1);
    actor.send(events.acquired);
    clock.increment(LINGER_MS);
    expect(actor.getSnapshot().value).toEqual({ ready: 'used' });
    actor.send(events.released);
    clock.increment(LINGER_MS);
    expect(actor.getSnapshot().status).toBe('done');
  });
});
