import { assign, setup } from 'xstate';
import { unprovided } from '../unprovided.ts';

export type DaemonEvent =
  | { readonly type: 'listening' }
  | { readonly type: 'startFailed'; readonly error: unknown }
  /** A client, a turn, a queued prompt or a background terminal exists. */
  | { readonly type: 'becameBusy' }
  | { readonly type: 'becameIdle' }
  /** `drainMs`: how long running turns may go on before they are interrupted. */
  | { readonly type: 'stop'; readonly reason: string; readonly drainMs: number };

export interface DaemonContext {
  /** Milliseconds without any client or work until the daemon ends by itself; 0 = never. */
  readonly idleExitMs: number;
  readonly reason: string | null;
  readonly drainMs: number;
  readonly error: unknown;
}

const keepReason = assign<DaemonContext, Extract<DaemonEvent, { type: 'stop' }>, undefined, DaemonEvent, never>({
  reason: ({ event }) => event.reason,
  drainMs: ({ event }) => event.drainMs,
});
const stop = { target: '#daemon.draining', actions: keepReason } as const;

/** The daemon's life (DESIGN §7). `drain` does the teardown in its written order, within its own limits. */
export const daemonMachine = setup({
  types: {
    input: {} as { idleExitMs: number },
    context: {} as DaemonContext,
    events: {} as DaemonEvent,
  },
  actors: { drain: unprovided<void, { reason: string; drainMs: number }>('drain') },
  guards: { mayIdleOut: ({ context }) => context.idleExitMs > 0 },
  delays: { idleExit: ({ context }) => context.idleExitMs },
}).createMachine({
  id: 'daemon',
  context: ({ input }) => ({ idleExitMs: input.idleExitMs, reason: null, drainMs: 0, error: null }),
  initial: 'starting',
  states: {
    // The limit is the start lock's: whoever started this process waits for it and gives up.
    starting: {
      on: {
        listening: 'listening',
        startFailed: { target: 'stopped', actions: assign({ error: ({ event }) => event.error }) },
        stop: { target: 'stopped', actions: keepReason },
      },
    },
    listening: {
      initial: 'idle',
      on: { stop },
      states: {
        idle: {
          on: { becameBusy: 'busy' },
          after: {
            idleExit: {
              guard: 'mayIdleOut',
              target: '#daemon.draining',
              actions: assign({ reason: 'nobody used it' }),
            },
          },
        },
        busy: { on: { becameIdle: 'idle' } },
      },
    },
    draining: {
      invoke: {
        src: 'drain',
        input: ({ context }) => ({ reason: context.reason ?? 'asked to stop', drainMs: context.drainMs }),
        onDone: 'stopped',
        onError: { target: 'stopped', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    stopped: { type: 'final' },
  },
});
