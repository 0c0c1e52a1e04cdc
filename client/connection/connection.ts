import { RpcError } from '../../machines/core/errors.ts';
import type { Encoding } from '../../machines/protocol/frames.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { Peer } from '../../machines/protocol/peer.ts';
import type { ClientFacts } from './client-facts.ts';
import { type Hello, shakeHands } from './handshake.ts';
import type { Caller } from './link.ts';
import type { Place } from './place.ts';
import { PlainServer } from './plain-server.ts';
import { openTransport } from './socket-transport.ts';

/** One connection after its handshake. It is not mended when it breaks; a link is (daemon-link.ts). */
export interface Connection {
  /** What can be called; a server without our extensions is made to look like one that has them. */
  readonly peer: Caller;
  readonly hello: Hello;
  readonly encoding: Encoding;
  readonly isClosed: boolean;
  close(): void;
}

export interface ConnectionEvents {
  notified(message: NotificationMessage): void;
  /** Once, when the connection is gone, for whatever reason. */
  closed(connection: Connection | null, why: string): void;
}

export interface ConnectionOptions {
  readonly place: Place;
  /** Whether ssh may ask a person. */
  readonly mayAsk?: boolean;
  readonly name: string;
  /** Null for a connection that says nothing of ours (see `shakeHands`). */
  readonly facts: ClientFacts | null;
  readonly events: ConnectionEvents;
}

/**
 * Opens a socket and shakes hands.
 * @throws ConnectError, or RpcError as `initialize` rejects
 */
export async function openConnection({ place, mayAsk, name, facts, events }: ConnectionOptions): Promise<Connection> {
  // The peer needs the transport and the transport's events need the peer: frames only come once both exist.
  const parts: { peer: Peer | null; plain: PlainServer | null; connection: Connection | null; isClosed: boolean } = {
    peer: null,
    plain: null,
    connection: null,
    isClosed: false,
  };
  const transport = await openTransport(
    place,
    {
      receive: (value) => (parts.plain ?? parts.peer)?.receive(value),
      closed: (why) => {
        parts.isClosed = true;
        parts.peer?.close(`the connection to the daemon was lost: ${why}`);
        events.closed(parts.connection, why);
      },
    },
    { encoding: facts ? 'msgpack' : 'json', mayAsk: mayAsk ?? true },
  );
  const peer = new Peer({
    transport,
    definitionOf: () => undefined,
    answer: (method) => Promise.reject(new RpcError('methodNotFound', `this client does not answer ${method}`)),
    notified: events.notified,
  });
  parts.peer = peer;
  try {
    const hello = await shakeHands(peer, name, facts, transport.handshakeLimitMs);
    if (!hello.daemon)
      parts.plain = new PlainServer({ peer, send: (message) => transport.send(message), notified: events.notified });
    parts.connection = {
      peer: parts.plain ?? peer,
      hello,
      encoding: transport.encoding,
      get isClosed() {
        return parts.isClosed;
      },
      close: () => transport.close(),
    };
    return parts.connection;
  } catch (error) {
    transport.close();
    throw transport.failure ?? error;
  }
}
