import { assign, setup } from 'xstate';

/** How long a client may stay silent after connecting; a connection that never introduces itself is closed. */
export const HANDSHAKE_TIMEOUT_MS = 30_000;

export type ConnectionEvent =
  | { readonly type: 'initialize'; readonly clientName: string }
  | { readonly type: 'close'; readonly reason: string };

export interface ConnectionContext {
  readonly clientName: string | null;
  readonly reason: string | null;
}

/** One client's connection. What it follows is kept beside it; the machine says what it may ask. */
export const connectionMachine = setup({
  types: { context: {} as ConnectionContext, events: {} as ConnectionEvent },
  delays: { handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
  actions: {
    /** Supplied by the daemon: leaves all threads and ends the socket. */
    hangUp: () => {},
  },
}).createMachine({
  id: 'connection',
  context: { clientName: null, reason: null },
  initial: 'connected',
  states: {
    connected: {
      on: {
        initialize: { target: 'initialized', actions: assign({ clientName: ({ event }) => event.clientName }) },
        close: { target: 'closed', actions: assign({ reason: ({ event }) => event.reason }) },
      },
      after: { handshakeTimeout: { target: 'closed', actions: assign({ reason: 'no initialize in time' }) } },
    },
    // Waits for the person at the other end; ends when the socket does.
    initialized: {
      on: { close: { target: 'closed', actions: assign({ reason: ({ event }) => event.reason }) } },
    },
    closed: { type: 'final', entry: 'hangUp' },
  },
});
