import { assign, sendTo, setup } from 'xstate';
import { inOrder } from '../protocol/in-order.ts';
import type { ApprovalDecision } from '../protocol/types/approval.ts';
import type { TurnError } from '../protocol/types/thread.ts';
import { unprovided } from '../unprovided.ts';
import type { ReopenedTurn } from './reopen.ts';
import type { ReopenedCalls, TurnOutput } from './turn.ts';
import { turnMachine } from './turn-machine.ts';

/** A prompt in line. The words of it are in the log; the machine keeps its place. */
export interface WaitingPrompt {
  readonly promptId: string;
  readonly turnId: string;
  /** False when the environment of its client was lost in a restart: it waits for a client. */
  readonly isReady: boolean;
}

export type ThreadEvent =
  | { readonly type: 'submit'; readonly prompt: WaitingPrompt }
  /** As `submit`, before all that wait: a line that is held goes on behind it. */
  | { readonly type: 'submitFirst'; readonly prompt: WaitingPrompt }
  | { readonly type: 'reorder'; readonly promptIds: readonly string[] }
  | { readonly type: 'withdraw'; readonly promptId: string }
  | { readonly type: 'steer' }
  | { readonly type: 'historyGrew' }
  | { readonly type: 'interrupt' }
  | { readonly type: 'answered'; readonly callId: string; readonly decision: ApprovalDecision }
  | { readonly type: 'storeFailed'; readonly error: TurnError }
  /** Lets go of a turn that does nothing but wait for a person: it goes on when the thread is loaded again. */
  | { readonly type: 'suspend' }
  | { readonly type: 'unload' };

/** What a thread's log holds to be gone on with. */
export interface LoadedThread {
  readonly queue: readonly WaitingPrompt[];
  /** A turn that waits for a person, or null. */
  readonly reopened: ReopenedTurn | null;
}

export interface ThreadContext {
  readonly threadId: string;
  readonly queue: readonly WaitingPrompt[];
  readonly current: WaitingPrompt | null;
  /** A person stopped the turn before: what waits in line waits on, until a turn is started by hand. */
  readonly isHeld: boolean;
  /** A turn to go on with before any other. */
  readonly reopened: ReopenedTurn | null;
  /** The calls of the running turn that were open when it was gone on with. */
  readonly reopenedCalls: ReopenedCalls | null;
  /** Asked to let go: no other turn starts, what waits in line stays in the log. */
  readonly isUnloading: boolean;
  readonly error: unknown;
}

/** The oldest prompt that can start: one that waits for a client's environment holds up nobody behind it. */
const firstReady = ({ queue }: ThreadContext): WaitingPrompt | null => queue.find((prompt) => prompt.isReady) ?? null;

/** A prompt that is sent again, now with its environment, keeps its place. */
function inLine(queue: readonly WaitingPrompt[], prompt: WaitingPrompt): readonly WaitingPrompt[] {
  const at = queue.findIndex((known) => known.promptId === prompt.promptId);
  return at < 0 ? [...queue, prompt] : queue.with(at, prompt);
}

/** What is left in line. A line that ran empty is not held any more. */
const without = ({ queue, isHeld }: ThreadContext, promptId: string): Pick<ThreadContext, 'queue' | 'isHeld'> => {
  const left = queue.filter((prompt) => prompt.promptId !== promptId);
  return { queue: left, isHeld: isHeld && left.length > 0 };
};

