import { RpcError } from '../../machines/core/errors.ts';
import {
  type ClientMethod,
  type ClientParams,
  type ClientResult,
  clientRequests,
} from '../../machines/protocol/index.ts';
import type { CallContext } from '../../machines/protocol/peer.ts';
import type { Answer, Connection } from './connection.ts';

/** Who calls, and what may only happen after the answer was sent. */
export interface HandlerContext extends CallContext {
  readonly connection: Connection;
}

/** One typed entry per client method, or the table does not compile. */
export type Handlers = {
  readonly [M in ClientMethod]: (
    params: ClientParams<M>,
    context: HandlerContext,
  ) => Promise<ClientResult<M>> | ClientResult<M>;
};

/**
 * The table as the one function that a connection calls. Parameters were checked by the Peer against the same
 * declarations. Every call has to pass: the handshake first and once, and only looking for observers (DESIGN §3).
 */
export function bindHandlers(handlers: Handlers): Answer {
  return (connection, method, params, context) => {
    if (method === 'initialize' && connection.isInitialized) {
      throw new RpcError('alreadyInitialized', 'Already initialized');
    }
    if (method !== 'initialize' && !connection.isInitialized) throw new RpcError('notInitialized', 'Not initialized');
    if (clientRequests[method].mutates && isObserverOf(connection, params)) {
      throw new RpcError(
        'observerOnly',
        'attached as an observer: it may look and not touch. Attach again without --watch.',
      );
    }
    return handlers[method](params as never, { ...context, connection });
  };
}

function isObserverOf(connection: Connection, params: unknown): boolean {
  const { threadId } = (params ?? {}) as { threadId?: unknown };
  return typeof threadId === 'string' && connection.threads.stateOf(threadId)?.role === 'observer';
}
