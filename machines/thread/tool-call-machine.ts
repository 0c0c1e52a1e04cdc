import { type ActorRef, assign, type Snapshot, sendTo, setup } from 'xstate';
import { type CallDecision, decideCall } from '../policy/approval.ts';
import type { ApprovalDecision } from '../protocol/types/approval.ts';
import type { ApprovalPolicy } from '../protocol/types/policy.ts';
import { unprovided } from '../unprovided.ts';
import {
  ABORTED_BY_USER,
  type CallEnding,
  type CallOutcome,
  type PreparedCall,
  REJECTED_BY_USER,
  type ToolCall,
  type ToolCallReport,
} from './tool-call.ts';

/** How long a stopped tool may take to hand over what it had; its processes are killed long before. */
export const STOP_TOOL_TIMEOUT_MS = 5_000;

export type ToolCallEvent =
  | { readonly type: 'answered'; readonly decision: ApprovalDecision }
  | { readonly type: 'interrupt' };

export interface ToolCallInput {
  readonly call: ToolCall;
  readonly approvalPolicy: ApprovalPolicy;
  readonly turn: ActorRef<Snapshot<unknown>, ToolCallReport>;
  /** A person was asked already, by a daemon that has ended; null for a new call. */
  readonly asked: { readonly thenOutside: boolean } | null;
}

export interface ToolCallContext extends ToolCallInput {
  readonly decision: CallDecision | null;
  readonly outcome: CallOutcome;
  /** Whether this daemon has looked at the call. */
  readonly isPrepared: boolean;
  /** Whether a person allowed equal calls for the rest of the thread. */
  readonly isForThread: boolean;
}

const toOutcome = (error: unknown): CallOutcome => ({
  output: error instanceof Error ? error.message : String(error),
  ok: false,
});

const decidedTo = (type: CallDecision['type']) => (args: { context: ToolCallContext }) =>
  args.context.decision?.type === type;

/** Runs the tool, inside or outside the sandbox; an interrupt stops it and keeps what it had put out. */
const runs = (outside: boolean) =>
  ({
    initial: 'working',
    invoke: {
      src: 'runTool',
      input: ({ context }: { context: ToolCallContext }) => ({ call: context.call, outside }),
      onDone: [
        {
          guard: ({ event }: { event: { output: CallOutcome } }) => event.output.ok,
          target: 'completed',
          actions: {
            type: 'keepOutcome',
            params: ({ event }: { event: { output: CallOutcome } }) => ({ outcome: event.output }),
          },
        },
        {
          target: 'failed',
          actions: {
            type: 'keepOutcome',
            params: ({ event }: { event: { output: CallOutcome } }) => ({ outcome: event.output }),
          },
        },
      ],
      onError: {
        target: 'failed',
        actions: {
          type: 'keepOutcome',
          params: ({ event }: { event: { error: unknown } }) => ({ outcome: toOutcome(event.error) }),
        },
      },
    },
    states: {
      // A command has no time limit of its own: it ends, moves to the background, or a person interrupts.
      working: { on: { interrupt: 'stopping' } },
      stopping: { entry: 'stopTool', after: { stopTimeout: '#toolCall.aborted' } },
    },
  }) as const;

/** The last thing of a call: its output is logged and its end announced before the turn hears of it. */
const ends = (ending: CallEnding) =>
  ({
    type: 'final',
    entry: [{ type: 'recordOutcome', params: { ending } }, 'reportSettled'],
  }) as const;

/**
 * One call: decide, ask, run, answer. It always ends with an output, since the next request to the model is valid only
 * when every call has one (agent.md §20). Steps that act are supplied by the daemon.
 */
