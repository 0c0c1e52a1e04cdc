import { assign, setup } from 'xstate';

export type ExecProcessEvent =
  | { readonly type: 'started' }
  /** It could not be started at all. */
  | { readonly type: 'failed' }
  /** It has ended, and so has everything that it started. */
  | { readonly type: 'exited'; readonly exitCode: number }
  /** A call waits for its output or its end, or no longer does. */
  | { readonly type: 'watch' }
  | { readonly type: 'unwatch' }
  | { readonly type: 'kill' };

export interface ExecProcessInput {
  /** As people know it. */
  readonly command: string;
}

export interface ExecProcessContext extends ExecProcessInput {
  /** Null while it runs, and for one that never did. */
  readonly exitCode: number | null;
  /** It is to be killed as soon as it has started. */
  readonly isUnwanted: boolean;
}

/**
 * One command of a thread (agent.md §7). A command has no time limit of its own: it ends, or somebody ends it. One that
 * nobody waits for lives on in the background, where the model and people can look at it.
 */
export const execProcessMachine = setup({
  types: { input: {} as ExecProcessInput, context: {} as ExecProcessContext, events: {} as ExecProcessEvent },
  actions: {
    /** Supplied by the daemon: ends the whole family, by force when it does not go by itself. */
    killFamily: () => {},
    markUnwanted: assign({ isUnwanted: true }),
    keepExit: assign({ exitCode: (_, params: { exitCode: number }) => params.exitCode }),
  },
  guards: { isUnwanted: ({ context }) => context.isUnwanted },
}).createMachine({
  id: 'execProcess',
  context: ({ input }) => ({ ...input, exitCode: null, isUnwanted: false }),
  initial: 'starting',
  states: {
    // As long as the system takes to start a program.
    starting: {
      on: {
        started: [{ guard: 'isUnwanted', target: 'stopping' }, { target: 'running' }],
        failed: 'notStarted',
        kill: { actions: 'markUnwanted' },
      },
    },
    running: {
      initial: 'watched',
      on: {
        exited: {
          target: 'exited',
          actions: { type: 'keepExit', params: ({ event }) => ({ exitCode: event.exitCode }) },
        },
        kill: 'stopping',
      },
      states: {
        watched: { on: { unwatch: 'background' } },
        background: { on: { watch: 'watched' } },
      },
    },
    // Ends by itself: what does not go is killed by force.
    stopping: {
      entry: 'killFamily',
      on: {
        exited: {
          target: 'exited',
          actions: { type: 'keepExit', params: ({ event }) => ({ exitCode: event.exitCode }) },
        },
      },
    },
    exited: { type: 'final' },
    notStarted: { type: 'final' },
  },
});
