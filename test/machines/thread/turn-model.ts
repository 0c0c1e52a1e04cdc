import type { TurnError } from '../../../machines/protocol/types/thread.ts';
import type { ToolCall } from '../../../machines/thread/tool-call.ts';
import type { toolCallMachine } from '../../../machines/thread/tool-call-machine.ts';
import type { PreparedTurn, StreamFailure } from '../../../machines/thread/turn.ts';
import { turnMachine } from '../../../machines/thread/turn-machine.ts';
import { INTERRUPT_TIMEOUT_MS, type TurnEvent } from '../../../machines/thread/turn-setup.ts';
import {
  ended,
  failed,
  type MachineModel,
  passed,
  type ScriptedEffects,
  type Step,
  sent,
  startScripted,
} from '../../support/machine-coverage.ts';

/** The turn machine with scripted effects, and everything that can happen to it. */

export const MAX_RETRIES = 2;
export const RETRY_MS = 200;
export const streamError: TurnError = { message: 'stream disconnected before completion' };
export const storeError: TurnError = { message: "the thread's log cannot be written" };
export const callOf = (callId: string): ToolCall => ({ callId, name: 'exec_command', kind: 'function', input: '{}' });
export const failureOf = (isRetryable: boolean, isOverflow = false): StreamFailure => ({
  error: streamError,
  isRetryable,
  isOverflow,
  waitsMs: (attempt) => RETRY_MS * attempt,
});
const prepared: PreparedTurn = {
  task: 'answer',
  isFull: false,
  approvalPolicy: 'on-request',
  streamMaxRetries: MAX_RETRIES,
};

const event = <E extends TurnEvent>(value: E): E => value;
export const events = {
  toolCall: event({ type: 'toolCall', call: callOf('a') }),
  progressed: event({ type: 'progressed' }),
  responseCompleted: event({ type: 'responseCompleted', isFull: false }),
  responseFailed: event({ type: 'responseFailed', failure: failureOf(true) }),
  summarized: event({ type: 'summarized' }),
  steer: event({ type: 'steer' }),
  historyGrew: event({ type: 'historyGrew' }),
  interrupt: event({ type: 'interrupt' }),
  answered: event({ type: 'answered', callId: 'a', decision: 'accept' }),
  storeFailed: event({ type: 'storeFailed', error: storeError }),
  callWaiting: event({ type: 'callWaiting', callId: 'a' }),
  callResumed: event({ type: 'callResumed', callId: 'a' }),
  callSettled: event({ type: 'callSettled', callId: 'a', cancelsTurn: false }),
} as const satisfies { readonly [Type in TurnEvent['type']]: Extract<TurnEvent, { type: Type }> };

export const steps = {
  adopted: ended('0.turn.adopting', prepared, 'adopted'),
  notAdopted: failed('0.turn.adopting', new Error('no such provider'), 'not adopted'),
  prepared: ended('0.turn.preparing', prepared, 'prepared'),
  preparedFull: ended('0.turn.preparing', { ...prepared, isFull: true }, 'prepared full'),
  preparedToCompact: ended('0.turn.preparing', { ...prepared, task: 'compact' }, 'prepared to compact'),
  preparedForCommand: ended('0.turn.preparing', { ...prepared, task: 'userCommand' }, 'prepared for a command'),
  notPrepared: failed('0.turn.preparing', new Error('no such provider'), 'not prepared'),
  retryWait: passed('retryWait', 'turn.sampling.backingOff', RETRY_MS * MAX_RETRIES),
  compactingWait: passed('retryWait', 'turn.compacting.backingOff', RETRY_MS * MAX_RETRIES),
  commandEnded: ended('0.turn.runningCommand', { isStopped: false }, 'the command ended'),
  commandStopped: ended('0.turn.runningCommand', { isStopped: true }, 'the command was stopped'),
  commandFailed: failed('0.turn.runningCommand', new Error('no such folder'), 'the command did not start'),
  stopTimeout: passed('interruptTimeout', 'turn.runningCommand.stopping', INTERRUPT_TIMEOUT_MS),
  interruptTimeout: passed('interruptTimeout', 'turn.interrupting', INTERRUPT_TIMEOUT_MS),
  completed: sent(events.responseCompleted),
  completedFull: sent(event({ type: 'responseCompleted', isFull: true }), 'responseCompleted and is full'),
  overflowed: sent(event({ type: 'responseFailed', failure: failureOf(false, true) }), 'responseFailed for size'),
  summarized: sent(events.summarized),
  historyGrew: sent(events.historyGrew),
  failedForGood: sent(event({ type: 'responseFailed', failure: failureOf(false) }), 'responseFailed for good'),
  failedOnce: sent(events.responseFailed),
  progressed: sent(events.progressed),
  steer: sent(events.steer),
  interrupt: sent(events.interrupt),
  storeFailed: sent(events.storeFailed),
  answered: sent(events.answered),
  /** A person's answer that ends the turn. */
  answeredCancel: sent(event({ type: 'answered', callId: 'a', decision: 'cancel' }), 'answered cancel'),
  cancelled: sent(event({ type: 'callSettled', callId: 'a', cancelsTurn: true }), 'callSettled and cancels'),
} as const satisfies Readonly<Record<string, Step>>;

/** What can be told of one call. */
export const ofCall = (callId: string) => ({
  made: sent(event({ type: 'toolCall', call: callOf(callId) }), `made ${callId}`),
  waits: sent(event({ type: 'callWaiting', callId }), `waits ${callId}`),
  resumes: sent(event({ type: 'callResumed', callId }), `resumes ${callId}`),
  settles: sent(event({ type: 'callSettled', callId, cancelsTurn: false }), `settles ${callId}`),
});
export const a = ofCall('a');
export const b = ofCall('b');

