import { describe, expect, test } from 'vitest';
import { INTERRUPT_TIMEOUT_MS } from '../../../machines/thread/turn-setup.ts';
import { a, startTurn, steps, streamError } from './turn-model.ts';

const { prepared, completed, failedOnce, interrupt } = steps;
const streaming = { sampling: 'streaming' };

describe('a history that is too long', () => {
  const compacting = { compacting: 'summarizing' };
  const { preparedFull, preparedToCompact, completedFull, overflowed, summarized, compactingWait } = steps;

  test.each([
    { name: 'before the first request', take: [preparedFull], requests: 0 },
    { name: 'when more has to be asked', take: [prepared, a.made, completedFull, a.settles], requests: 1 },
    { name: 'when it did not fit', take: [prepared, overflowed], requests: 1 },
    {
      name: 'when it did not fit, once calls have settled',
      take: [prepared, a.made, overflowed, a.settles],
      requests: 1,
    },
  ])('is shortened $name, and the turn goes on', ({ take, requests }) => {
    const turn = startTurn(...take);
    expect([turn.state(), turn.requests()]).toEqual([compacting, requests]);
    turn.take(summarized);
    expect([turn.state(), turn.requests()]).toEqual([streaming, requests + 1]);
    turn.take(completed);
    expect(turn.end()).toEqual({ status: 'completed', error: null });
  });

  test('is left alone when nothing more is asked', () => {
    const turn = startTurn(prepared, completedFull);
    expect([turn.end(), turn.inputs('summarize')]).toEqual([{ status: 'completed', error: null }, []]);
  });

  test('is shortened for its size once a turn', () => {
    const turn = startTurn(prepared, overflowed, summarized, overflowed);
    expect(turn.end()).toEqual({ status: 'failed', error: streamError });
  });

  test('is a turn of its own when a person asks for it', () => {
    const turn = startTurn(preparedToCompact, summarized);
    expect([turn.end(), turn.requests()]).toEqual([{ status: 'completed', error: null }, 0]);
  });

  test('retries of the summary are counted and announced like others', () => {
    const turn = startTurn(preparedToCompact, failedOnce);
    expect(turn.state()).toEqual({ compacting: 'backingOff' });
    turn.take(compactingWait, failedOnce, compactingWait, failedOnce);
    expect([turn.end(), turn.inputs('announceRetry').length]).toEqual([{ status: 'failed', error: streamError }, 2]);
  });
});

describe("a person's own command", () => {
  const { preparedForCommand, commandEnded, commandStopped, commandFailed } = steps;

  test('is the turn, and ends it', () => {
    const turn = startTurn(preparedForCommand);
    expect(turn.state()).toEqual({ runningCommand: 'working' });
    turn.take(commandEnded);
    expect([turn.end(), turn.requests()]).toEqual([{ status: 'completed', error: null }, 0]);
  });

  test('is killed by an interrupt, and waited for', () => {
    const turn = startTurn(preparedForCommand, interrupt);
    expect([turn.state(), turn.inputs('stopUserCommands').length]).toEqual([{ runningCommand: 'stopping' }, 1]);
    turn.take(commandStopped);
    expect(turn.end()).toEqual({ status: 'interrupted', error: null });
  });

  test('that hangs after being killed is not waited for without end', () => {
    const turn = startTurn(preparedForCommand, interrupt);
    turn.clock.increment(INTERRUPT_TIMEOUT_MS);
    expect(turn.end()).toEqual({ status: 'interrupted', error: null });
  });

  test('that cannot be run fails the turn with the reason', () => {
    const turn = startTurn(preparedForCommand, commandFailed);
    expect(turn.end()).toEqual({ status: 'failed', error: { message: 'no such folder' } });
  });

  test('beside an answer makes the model be asked again, without cutting it', () => {
    const turn = startTurn(prepared, steps.historyGrew);
    expect([turn.state(), turn.requests()]).toEqual([streaming, 1]);
    turn.take(completed);
    expect([turn.state(), turn.requests()]).toEqual([streaming, 2]);
    turn.actor.stop();
  });
});
