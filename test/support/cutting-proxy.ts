import { connect, createServer, type Socket } from 'node:net';

/** Where a connection is cut: after so many bytes in one direction or the other, whichever comes first. */
export interface Cut {
  readonly toDaemon: number;
  readonly toClient: number;
}

export interface CuttingProxyOptions {
  /** Where it listens. */
  readonly path: string;
  /** Where the daemon listens. */
  readonly target: string;
  /** Takes our subprotocol out of the handshake, so that the client has to speak JSON text (DESIGN §2). */
  readonly isJsonOnly?: boolean;
  /** Asked for each connection; null lets it live. */
  readonly nextCut: () => Cut | null;
  /** Told when a connection was cut where it should be. */
  readonly onCut: () => void;
}

const OFFER = /^sec-websocket-protocol:.*\r\n/im;

/** A way to the daemon that breaks at any byte: nothing behind the cut arrives, in neither direction. */
export async function startCuttingProxy(options: CuttingProxyOptions): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = connect(options.target);
    const cut = options.nextCut();
    const end = () => {
      client.destroy();
      daemon.destroy();
    };
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    const isCut = { value: false };
    const isOffering = { value: options.isJsonOnly === true };
    const pass = (from: Socket, to: Socket, direction: keyof Cut) => {
      let left = cut?.[direction] ?? Number.POSITIVE_INFINITY;
      from.on('data', (data: Buffer) => {
        if (to.destroyed || isCut.value) return;
        const bytes = direction === 'toDaemon' && isOffering.value ? withoutOffer(data, isOffering) : data;
        if (bytes.length < left) {
          left -= bytes.length;
          to.write(bytes);
          return;
        }
        // What was let through has to leave before the end does.
        isCut.value = true;
        options.onCut();
        to.write(bytes.subarray(0, left), end);
      });
    };
    pass(client, daemon, 'toDaemon');
    pass(daemon, client, 'toClient');
  });
  await new Promise<void>((resolve) => server.listen(options.path, resolve));
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The handshake is the first thing that a client sends, and small enough to come at once. */
function withoutOffer(data: Buffer, isOffering: { value: boolean }): Buffer {
  isOffering.value = false;
  return Buffer.from(data.toString('latin1').replace(OFFER, ''), 'latin1');
}
