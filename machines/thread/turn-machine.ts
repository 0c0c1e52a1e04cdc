import { assign } from 'xstate';
import type { PreparedTurn, StreamFailure, TurnOutput } from './turn.ts';
import { askedCalls, pendingCalls, setWaiting, type TurnContext, turnSetup, without } from './turn-setup.ts';

const ofPrepared = ({ event }: { event: { output: PreparedTurn } }): PreparedTurn => event.output;
const ofFailure = ({ event }: { event: { failure: StreamFailure } }) => ({ failure: event.failure });
const keepPrepared = { type: 'keepPrepared', params: ofPrepared } as const;
const toError = ({ event }: { event: { error: unknown } }) => ({
  error: { message: event.error instanceof Error ? event.error.message : String(event.error) },
});

/** A failed request is asked again after a wait, as often as the provider allows. */
const retried = [
  { type: 'countAttempt', params: ofFailure },
  {
    type: 'announceRetry',
    params: ({ context, event }: { context: TurnContext; event: { failure: StreamFailure } }) => ({
      attempt: context.attempt,
      max: context.streamMaxRetries,
      error: event.failure.error,
    }),
  },
] as const;
const failedForGood = {
  target: '#turn.interrupting',
  actions: {
    type: 'keepError',
    params: ({ event }: { event: { failure: StreamFailure } }) => ({ error: event.failure.error }),
  },
} as const;

/**
 * One prompt until the model rests: sample, run what the model calls, sample again (agent.md §1). Deltas stream past
 * this machine; it sees whole items and ends. `error` non-null makes an interruption end as failed.
 */
