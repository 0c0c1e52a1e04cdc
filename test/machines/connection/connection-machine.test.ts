import { describe, expect, test } from 'vitest';
import {
  type ConnectionEvent,
  connectionMachine,
  HANDSHAKE_TIMEOUT_MS,
} from '../../../machines/connection/connection-machine.ts';
import {
  type MachineModel,
  passed,
  sent,
  startScripted,
  unhandledEvents,
  walkMachine,
} from '../../support/machine-coverage.ts';

const events = {
  initialize: { type: 'initialize', clientName: 'codex-tui' },
  close: { type: 'close', reason: 'the socket ended' },
} as const satisfies { readonly [Type in ConnectionEvent['type']]: Extract<ConnectionEvent, { type: Type }> };

const steps = Object.values(events).map((event) => sent(event));
const timeout = passed('handshakeTimeout', 'connection.connected', HANDSHAKE_TIMEOUT_MS);

const model: MachineModel<typeof connectionMachine> = {
  provide: (effects) => connectionMachine.provide({ actions: { hangUp: effects.action('hangUp') } }),
  steps: (snapshot) => [...steps, ...(snapshot.matches('connected') ? [timeout] : [])],
  check: ({ snapshot, effects }) => expect(effects.names).toEqual(snapshot.matches('closed') ? ['hangUp'] : []),
};

describe('the connection machine', () => {
  test('every state is reached and every transition taken, alike by chart and actor', () => {
    expect(walkMachine(model)).toEqual({ unreached: [], untaken: [], mismatches: [], walks: 5 });
  });

  test('every event is handled or knowingly ignored in every state', () => {
    expect(unhandledEvents(connectionMachine, Object.keys(events))).toEqual({
      connected: [],
      // Answered with `alreadyInitialized` before the machine hears of it.
      initialized: ['initialize'],
    });
  });

  test.each([
    { name: 'a client that never introduces itself is hung up', take: [], reason: 'no initialize in time', who: null },
    { name: 'one that did may stay silent', take: [events.initialize], reason: null, who: 'codex-tui' },
  ])('$name', ({ take, reason, who }) => {
    const { actor, clock, effects } = startScripted(model);
    for (const event of take) actor.send(event);
    clock.increment(HANDSHAKE_TIMEOUT_MS - 1);
    expect(effects.names).toEqual([]);
    clock.increment(1);
    const { value, context } = actor.getSnapshot();
    expect({ value, context, hungUp: effects.names.length }).toEqual({
      value: reason === null ? 'initialized' : 'closed',
      context: { clientName: who, reason },
      hungUp: reason === null ? 0 : 1,
    });
    actor.stop();
  });
});
