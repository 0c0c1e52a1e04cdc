import { describe, expect, test } from 'vitest';
import { turnMachine } from '../../../machines/thread/turn-machine.ts';
import { INTERRUPT_TIMEOUT_MS } from '../../../machines/thread/turn-setup.ts';
import { type Step, unhandledEvents, walkMachine } from '../../support/machine-coverage.ts';
import { WALK_LIMIT_MS } from '../../support/wait-limit.ts';
import {
  a,
  b,
  commandModel,
  events,
  failureOf,
  longTurnModel,
  MAX_RETRIES,
  RETRY_MS,
  reopenedModel,
  startTurn,
  steps,
  storeError,
  streamError,
  turnModel,
} from './turn-model.ts';

describe('the turn machine', () => {
  test(
    'every state is reached and every transition taken, alike by chart and actor',
    () => {
      const walked = [turnModel, longTurnModel, commandModel, reopenedModel].map((model) =>
        walkMachine({
          ...model,
          check: ({ steps: names, snapshot, effects }) => {
            const ends = effects.records.filter(({ effect }) => effect === 'recordEnd').map(({ input }) => input);
            expect([names, ends]).toEqual([names, snapshot.status === 'done' ? [snapshot.output] : []]);
          },
        }),
      );
      // A state or transition is missing only when no kind of turn knows it.
      const missingFromAll = (key: 'unreached' | 'untaken') =>
        walked[0]?.[key].filter((id) => walked.every((one) => one[key].includes(id)));
      expect(walked.flatMap(({ mismatches }) => mismatches)).toEqual([]);
      expect([missingFromAll('unreached'), missingFromAll('untaken')]).toEqual([[], []]);
      expect(walked.reduce((sum, { walks }) => sum + walks, 0)).toBeGreaterThan(1_000);
    },
    WALK_LIMIT_MS,
  );

  test('every event is handled or knowingly ignored in every state', () => {
    const ofStream = ['progressed', 'responseCompleted', 'responseFailed', 'summarized'];
    expect(unhandledEvents(turnMachine, Object.keys(events))).toEqual({
      // As before the restart: nothing streams before a person answered.
      reopened: ofStream,
      adopting: ofStream,
      preparing: ofStream,
      'sampling.streaming': ['summarized'],
      'compacting.summarizing': ['responseCompleted'],
      // No stream runs in the others, and one that was stopped says nothing more.
      'sampling.backingOff': ofStream,
      'sampling.settling': ofStream,
      runningTools: ofStream,
      awaitingApproval: ofStream,
      'compacting.backingOff': ofStream,
      'runningCommand.working': ofStream,
      'runningCommand.stopping': ofStream,
      interrupting: ofStream,
    });
  });
});

const { prepared, completed, failedOnce, failedForGood, progressed, steer, interrupt, retryWait } = steps;
const streaming = { sampling: 'streaming' };
const backingOff = { sampling: 'backingOff' };
const settling = { sampling: 'settling' };

describe('retries', () => {
  test('are counted, announced and waited for, and end the turn as failed', () => {
    const turn = startTurn(prepared);
    for (let attempt = 1; attempt <= MAX_RETRIES; attempt += 1) {
      turn.take(failedOnce);
      turn.clock.increment(RETRY_MS * attempt - 1);
      expect(turn.state()).toEqual(backingOff);
      turn.clock.increment(1);
      expect([turn.state(), turn.requests()]).toEqual([streaming, attempt + 1]);
    }
    turn.take(failedOnce);
    expect([turn.end(), turn.inputs('announceRetry')]).toEqual([
      { status: 'failed', error: streamError },
      [1, 2].map((attempt) => ({ attempt, max: MAX_RETRIES, error: streamError })),
    ]);
  });

  test('are counted from one again after something of an answer arrived', () => {
    const turn = startTurn(prepared, failedOnce, retryWait, failedOnce, retryWait, progressed, failedOnce, retryWait);
    expect([turn.state(), turn.inputs('announceRetry').length, turn.actor.getSnapshot().context.attempt]).toEqual([
      streaming,
      3,
      1,
    ]);
    turn.actor.stop();
  });

  test('are not made for a failure that would only come again', () => {
    const turn = startTurn(prepared, failedForGood);
    expect([turn.end(), turn.inputs('announceRetry')]).toEqual([{ status: 'failed', error: streamError }, []]);
  });

  test('wait until the calls made before the cut have settled', () => {
    const turn = startTurn(prepared, a.made, failedOnce, retryWait);
    expect([turn.state(), turn.requests()]).toEqual([settling, 1]);
    turn.take(a.settles);
    expect([turn.state(), turn.requests()]).toEqual([streaming, 2]);
    turn.actor.stop();
  });
});

