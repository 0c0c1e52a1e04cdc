import { type ActorRefFrom, assign, type EventObject, fromCallback, setup } from 'xstate';
import type { ApprovalDecision } from '../protocol/types/approval.ts';
import type { TurnError } from '../protocol/types/thread.ts';
import { unprovided } from '../unprovided.ts';
import type { ToolCall, ToolCallReport } from './tool-call.ts';
import { type ToolCallInput, toolCallMachine } from './tool-call-machine.ts';
import type {
  PreparedTurn,
  ReopenedCalls,
  StreamFailure,
  TurnInput,
  TurnOutput,
  TurnPrompt,
  TurnTask,
} from './turn.ts';

/** How long an interrupted turn waits for its calls; each has a shorter limit of its own. */
export const INTERRUPT_TIMEOUT_MS = 10_000;

export type TurnEvent =
  /** A call's item is whole: it starts at once, not at the end of the response (agent.md §1). */
  | { readonly type: 'toolCall'; readonly call: ToolCall }
  /** Something of an answer arrived: failures are counted from one again. */
  | { readonly type: 'progressed' }
  /** `isFull`: the history has reached the limit at which it is shortened. */
  | { readonly type: 'responseCompleted'; readonly isFull: boolean }
  | { readonly type: 'responseFailed'; readonly failure: StreamFailure }
  /** The summary is written and stands in for the history. */
  | { readonly type: 'summarized' }
  /** A person added a message, which is in the history already. */
  | { readonly type: 'steer' }
  /** Something for the model was added that does not cut its answer: the output of a person's command. */
  | { readonly type: 'historyGrew' }
  | { readonly type: 'interrupt' }
  | { readonly type: 'answered'; readonly callId: string; readonly decision: ApprovalDecision }
  | { readonly type: 'storeFailed'; readonly error: TurnError }
  | ToolCallReport;

/** A person's answer to the question of a call. */
interface Answer {
  readonly callId: string;
  readonly decision: ApprovalDecision;
}

interface OpenCall {
  readonly ref: ActorRefFrom<typeof toolCallMachine>;
  readonly isWaiting: boolean;
}

export interface TurnContext extends TurnInput, PreparedTurn {
  /** Calls without an output yet, by call id. */
  readonly calls: Readonly<Record<string, OpenCall>>;
  /** Answers given while a reopened turn is set up again, oldest first. */
  readonly answers: readonly Answer[];
  /** The history grew since the last request: the model must be asked again. */
  readonly hasNews: boolean;
  /** The history did not fit once already and was shortened for it. */
  readonly hasOverflowed: boolean;
  readonly attempt: number;
  readonly retryAtMs: number;
  readonly error: TurnError | null;
}

type Calls = TurnContext['calls'];
export const setWaiting = (calls: Calls, callId: string, isWaiting: boolean): Calls => {
  const call = calls[callId];
  return call ? { ...calls, [callId]: { ...call, isWaiting } } : calls;
};
export const without = (calls: Calls, callId: string): Calls =>
  Object.fromEntries(Object.entries(calls).filter(([id]) => id !== callId));
const hasCalls = ({ context }: { context: TurnContext }) => Object.keys(context.calls).length > 0;
/** A call to be begun, or to be gone on with when a person was asked about it before a restart. */
interface CallToSpawn {
  readonly call: ToolCall;
  readonly asked: ToolCallInput['asked'];
}

export const askedCalls = (reopened: ReopenedCalls | null): CallToSpawn[] =>
  (reopened?.waiting ?? []).map(({ call, thenOutside }) => ({ call, asked: { thenOutside } }));

export const pendingCalls = (reopened: ReopenedCalls | null): CallToSpawn[] =>
  (reopened?.pending ?? []).map((call) => ({ call, asked: null }));

const hasTask = (task: TurnTask) => (_: unknown, params: { task: TurnTask }) => params.task === task;

