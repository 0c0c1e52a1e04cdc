import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MSGPACK_SUBPROTOCOL } from '../../machines/core/version.ts';
import type { Encoding } from '../../machines/protocol/frames.ts';
import type { Limits } from '../limits.ts';

/** Takes the clients of all listeners. */
export interface Reception {
  readonly limits: Pick<Limits, 'maxFrameBytes' | 'stuckClientMs'>;
  /** Whether one more connection may come. */
  hasRoom(): boolean;
  /** Takes a client that was let in. */
  accept(socket: WebSocket, encoding: Encoding): void;
}

/** Null lets a request in; else the HTTP status that refuses it, such as `401 Unauthorized`. */
export type Admit = (request: IncomingMessage) => string | null;

/** The WebSockets of one listener, in both encodings (DESIGN §2). */
export class WebSockets {
  private isRefusing = false;
  private readonly server: WebSocketServer;

  constructor(
    private readonly reception: Reception,
    private readonly admit: Admit = () => null,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: reception.limits.maxFrameBytes,
      handleProtocols: (offered) => (offered.has(MSGPACK_SUBPROTOCOL) ? MSGPACK_SUBPROTOCOL : false),
    });
  }

  get count(): number {
    return this.server.clients.size;
  }

  /** Answers the upgrades of a server. No web page may come in, whatever it knows (protocol.md §1). */
  serve(http: Server): void {
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      const refusal = request.headers.origin === undefined ? this.admit(request) : '403 Forbidden';
      if (refusal !== null) return refuse(socket, refusal);
      if (this.isRefusing) return refuse(socket, '503 Service Unavailable');
      if (!this.reception.hasRoom()) return refuse(socket, '429 Too Many Requests');
      this.server.handleUpgrade(request, socket, head, (client) => {
        endWhenStuck(client, socket, this.reception.limits.stuckClientMs);
        this.reception.accept(client, client.protocol === MSGPACK_SUBPROTOCOL ? 'msgpack' : 'json');
      });
    });
  }

  /** Answers 503 from now on. */
  refuseNew(): void {
    this.isRefusing = true;
  }

  /** Ends the clients and the listener. */
  close(http: Server): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    return new Promise((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  }
}

/**
 * Ends a client that takes nothing of what waits for it, however slow one that takes something may be. The socket's own
 * time limit knows the difference, also in the middle of a large frame; it is no matter that an idle one runs out, too.
 */
function endWhenStuck(client: WebSocket, socket: Duplex, afterMs: number): void {
  // The cast: what Node's server hands over is a socket.
  (socket as Socket).setTimeout(afterMs, () => {
    if (client.bufferedAmount > 0) client.terminate();
  });
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}