describe('steering', () => {
  test('cuts a stream without calls and asks anew', () => {
    const turn = startTurn(prepared, steer);
    expect([turn.state(), turn.requests()]).toEqual([streaming, 2]);
    turn.take(completed);
    expect(turn.end()).toEqual({ status: 'completed', error: null });
  });

  test.each([
    { name: 'while a call of the stream runs', take: [a.made, steer, completed, a.settles] },
    { name: 'while tools run', take: [a.made, completed, steer, a.settles] },
    { name: 'while a person is asked', take: [a.made, a.waits, completed, steer, a.resumes, a.settles] },
  ])('waits $name, and is part of the next request', ({ take }) => {
    const turn = startTurn(prepared, ...take.slice(0, -1));
    expect(turn.requests()).toBe(1);
    turn.take(...take.slice(-1));
    expect([turn.state(), turn.requests()]).toEqual([streaming, 2]);
    turn.actor.stop();
  });

  test('in mid-wait does not shorten the wait for the server', () => {
    const turn = startTurn(prepared, failedOnce, steer);
    expect([turn.state(), turn.requests()]).toEqual([backingOff, 1]);
    turn.actor.stop();
  });
});

describe('calls', () => {
  test.each([
    { name: 'one that ends before the response', take: [a.made, a.settles, completed] },
    { name: 'one that ends after the response', take: [a.made, completed, a.settles] },
    { name: 'two that end in the other order', take: [a.made, b.made, b.settles, completed, a.settles] },
    {
      name: 'two of which one asks',
      take: [a.made, b.made, b.waits, completed, a.settles, b.resumes, b.settles],
    },
    { name: 'one that settles without resuming', take: [a.made, a.waits, completed, a.settles] },
  ])('$name: the model is asked again when all have an output', ({ take }) => {
    const turn = startTurn(prepared);
    for (const step of take) {
      expect([step.name, turn.requests()]).toEqual([step.name, 1]);
      turn.take(step);
    }
    expect([turn.state(), turn.requests()]).toEqual([streaming, 2]);
    turn.take(completed);
    expect(turn.end()).toEqual({ status: 'completed', error: null });
  });

  test('a person is told of as long as one call waits', () => {
    const turn = startTurn(prepared, a.made, b.made, a.waits, b.waits, completed, a.resumes, b.resumes);
    expect(turn.inputs('announceWaiting')).toEqual([true, true, true, false].map((isWaiting) => ({ isWaiting })));
    expect(turn.state()).toBe('runningTools');
    turn.actor.stop();
  });

  test('an answer reaches its call alone', () => {
    const turn = startTurn(prepared, a.made, b.made, steps.answered);
    expect([turn.heard('a'), turn.heard('b')]).toEqual([['started', 'answered'], ['started']]);
    turn.actor.stop();
  });
});

describe('the end before the end', () => {
  const ways: readonly { readonly while: string; readonly take: readonly Step[]; readonly open: readonly string[] }[] =
    [
      { while: 'preparing', take: [], open: [] },
      { while: 'sampling', take: [prepared], open: [] },
      { while: 'sampling with a call', take: [prepared, a.made], open: ['a'] },
      { while: 'backing off', take: [prepared, failedOnce], open: [] },
      { while: 'settling', take: [prepared, a.made, failedOnce, retryWait], open: ['a'] },
      { while: 'running tools', take: [prepared, a.made, b.made, completed], open: ['a', 'b'] },
      { while: 'awaiting approval', take: [prepared, a.made, a.waits, completed], open: ['a'] },
    ];
  const stops = [
    { by: 'a person', stop: interrupt, end: { status: 'interrupted', error: null } },
    { by: 'a log that takes no more', stop: steps.storeFailed, end: { status: 'failed', error: storeError } },
  ] as const;

  test.each(ways.flatMap((way) => stops.map((stop) => ({ ...way, ...stop }))))(
    'by $by while $while stops the calls, waits for them and is recorded once',
    ({ take, stop, open, end }) => {
      const turn = startTurn(...take, stop);
      if (open.length > 0) expect(turn.state()).toBe('interrupting');
      for (const callId of open) expect(turn.heard(callId)).toEqual(['started', 'interrupt']);
      for (const callId of open) turn.take(callId === 'a' ? a.settles : b.settles);
      expect([turn.end(), turn.inputs('recordEnd')]).toEqual([end, [end]]);
    },
  );

  test.each(stops)('by $by does not wait for ever for a call', ({ stop, end }) => {
    const turn = startTurn(prepared, a.made, stop);
    turn.clock.increment(INTERRUPT_TIMEOUT_MS - 1);
    expect(turn.state()).toBe('interrupting');
    turn.clock.increment(1);
    expect(turn.end()).toEqual(end);
  });

  test('a call that cancels its turn stops the others', () => {
    const turn = startTurn(prepared, a.made, b.made, a.waits, completed, a.resumes, steps.cancelled);
    expect([turn.state(), turn.heard('b')]).toEqual(['interrupting', ['started', 'interrupt']]);
    turn.take(b.settles);
    expect([turn.end(), turn.requests()]).toEqual([{ status: 'interrupted', error: null }, 1]);
  });

  test('a turn that cannot be set up fails with the reason, and nothing is asked', () => {
    const turn = startTurn(steps.notPrepared);
    expect([turn.end(), turn.requests()]).toEqual([{ status: 'failed', error: { message: 'no such provider' } }, 0]);
  });

  test('a stream that failed while a call ran: the call is stopped first', () => {
    const turn = startTurn(prepared, a.made, failedForGood);
    expect([turn.state(), turn.heard('a')]).toEqual(['interrupting', ['started', 'interrupt']]);
    turn.take(a.settles);
    expect(turn.end()).toEqual({ status: 'failed', error: failureOf(false).error });
  });
});