/** The types, effects, guards and actions of a turn; its chart stands in turn-machine.ts. */
export const turnSetup = setup({
  types: {
    input: {} as TurnInput,
    context: {} as TurnContext,
    events: {} as TurnEvent,
    output: {} as TurnOutput,
  },
  actors: {
    prepareTurn: unprovided<PreparedTurn, TurnPrompt>('prepareTurn'),
    /** Sets a turn up again in the surroundings of the client that answered. */
    reopenTurn: unprovided<PreparedTurn, TurnPrompt>('reopenTurn'),
    streamModel: fromCallback<EventObject, { turnId: string }>(() => {
      throw new Error('effect streamModel was not provided');
    }),
    /** Has the model write a summary and puts it in the history's place; tells `summarized` or `responseFailed`. */
    summarize: fromCallback<EventObject, { turnId: string }>(() => {
      throw new Error('effect summarize was not provided');
    }),
    /** Runs the command that a person typed, to its end. */
    runUserCommand: unprovided<{ readonly isStopped: boolean }, { turnId: string }>('runUserCommand'),
    toolCall: toolCallMachine,
  },
  actions: {
    /** Tells the followers "Reconnecting... n/max". */
    announceRetry: (_, _params: { attempt: number; max: number; error: TurnError }) => {},
    /** Tells whether a person is being asked. */
    announceWaiting: (_, _params: { isWaiting: boolean }) => {},
    /** Kills the commands that people run beside or as this turn. */
    stopUserCommands: () => {},
    /** Logs the end of the turn, then announces it. */
    recordEnd: (_, _params: TurnOutput) => {},
    keepError: assign({ error: (_, params: { error: TurnError }) => params.error }),
    keepPrepared: assign((_, params: PreparedTurn) => params),
    noteNews: assign({ hasNews: true }),
    countAttempt: assign(({ context }, params: { failure: StreamFailure }) => ({
      attempt: context.attempt + 1,
      retryAtMs: params.failure.waitsMs(context.attempt + 1),
    })),
    spawnCalls: assign({
      calls: ({ context, spawn, self }, params: { calls: readonly CallToSpawn[] }) => {
        const input = { approvalPolicy: context.approvalPolicy, turn: self };
        const spawned = params.calls.map(({ call, asked }) => [
          call.callId,
          {
            isWaiting: asked !== null,
            ref: spawn('toolCall', { id: `call:${call.callId}`, input: { ...input, call, asked } }),
          },
        ]);
        return { ...context.calls, ...Object.fromEntries(spawned) };
      },
      hasNews: true,
    }),
    keepAnswer: assign({ answers: ({ context }, params: Answer) => [...context.answers, params] }),
    passAnswers: ({ context }) => {
      for (const { callId, decision } of context.answers)
        context.calls[callId]?.ref.send({ type: 'answered', decision });
    },
    interruptCalls: ({ context }) => {
      for (const { ref } of Object.values(context.calls)) ref.send({ type: 'interrupt' });
    },
    passAnswer: ({ context }, params: Answer) =>
      context.calls[params.callId]?.ref.send({ type: 'answered', decision: params.decision }),
  },
  guards: {
    hasCalls,
    isReopened: ({ context }) => context.reopened !== null,
    cancels: (_, params: Answer) => params.decision === 'cancel',
    isSettled: (args) => !hasCalls(args),
    isWaiting: ({ context }) => Object.values(context.calls).some((call) => call.isWaiting),
    hasNews: ({ context }) => context.hasNews,
    mustShorten: ({ context }) => context.hasNews && context.isFull,
    hasError: ({ context }) => context.error !== null,
    isCompacting: ({ context }) => context.task === 'compact',
    compacts: hasTask('compact'),
    runsCommand: hasTask('userCommand'),
    startsFull: (_, params: { isFull: boolean }) => params.isFull,
    wasStopped: (_, params: { isStopped: boolean }) => params.isStopped,
    mayRetry: ({ context }, params: { failure: StreamFailure }) =>
      params.failure.isRetryable && context.attempt < context.streamMaxRetries,
    mayShorten: ({ context }, params: { failure: StreamFailure }) =>
      params.failure.isOverflow && !context.hasOverflowed,
    cancelsTurn: (_, params: { cancelsTurn: boolean }) => params.cancelsTurn,
  },
  delays: {
    retryWait: ({ context }) => context.retryAtMs,
    interruptTimeout: INTERRUPT_TIMEOUT_MS,
  },
});
