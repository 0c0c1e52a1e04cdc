import { describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { DeadlineError, pause, withDeadline } from '../../daemon/deadline.ts';

const never = () => new Promise<never>(() => undefined);

describe('withDeadline', () => {
  test('gives what the run gives, and leaves no timer', async () => {
    const clock = new SimulatedClock();
    let seen: AbortSignal | null = null;
    const result = await withDeadline(null, 100, clock, async (limited) => {
      seen = limited;
      return 7;
    });
    clock.increment(1000);

    expect(result).toBe(7);
    expect(seen).toMatchObject({ aborted: false });
  });

  test('passes on why the run failed', async () => {
    const failing = withDeadline(null, 100, new SimulatedClock(), () => Promise.reject(new Error('broken')));

    await expect(failing).rejects.toThrow('broken');
  });

  test('ends at the limit even if the run pays no heed, and tells the run', async () => {
    const clock = new SimulatedClock();
    let limited: AbortSignal | undefined;
    const running = withDeadline(null, 100, clock, (signal) => {
      limited = signal;
      return never();
    });
    clock.increment(99);
    expect(limited?.aborted).toBe(false);
    clock.increment(1);

    await expect(running).rejects.toEqual(new DeadlineError(100));
    await expect(running).rejects.toMatchObject({ limitMs: 100, message: 'no answer within 100 ms' });
    expect(limited?.reason).toBeInstanceOf(DeadlineError);
  });

  test('says that the limit ran out, not what the run made of its signal', async () => {
    const clock = new SimulatedClock();
    const running = withDeadline(null, 100, clock, (limited) => {
      return new Promise((_, reject) => limited.addEventListener('abort', () => reject(new Error('aborted'))));
    });
    clock.increment(100);

    await expect(running).rejects.toBeInstanceOf(DeadlineError);
  });

  test('ends with its caller, for the reason of its caller', async () => {
    const controller = new AbortController();
    let limited: AbortSignal | undefined;
    const running = withDeadline(controller.signal, 100, new SimulatedClock(), (signal) => {
      limited = signal;
      return never();
    });
    controller.abort(new Error('stopped'));

    await expect(running).rejects.toThrow('stopped');
    expect(limited?.aborted).toBe(true);
  });

  test('does not start for a caller that has already stopped', async () => {
    let started = false;
    const running = withDeadline(AbortSignal.abort(new Error('stopped')), 100, new SimulatedClock(), async () => {
      started = true;
    });

    await expect(running).rejects.toThrow('stopped');
    expect(started).toBe(false);
  });
});

describe('pause', () => {
  test('waits for as long as it was told', async () => {
    const clock = new SimulatedClock();
    let isOver = false;
    const waiting = pause(100, clock, new AbortController().signal).then(() => {
      isOver = true;
    });
    clock.increment(99);
    await Promise.resolve();
    expect(isOver).toBe(false);
    clock.increment(1);
    await waiting;

    expect(isOver).toBe(true);
  });

  test('ends at once when it is aborted', async () => {
    const controller = new AbortController();
    const waiting = pause(100, new SimulatedClock(), controller.signal);
    controller.abort(new Error('stopped'));

    await expect(waiting).rejects.toThrow('stopped');
  });
});
