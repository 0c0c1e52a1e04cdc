import { describe, expect, test } from 'vitest';
import type { Step } from '../../support/machine-coverage.ts';
import { a, b, callOf, reopenedModel, startOf, steps } from './turn-model.ts';

describe('a turn that waited for a person when the daemon ended', () => {
  const startReopened = (...taken: readonly Step[]) => startOf(reopenedModel, taken);

  test('asks nothing of anybody before an answer comes', () => {
    const turn = startReopened(steps.steer);
    expect([turn.state(), turn.requests(), turn.inputs('reopenTurn'), turn.heard('b')]).toEqual([
      'reopened',
      0,
      [],
      [],
    ]);
    expect(turn.inputs('toolCall')).toEqual([
      expect.objectContaining({ call: callOf('a'), asked: { thenOutside: true } }),
    ]);
    turn.actor.stop();
  });

  test('is set up in the surroundings of the answer, which then reaches its call; the other calls begin', () => {
    const turn = startReopened(steps.answered);
    expect([turn.state(), turn.heard('a')]).toEqual(['adopting', ['started']]);
    turn.take(steps.adopted);
    expect([turn.state(), turn.heard('a'), turn.heard('b')]).toEqual([
      'awaitingApproval',
      ['started', 'answered'],
      ['started'],
    ]);
    turn.take(a.resumes, a.settles, b.settles);
    expect([turn.state(), turn.requests()]).toEqual([{ sampling: 'streaming' }, 1]);
    turn.take(steps.completed);
    expect(turn.end()).toEqual({ status: 'completed', error: null });
  });

  test('ends by cancel without being set up', () => {
    const turn = startReopened(steps.answeredCancel);
    expect([turn.state(), turn.heard('a'), turn.inputs('reopenTurn')]).toEqual([
      'reopened',
      ['started', 'answered'],
      [],
    ]);
    turn.take(steps.cancelled);
    expect(turn.end()).toEqual({ status: 'interrupted', error: null });
  });

  test('fails with the reason when it cannot be set up', () => {
    const turn = startReopened(steps.answered, steps.notAdopted);
    expect([turn.state(), turn.heard('a')]).toEqual(['interrupting', ['started', 'interrupt']]);
    turn.take(a.settles);
    expect(turn.end()).toEqual({ status: 'failed', error: { message: 'no such provider' } });
  });
});
