import { describe, expect, test } from 'vitest';
import { authMachine } from '../../../machines/auth/auth-machine.ts';
import fc from '../../support/fast-check.ts';
import { startScripted, unhandledEvents, walkMachine } from '../../support/machine-coverage.ts';
import { WALK_LIMIT_MS } from '../../support/wait-limit.ts';
import { asked, endings, expectInvariants, model, provide, stateOf } from './auth-model.ts';

test(
  'every state is reached and every transition taken, alike by chart and actor, and no promise is broken',
  () => {
    const { walks, ...rest } = walkMachine(model);
    expect(rest).toEqual({ unreached: [], untaken: [], mismatches: [] });
    expect(walks).toBeGreaterThan(1_000);
  },
  WALK_LIMIT_MS,
);

test('any sequence of requests and of good and bad ends of every effect keeps every promise', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), (choices) => {
      const { actor, clock, effects } = startScripted({ provide });
      const names: string[] = [];
      for (const choice of choices) {
        const ends = endings[stateOf(actor.getSnapshot())] ?? [];
        // Ends twice as likely as requests, or nothing would ever get far.
        const possible = [...Object.values(asked), ...ends, ...ends];
        const step = possible[choice % possible.length];
        if (!step) continue;
        step.perform(actor, clock);
        names.push(step.name);
        expectInvariants(names, actor.getSnapshot(), effects);
      }
      actor.stop();
    }),
    { numRuns: 500 },
  );
});

describe('what is not handled', () => {
  const events = ['loginRequested', 'cancelLogin', 'externalTokens', 'logout', 'needAuth', 'unauthorized', 'reload'];
  const tokens = ['needAuth', 'unauthorized'];
  const all = ['loginRequested', 'cancelLogin', 'externalTokens', ...tokens, 'reload'];

  test('is known for every state', () => {
    expect(unhandledEvents(authMachine, events)).toEqual({
      // The daemon lets these wait until the state is over, or refuses them by itself.
      'restoring.loading': all,
      revoking: all,
      erasing: all,
      'signingIn.browser': [...tokens, 'reload'],
      'signingIn.device': [...tokens, 'reload'],
      'signingIn.saving': [...tokens, 'reload'],
      // One at a time: who asks meanwhile gets the result of the one that goes on.
      'signedIn.reloading': ['cancelLogin', ...tokens],
      'signedIn.refreshing': ['cancelLogin', ...tokens],
      'signedIn.askingHost': ['cancelLogin', ...tokens],
      // Nothing to be had: the stored reason is the answer.
      'signedIn.backingOff': ['cancelLogin', ...tokens],
      'signedIn.expired': ['cancelLogin', ...tokens],
      'signedIn.external': ['cancelLogin', 'needAuth'],
      'signedIn.fresh': ['cancelLogin'],
      signedOut: ['cancelLogin', ...tokens],
      'error.loading': ['cancelLogin', ...tokens],
      'error.erasing': ['cancelLogin', ...tokens],
      'error.revoking': ['cancelLogin'],
    });
  });
});
