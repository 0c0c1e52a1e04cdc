import { assign, setup } from 'xstate';
import { messageOf } from '../core/errors.ts';
import { unprovided } from '../unprovided.ts';
import type { McpOffer } from './mcp-offer.ts';
import { SignInNeededError } from './mcp-sign-in.ts';

/** Ends in a row after which a server is left alone until somebody asks for it anew. */
export const MAX_CRASHES = 5;
export const FIRST_BACK_OFF_MS = 1_000;
/** How long a server has to hold out before its crashes are forgotten. */
export const STEADY_MS = 60_000;
/** How long a failure stands before the next turn may try again. */
export const COOL_DOWN_MS = 60_000;

export type McpServerEvent =
  /** Its process ended, or its address stopped answering, or it answers only those who have signed in. */
  | { readonly type: 'lost'; readonly reason: string; readonly needsSignIn?: boolean }
  | { readonly type: 'offerChanged'; readonly offer: McpOffer }
  /** The first thread uses it again; the last one let go of it. */
  | { readonly type: 'acquired' }
  | { readonly type: 'released' }
  /** A turn begins that would use it. */
  | { readonly type: 'needed' }
  /** A person asks for another try, or a thread that did not know it. */
  | { readonly type: 'retry' }
  | { readonly type: 'stop' };

export interface McpServerInput {
  readonly startLimitMs: number;
  /** How long a server that nobody uses any more is kept. */
  readonly lingerMs: number;
}

export interface McpServerContext extends McpServerInput {
  /** What it offered last; kept while it is started again. */
  readonly offer: McpOffer | null;
  readonly error: string | null;
  /** Why it failed: a person has to sign in. Starting it again would help nobody. */
  readonly needsSignIn: boolean;
  /** Ends in a row. */
  readonly crashes: number;
}

const keepFailure = {
  type: 'keepError',
  params: ({ event }: { event: { error: unknown } }) => ({
    error: messageOf(event.error),
    needsSignIn: event.error instanceof SignInNeededError,
  }),
} as const;

const keepLoss = {
  type: 'keepError',
  params: ({ event }: { event: { reason: string; needsSignIn?: boolean } }) => ({
    error: event.reason,
    needsSignIn: event.needsSignIn ?? false,
  }),
} as const;

/** Whether what ended it is that nobody is signed in. */
const lacksSignIn = (event: object): boolean =>
  ('needsSignIn' in event && event.needsSignIn === true) ||
  ('error' in event && event.error instanceof SignInNeededError);

/** One that ran before is started again, with back-off; one that never did is told of at once. */
const fails = <Keep>(keep: Keep) =>
  [
    { guard: 'mayRestart', target: '#mcpServer.restarting', actions: keep },
    { target: '#mcpServer.failed', actions: keep },
  ] as const;

/** One MCP server, shared by all threads that need the same (DESIGN §4). `endServer` ends whatever is left of it. */
export const mcpServerMachine = setup({
  types: {
    input: {} as McpServerInput,
    context: {} as McpServerContext,
    events: {} as McpServerEvent,
  },
  actors: {
    /** Starts it, shakes hands and asks what it offers. Whatever it started is gone when it is stopped. */
    startServer: unprovided<McpOffer, void>('startServer'),
  },
  actions: {
    endServer: () => {},
    keepOffer: assign((_, { offer }: { offer: McpOffer }) => ({ offer, error: null, needsSignIn: false })),
    keepError: assign((_, kept: { error: string; needsSignIn: boolean }) => kept),
    keepLateness: assign({
      error: ({ context }) => `it did not start within ${context.startLimitMs / 1000} s`,
      needsSignIn: false,
    }),
    countCrash: assign({ crashes: ({ context }) => context.crashes + 1 }),
    forgetCrashes: assign({ crashes: 0 }),
  },
  guards: {
    mayRestart: ({ context, event }) => context.offer !== null && context.crashes < MAX_CRASHES && !lacksSignIn(event),
  },
  delays: {
    startLimit: ({ context }) => context.startLimitMs,
    lingerLimit: ({ context }) => context.lingerMs,
    backOff: ({ context }) => FIRST_BACK_OFF_MS * 2 ** Math.max(0, context.crashes - 1),
    steadyTime: STEADY_MS,
    coolDown: COOL_DOWN_MS,
  },
}).createMachine({
  id: 'mcpServer',
  context: ({ input }) => ({ ...input, offer: null, error: null, needsSignIn: false, crashes: 0 }),
  initial: 'starting',
  on: { stop: '.stopped' },
  states: {
    starting: {
      invoke: {
        src: 'startServer',
        onDone: { target: 'ready', actions: { type: 'keepOffer', params: ({ event }) => ({ offer: event.output }) } },
        onError: fails(keepFailure),
      },
      after: { startLimit: fails('keepLateness') },
      on: { released: 'stopped' },
    },
    ready: {
      initial: 'used',
      on: {
        offerChanged: { actions: { type: 'keepOffer', params: ({ event }) => ({ offer: event.offer }) } },
        lost: fails(keepLoss),
      },
      states: {
        used: {
          after: { steadyTime: { actions: 'forgetCrashes' } },
          on: { released: 'unused' },
        },
        // What it knows (an open browser, say) is kept for a while: the next thread may come soon.
        unused: {
          after: { lingerLimit: '#mcpServer.stopped' },
          on: { acquired: 'used', lost: '#mcpServer.stopped' },
        },
      },
    },
    restarting: {
      entry: ['endServer', 'countCrash'],
      after: { backOff: 'starting' },
      on: { retry: 'starting', released: 'stopped' },
    },
    // Its tools are not offered. The next turn tries again, once the failure is not fresh any more.
    failed: {
      entry: ['endServer', 'forgetCrashes'],
      initial: 'fresh',
      on: { retry: 'starting', released: 'stopped' },
      states: {
        fresh: { after: { coolDown: 'stale' } },
        stale: { on: { needed: '#mcpServer.starting' } },
      },
    },
    stopped: { type: 'final', entry: 'endServer' },
  },
});