/** A thread's life. It runs one turn at a time and keeps the rest of the prompts in line. */
export const threadMachine = setup({
  types: {
    input: {} as { threadId: string },
    context: {} as ThreadContext,
    events: {} as ThreadEvent,
  },
  actors: {
    loadThread: unprovided<LoadedThread, { threadId: string }>('loadThread'),
    closeThread: unprovided<void, { threadId: string }>('closeThread'),
    turn: turnMachine,
  },
  actions: {
    enqueue: assign({
      queue: ({ context }, params: { prompt: WaitingPrompt }) => inLine(context.queue, params.prompt),
    }),
    putFirst: assign(({ context }, { prompt }: { prompt: WaitingPrompt }) => ({
      queue: [prompt, ...without(context, prompt.promptId).queue],
      isHeld: false,
    })),
    dequeue: assign(({ context }, params: { promptId: string }) => without(context, params.promptId)),
    reorder: assign({
      queue: ({ context }, params: { promptIds: readonly string[] }) =>
        inOrder(context.queue, params.promptIds, ({ promptId }) => promptId),
    }),
    holdLine: assign({ isHeld: ({ context }) => context.queue.length > 0 }),
    takeFirst: assign(({ context }) => {
      const current = firstReady(context);
      return { current, queue: context.queue.filter((prompt) => prompt !== current), reopenedCalls: null };
    }),
    takeReopened: assign(({ context: { reopened } }) => ({
      current: reopened && { promptId: reopened.promptId, turnId: reopened.turnId, isReady: true },
      reopenedCalls: reopened?.calls ?? null,
      reopened: null,
    })),
  },
  guards: {
    hasReopened: ({ context }) => context.reopened !== null,
    hasReady: ({ context }) => !context.isHeld && firstReady(context) !== null,
    wasStopped: (_, { status }: TurnOutput) => status === 'interrupted',
    isUnloading: ({ context }) => context.isUnloading,
  },
}).createMachine({
  id: 'thread',
  context: ({ input }) => ({
    threadId: input.threadId,
    queue: [],
    current: null,
    isHeld: false,
    reopened: null,
    reopenedCalls: null,
    isUnloading: false,
    error: null,
  }),
  initial: 'loading',
  on: {
    submit: { actions: { type: 'enqueue', params: ({ event }) => ({ prompt: event.prompt }) } },
    submitFirst: { actions: { type: 'putFirst', params: ({ event }) => ({ prompt: event.prompt }) } },
    reorder: { actions: { type: 'reorder', params: ({ event }) => ({ promptIds: event.promptIds }) } },
    withdraw: { actions: { type: 'dequeue', params: ({ event }) => ({ promptId: event.promptId }) } },
    unload: { actions: assign({ isUnloading: true }) },
  },
  states: {
    // Reads the log; limited by its size.
    loading: {
      invoke: {
        src: 'loadThread',
        input: ({ context }) => ({ threadId: context.threadId }),
        onDone: {
          target: 'idle',
          actions: assign({
            queue: ({ context, event }) => context.queue.reduce(inLine, event.output.queue),
            reopened: ({ event }) => event.output.reopened,
          }),
        },
        onError: { target: 'closed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    // Waits for a prompt, or for a person while the line is held; unloaded when nobody follows it.
    idle: {
      always: [
        { guard: 'isUnloading', target: 'closing' },
        { guard: 'hasReopened', target: 'running', actions: 'takeReopened' },
        { guard: 'hasReady', target: 'running', actions: 'takeFirst' },
      ],
    },
    running: {
      exit: assign({ current: null, reopenedCalls: null }),
      invoke: {
        id: 'turn',
        src: 'turn',
        input: ({ context }) => ({
          turnId: context.current?.turnId ?? '',
          promptId: context.current?.promptId ?? '',
          reopened: context.reopenedCalls,
        }),
        onDone: [
          { guard: { type: 'wasStopped', params: ({ event }) => event.output }, target: 'idle', actions: 'holdLine' },
          { target: 'idle' },
        ],
        onError: { target: 'idle', actions: assign({ error: ({ event }) => event.error }) },
      },
      on: {
        suspend: 'closing',
        steer: { actions: sendTo('turn', ({ event }) => event) },
        historyGrew: { actions: sendTo('turn', ({ event }) => event) },
        interrupt: { actions: sendTo('turn', ({ event }) => event) },
        answered: { actions: sendTo('turn', ({ event }) => event) },
        storeFailed: { actions: sendTo('turn', ({ event }) => event) },
      },
    },
    // Flushes the log to the disk.
    closing: {
      invoke: {
        src: 'closeThread',
        input: ({ context }) => ({ threadId: context.threadId }),
        onDone: 'closed',
        onError: { target: 'closed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    closed: { type: 'final' },
  },
});