export const toolCallMachine = setup({
  types: {
    input: {} as ToolCallInput,
    context: {} as ToolCallContext,
    events: {} as ToolCallEvent,
  },
  actors: {
    prepareCall: unprovided<PreparedCall, { call: ToolCall }>('prepareCall'),
    /** Keeps the question, shows the call and asks the attached people. */
    askPerson: unprovided<void, { call: ToolCall; thenOutside: boolean }>('askPerson'),
    runTool: unprovided<CallOutcome, { call: ToolCall; outside: boolean }>('runTool'),
  },
  actions: {
    /** Makes this answer the rule for equal calls of the thread. */
    rememberGrant: () => {},
    /** Kills what the tool runs; `runTool` then ends with what it had. */
    stopTool: () => {},
    /** Logs the output, then announces the item's end. */
    recordOutcome: (_, _params: { ending: CallEnding }) => {},
    keepOutcome: assign({ outcome: (_, params: { outcome: CallOutcome }) => params.outcome }),
    /** What looking at the call answered at once. */
    keepAnswer: assign({
      outcome: (_, { prepared }: { prepared: PreparedCall }) => ({
        output: prepared.type === 'answered' ? prepared.output : '',
        ok: false,
      }),
    }),
    keepRefusal: assign({
      outcome: ({ context }) => ({
        output: context.decision?.type === 'refuse' ? context.decision.output : REJECTED_BY_USER,
        ok: false,
      }),
    }),
    reportWaiting: sendTo(
      ({ context }) => context.turn,
      ({ context }) => ({ type: 'callWaiting', callId: context.call.callId }),
    ),
    reportResumed: sendTo(
      ({ context }) => context.turn,
      ({ context }) => ({ type: 'callResumed', callId: context.call.callId }),
    ),
    reportSettled: sendTo(
      ({ context }) => context.turn,
      ({ context, event }) => ({
        type: 'callSettled',
        callId: context.call.callId,
        cancelsTurn: event.type === 'answered' && event.decision === 'cancel',
      }),
    ),
  },
  guards: {
    isAnswered: (_, params: { prepared: PreparedCall }) => params.prepared.type === 'answered',
    mayRun: decidedTo('run'),
    mayRunOutside: decidedTo('runOutside'),
    mustAsk: decidedTo('ask'),
    accepts: (_, params: { decision: ApprovalDecision }) =>
      params.decision === 'accept' || params.decision === 'acceptForSession',
    wasAsked: ({ context }) => context.asked !== null,
    isUnprepared: ({ context }) => !context.isPrepared,
    isForThread: ({ context }) => context.isForThread,
    runsOutsideThen: ({ context }) => context.decision?.type === 'ask' && context.decision.thenOutside,
  },
  delays: { stopTimeout: STOP_TOOL_TIMEOUT_MS },
}).createMachine({
  id: 'toolCall',
  context: ({ input }) => ({
    ...input,
    decision: input.asked && { type: 'ask', thenOutside: input.asked.thenOutside },
    outcome: { output: ABORTED_BY_USER, ok: false },
    isPrepared: false,
    isForThread: false,
  }),
  initial: 'deciding',
  states: {
    // Parses the arguments and reads the files of a patch; the effect has its own limit.
    deciding: {
      initial: 'arriving',
      on: { interrupt: 'aborted' },
      states: {
        arriving: {
          always: [
            { guard: 'wasAsked', target: '#toolCall.awaitingApproval.open', actions: 'reportWaiting' },
            { target: 'preparing' },
          ],
        },
        preparing: {
          invoke: {
            src: 'prepareCall',
            input: ({ context }) => ({ call: context.call }),
            onDone: [
              {
                guard: { type: 'isAnswered', params: ({ event }) => ({ prepared: event.output }) },
                target: '#toolCall.failed',
                actions: { type: 'keepAnswer', params: ({ event }) => ({ prepared: event.output }) },
              },
              {
                target: 'judging',
                actions: assign({
                  isPrepared: true,
                  decision: ({ context, event }) =>
                    event.output.type === 'ready' ? decideCall(event.output.facts, context.approvalPolicy) : null,
                }),
              },
            ],
            onError: {
              target: '#toolCall.failed',
              actions: { type: 'keepOutcome', params: ({ event }) => ({ outcome: toOutcome(event.error) }) },
            },
          },
        },
        judging: {
          always: [
            { guard: 'mayRun', target: '#toolCall.running' },
            { guard: 'mayRunOutside', target: '#toolCall.escalating' },
            { guard: 'mustAsk', target: '#toolCall.awaitingApproval' },
            { target: '#toolCall.failed', actions: 'keepRefusal' },
          ],
        },
      },
    },
    // Waits for a person, for ever: the question survives detach and restart.
    awaitingApproval: {
      initial: 'asking',
      on: { interrupt: 'aborted' },
      states: {
        // A question that cannot be kept is not asked: the call fails, and says why.
        asking: {
          invoke: {
            src: 'askPerson',
            input: ({ context }) => ({
              call: context.call,
              thenOutside: context.decision?.type === 'ask' && context.decision.thenOutside,
            }),
            onDone: { target: 'open', actions: 'reportWaiting' },
            onError: {
              target: '#toolCall.failed',
              actions: { type: 'keepOutcome', params: ({ event }) => ({ outcome: toOutcome(event.error) }) },
            },
          },
        },
        open: {
          on: {
            answered: [
              {
                guard: { type: 'accepts', params: ({ event }) => ({ decision: event.decision }) },
                target: 'accepted',
                actions: [
                  assign({ isForThread: ({ event }) => event.decision === 'acceptForSession' }),
                  'reportResumed',
                ],
              },
              { target: '#toolCall.declined', actions: 'keepRefusal' },
            ],
          },
        },
        accepted: {
          always: [
            { guard: 'isUnprepared', target: 'reviewing' },
            { guard: 'isForThread', target: 'granted', actions: 'rememberGrant' },
            { target: 'granted' },
          ],
        },
        // Asked by a daemon that has ended: looked at anew, since the files or the surroundings may have changed.
        reviewing: {
          invoke: {
            src: 'prepareCall',
            input: ({ context }) => ({ call: context.call }),
            onDone: [
              {
                guard: { type: 'isAnswered', params: ({ event }) => ({ prepared: event.output }) },
                target: '#toolCall.failed',
                actions: { type: 'keepAnswer', params: ({ event }) => ({ prepared: event.output }) },
              },
              { target: 'accepted', actions: assign({ isPrepared: true }) },
            ],
            onError: {
              target: '#toolCall.failed',
              actions: { type: 'keepOutcome', params: ({ event }) => ({ outcome: toOutcome(event.error) }) },
            },
          },
        },
        granted: {
          always: [{ guard: 'runsOutsideThen', target: '#toolCall.escalating' }, { target: '#toolCall.running' }],
        },
      },
    },
    running: runs(false),
    // Outside the sandbox, because a person or full access allowed it.
    escalating: runs(true),
    completed: ends('completed'),
    // The item's end comes before the status (protocol.md §5).
    declined: {
      type: 'final',
      entry: [{ type: 'recordOutcome', params: { ending: 'declined' } }, 'reportResumed', 'reportSettled'],
    },
    aborted: ends('aborted'),
    failed: ends('failed'),
  },
});