const everywhere: readonly Step[] = [
  steps.completed,
  steps.failedForGood,
  steps.failedOnce,
  steps.progressed,
  steps.steer,
  steps.interrupt,
  steps.storeFailed,
  steps.answered,
];

export function provideTurn(effects: ScriptedEffects) {
  return turnMachine.provide({
    actors: {
      prepareTurn: effects.logic('prepareTurn'),
      reopenTurn: effects.logic('reopenTurn'),
      streamModel: effects.logic('streamModel'),
      summarize: effects.logic('summarize'),
      runUserCommand: effects.logic('runUserCommand'),
      toolCall: effects.logic<typeof toolCallMachine>('toolCall'),
    },
    actions: {
      announceRetry: effects.action('announceRetry'),
      announceWaiting: effects.action('announceWaiting'),
      stopUserCommands: effects.action('stopUserCommands'),
      recordEnd: effects.action('recordEnd'),
    },
  });
}

type Walk = MachineModel<typeof turnMachine>;
const walk: Pick<Walk, 'input' | 'provide' | 'facts'> = {
  input: { turnId: 'turn-1', promptId: 'prompt-1', reopened: null },
  provide: provideTurn,
  facts: ({ context: { calls, task, isFull, hasNews, hasOverflowed, attempt, error } }) => [
    Object.entries(calls).map(([id, { isWaiting }]) => [id, isWaiting]),
    task,
    isFull,
    hasNews,
    hasOverflowed,
    attempt,
    error,
  ],
};

/** A prompt with its calls, questions and retries. */
export const turnModel: Walk = {
  ...walk,
  steps: (snapshot) => {
    const open = Object.keys(snapshot.context.calls);
    return [
      ...everywhere,
      ...(open.includes('a') ? [a.waits, a.resumes, a.settles, steps.cancelled] : [a.made]),
      // A second call only beside a first: two are as good as many.
      ...(open.includes('b') ? [b.waits, b.resumes, b.settles] : open.includes('a') ? [b.made] : []),
      ...(snapshot.matches('preparing') ? [steps.prepared, steps.notPrepared] : []),
      ...(snapshot.matches({ sampling: 'backingOff' }) ? [steps.retryWait] : []),
      ...(snapshot.matches('interrupting') ? [steps.interruptTimeout] : []),
    ];
  },
};

/** A history that is shortened, before the first request or later, or by itself; one call at most. */
export const longTurnModel: Walk = {
  ...walk,
  steps: (snapshot) => [
    steps.completed,
    steps.failedForGood,
    steps.failedOnce,
    steps.historyGrew,
    steps.interrupt,
    ...(snapshot.matches('preparing') ? [steps.prepared, steps.preparedFull, steps.preparedToCompact] : []),
    ...(snapshot.matches('sampling') ? [steps.completedFull, steps.overflowed, a.made] : []),
    ...('a' in snapshot.context.calls ? [a.settles] : []),
    ...(snapshot.matches({ sampling: 'backingOff' }) ? [steps.retryWait] : []),
    ...(snapshot.matches('compacting') ? [steps.summarized, steps.progressed] : []),
    ...(snapshot.matches({ compacting: 'backingOff' }) ? [steps.compactingWait] : []),
    ...(snapshot.matches('interrupting') ? [steps.interruptTimeout] : []),
  ],
};

/** A person's own command as a turn. */
export const commandModel: Walk = {
  ...walk,
  steps: (snapshot) => [
    ...everywhere,
    ...(snapshot.matches('preparing') ? [steps.preparedForCommand] : []),
    ...(snapshot.matches('runningCommand') ? [steps.commandEnded, steps.commandStopped, steps.commandFailed] : []),
    ...(snapshot.matches({ runningCommand: 'stopping' }) ? [steps.stopTimeout] : []),
  ],
};

const stops: readonly Step[] = [steps.interrupt, steps.storeFailed, steps.cancelled];

/**
 * A turn that waited for a person about call `a` when the daemon ended, and had call `b` still to be decided: up to where
 * it goes on as any other.
 */
export const reopenedModel: Walk = {
  ...walk,
  input: {
    turnId: 'turn-1',
    promptId: 'prompt-1',
    reopened: { waiting: [{ call: callOf('a'), thenOutside: true }], pending: [callOf('b')] },
  },
  steps: (snapshot) => {
    if (snapshot.matches('reopened')) return [steps.answered, steps.answeredCancel, steps.steer, ...stops];
    if (snapshot.matches('adopting')) return [steps.adopted, steps.notAdopted, steps.answered, ...stops];
    const open = Object.keys(snapshot.context.calls);
    return snapshot.matches('sampling')
      ? []
      : [a, b].flatMap((call, at) => (open[at] ? [call.resumes, call.settles] : []));
  },
};

/** A turn that took these steps, and what became of it. */
export const startTurn = (...taken: readonly Step[]) => startOf(turnModel, taken);

export function startOf(model: Walk, taken: readonly Step[]) {
  const { actor, clock, effects } = startScripted(model);
  const of = (name: string) => effects.records.filter(({ effect }) => effect === name);
  const turn = {
    actor,
    clock,
    take: (...more: readonly Step[]) => {
      for (const step of more) step.perform(actor, clock);
    },
    state: () => actor.getSnapshot().value,
    end: () => actor.getSnapshot().output,
    /** How many requests were begun, and how many of those were cut. */
    requests: () => of('streamModel').filter(({ did }) => did === 'started').length,
    inputs: (name: string) => of(name).map(({ input }) => input),
    heard: (callId: string) => of('toolCall').flatMap(({ id, did }) => (id === `call:${callId}` ? [did] : [])),
  };
  turn.take(...taken);
  return turn;
}