export const turnMachine = turnSetup.createMachine({
  id: 'turn',
  context: ({ input }) => ({
    ...input,
    task: 'answer',
    isFull: false,
    approvalPolicy: 'never',
    streamMaxRetries: 0,
    calls: {},
    answers: [],
    hasNews: false,
    hasOverflowed: false,
    attempt: 0,
    retryAtMs: 0,
    error: null,
  }),
  output: ({ event }) => (event as unknown as { output: TurnOutput }).output,
  initial: 'starting',
  on: {
    toolCall: {
      actions: { type: 'spawnCalls', params: ({ event }) => ({ calls: [{ call: event.call, asked: null }] }) },
    },
    callWaiting: {
      actions: [
        assign({ calls: ({ context, event }) => setWaiting(context.calls, event.callId, true) }),
        { type: 'announceWaiting', params: { isWaiting: true } },
      ],
    },
    callResumed: {
      actions: [
        assign({ calls: ({ context, event }) => setWaiting(context.calls, event.callId, false) }),
        {
          type: 'announceWaiting',
          params: ({ context }) => ({ isWaiting: Object.values(context.calls).some((call) => call.isWaiting) }),
        },
      ],
    },
    callSettled: [
      {
        guard: { type: 'cancelsTurn', params: ({ event }) => event },
        target: '.interrupting',
        actions: assign({ calls: ({ context, event }) => without(context.calls, event.callId), hasNews: true }),
      },
      { actions: assign({ calls: ({ context, event }) => without(context.calls, event.callId), hasNews: true }) },
    ],
    answered: { actions: { type: 'passAnswer', params: ({ event }) => event } },
    steer: { actions: 'noteNews' },
    historyGrew: { actions: 'noteNews' },
    interrupt: '.interrupting',
    storeFailed: {
      target: '.interrupting',
      actions: { type: 'keepError', params: ({ event }) => ({ error: event.error }) },
    },
  },
  states: {
    starting: {
      always: [
        {
          guard: 'isReopened',
          target: 'reopened',
          actions: { type: 'spawnCalls', params: ({ context }) => ({ calls: askedCalls(context.reopened) }) },
        },
        { target: 'preparing' },
      ],
    },
    // Waits for a person, for ever, as before the restart; nothing of the turn can run without a client's surroundings.
    reopened: {
      on: {
        answered: [
          {
            guard: { type: 'cancels', params: ({ event }) => event },
            actions: { type: 'passAnswer', params: ({ event }) => event },
          },
          { target: 'adopting', actions: { type: 'keepAnswer', params: ({ event }) => event } },
        ],
      },
    },
    // Reads the configuration and finds the provider; the effects have their own limits.
    adopting: {
      on: { answered: { actions: { type: 'keepAnswer', params: ({ event }) => event } } },
      invoke: {
        src: 'reopenTurn',
        input: ({ context: { turnId, promptId } }) => ({ turnId, promptId }),
        onDone: {
          target: 'resting',
          actions: [
            keepPrepared,
            { type: 'spawnCalls', params: ({ context }) => ({ calls: pendingCalls(context.reopened) }) },
            'passAnswers',
          ],
        },
        onError: { target: 'interrupting', actions: { type: 'keepError', params: toError } },
      },
    },
    // Reads the configuration, finds the provider, logs the prompt; the effects have their own limits.
    preparing: {
      invoke: {
        src: 'prepareTurn',
        input: ({ context: { turnId, promptId } }) => ({ turnId, promptId }),
        onDone: [
          {
            guard: { type: 'compacts', params: ofPrepared },
            target: 'compacting',
            actions: keepPrepared,
          },
          {
            guard: { type: 'runsCommand', params: ofPrepared },
            target: 'runningCommand',
            actions: keepPrepared,
          },
          { guard: { type: 'startsFull', params: ofPrepared }, target: 'compacting', actions: keepPrepared },
          { target: 'sampling', actions: keepPrepared },
        ],
        onError: { target: 'interrupting', actions: { type: 'keepError', params: toError } },
      },
    },
    sampling: {
      initial: 'streaming',
      states: {
        // The idle timeout of the provider limits the wait.
        streaming: {
          entry: assign({ hasNews: false }),
          invoke: { src: 'streamModel', input: ({ context }) => ({ turnId: context.turnId }) },
          on: {
            progressed: { actions: assign({ attempt: 0 }) },
            responseCompleted: {
              target: '#turn.resting',
              actions: assign({ isFull: ({ event }) => event.isFull }),
            },
            responseFailed: [
              {
                guard: { type: 'mayShorten', params: ofFailure },
                target: '#turn.resting',
                actions: assign({ isFull: true, hasNews: true, hasOverflowed: true }),
              },
              { guard: { type: 'mayRetry', params: ofFailure }, target: 'backingOff', actions: retried },
              failedForGood,
            ],
            // The running answer is cut and asked for anew (protocol.md §4.4), unless calls of it are under way.
            steer: [
              { guard: 'hasCalls', actions: 'noteNews' },
              { target: 'streaming', reenter: true },
            ],
          },
        },
        // Calls that were made before the cut go on and have to settle first: one request at a time is complete.
        backingOff: { after: { retryWait: 'settling' } },
        settling: { always: { guard: 'isSettled', target: 'streaming' } },
      },
    },
    resting: {
      always: [
        { guard: 'isWaiting', target: 'awaitingApproval' },
        { guard: 'hasCalls', target: 'runningTools' },
        { guard: 'mustShorten', target: 'compacting' },
        { guard: 'hasNews', target: 'sampling' },
        { target: 'completed' },
      ],
    },
    // A command ends, moves to the background after its yield time, or a person interrupts.
    runningTools: {
      always: [
        { guard: 'isWaiting', target: 'awaitingApproval' },
        { guard: 'isSettled', target: 'resting' },
      ],
    },
    // Waits for a person, for ever.
    awaitingApproval: {
      always: [
        { guard: 'isSettled', target: 'resting' },
        {
          guard: ({ context }) => !Object.values(context.calls).some((call) => call.isWaiting),
          target: 'runningTools',
        },
      ],
    },
    // A summary takes the place of the history (agent.md §5). No call is open here.
    compacting: {
      entry: assign({ attempt: 0 }),
      initial: 'summarizing',
      states: {
        // The idle timeout of the provider limits the wait.
        summarizing: {
          invoke: { src: 'summarize', input: ({ context }) => ({ turnId: context.turnId }) },
          on: {
            progressed: { actions: assign({ attempt: 0 }) },
            summarized: [
              { guard: 'isCompacting', target: '#turn.completed' },
              { target: '#turn.sampling', actions: assign({ isFull: false, attempt: 0 }) },
            ],
            responseFailed: [
              { guard: { type: 'mayRetry', params: ofFailure }, target: 'backingOff', actions: retried },
              failedForGood,
            ],
          },
        },
        backingOff: { after: { retryWait: 'summarizing' } },
      },
    },
    // A command that a person typed ends, runs out of its time, or is interrupted.
    runningCommand: {
      invoke: {
        src: 'runUserCommand',
        input: ({ context }) => ({ turnId: context.turnId }),
        onDone: [
          { guard: { type: 'wasStopped', params: ({ event }) => event.output }, target: 'interrupted' },
          { target: 'completed' },
        ],
        onError: { target: 'interrupting', actions: { type: 'keepError', params: toError } },
      },
      initial: 'working',
      states: {
        working: { on: { interrupt: 'stopping' } },
        stopping: {
          entry: 'stopUserCommands',
          on: { interrupt: {} },
          after: { interruptTimeout: '#turn.interrupted' },
        },
      },
    },
    interrupting: {
      entry: ['interruptCalls', 'stopUserCommands'],
      on: {
        interrupt: {},
        steer: {},
        toolCall: {},
        callSettled: { actions: assign({ calls: ({ context, event }) => without(context.calls, event.callId) }) },
      },
      always: [
        { guard: ({ context }) => Object.keys(context.calls).length === 0 && context.error !== null, target: 'failed' },
        { guard: 'isSettled', target: 'interrupted' },
      ],
      after: {
        interruptTimeout: [{ guard: 'hasError', target: 'failed' }, { target: 'interrupted' }],
      },
    },
    completed: {
      type: 'final',
      entry: { type: 'recordEnd', params: { status: 'completed', error: null } },
      output: { status: 'completed', error: null },
    },
    interrupted: {
      type: 'final',
      entry: { type: 'recordEnd', params: { status: 'interrupted', error: null } },
      output: { status: 'interrupted', error: null },
    },
    failed: {
      type: 'final',
      entry: { type: 'recordEnd', params: ({ context }) => ({ status: 'failed', error: context.error }) },
      output: ({ context }) => ({ status: 'failed', error: context.error }),
    },
  },
});
