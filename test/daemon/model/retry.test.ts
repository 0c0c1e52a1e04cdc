import { describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { withRequestRetries } from '../../../daemon/model/retry.ts';
import { createFailure, ModelError, modelFailureKinds, retryLayer } from '../../../machines/model/failure.ts';
import { createEagerClock } from './clocks.ts';

const options = (maxRetries: number) => ({
  maxRetries,
  clock: createEagerClock(),
  random: () => 0.5,
  signal: new AbortController().signal,
});
const failing = (kind: Parameters<typeof createFailure>[0], retryAfterMs: number | null = null) =>
  new ModelError(createFailure(kind, 'why', { retryAfterMs }));

describe('withRequestRetries', () => {
  test('tries again with growing waits until it works', async () => {
    const given = options(4);
    let tries = 0;
    const result = await withRequestRetries(given, async () => {
      tries += 1;
      if (tries < 4) throw failing('serverError');
      return 'open';
    });

    expect([result, tries, given.clock.waits]).toEqual(['open', 4, [200, 400, 800]]);
  });

  test('waits as long as the server asked for', async () => {
    const given = options(1);
    await expect(withRequestRetries(given, () => Promise.reject(failing('serverError', 1234)))).rejects.toBeInstanceOf(
      ModelError,
    );

    expect(given.clock.waits).toEqual([1234]);
  });

  test.each(modelFailureKinds.map((kind) => ({ kind, tries: retryLayer({ kind }) === 'request' ? 3 : 1 })))(
    'tries $kind $tries times and then throws it',
    async ({ kind, tries }) => {
      let count = 0;
      const run = withRequestRetries(options(2), () => {
        count += 1;
        return Promise.reject(failing(kind));
      });

      await expect(run).rejects.toMatchObject({ failure: { kind } });
      expect(count).toBe(tries);
    },
  );

  test('does not try a bug again', async () => {
    let count = 0;
    const run = withRequestRetries(options(2), () => {
      count += 1;
      return Promise.reject(new TypeError('bug'));
    });

    await expect(run).rejects.toThrow('bug');
    expect(count).toBe(1);
  });

  test('stops waiting when it is aborted', async () => {
    const controller = new AbortController();
    const run = withRequestRetries({ ...options(2), clock: new SimulatedClock(), signal: controller.signal }, () =>
      Promise.reject(failing('connectionFailed')),
    );
    controller.abort(new Error('stopped'));

    await expect(run).rejects.toThrow('stopped');
  });
});
