import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { messageOf } from '../../machines/core/errors.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../machines/core/home.ts';
import { checkSharedDir, healSocket, makePrivateDir } from './unix-place.ts';
import { type Reception, WebSockets } from './web-sockets.ts';

export interface SocketServer {
  /** How many clients came in here and are still there. */
  readonly count: number;
  /** Goes on listening and answers 503: unlinking the path now would let a second daemon start (DESIGN §7). */
  refuseNew(): void;
  /** Ends the clients and the listener, which removes the socket. Last step of a stop. */
  close(): Promise<void>;
}

export interface UnixPlace {
  /** `own`: the daemon's folder. `control`: the reference's, which may leave a link. `shared`: the user chose it. */
  readonly kind: 'own' | 'control' | 'shared';
  readonly socketPath: string;
}

/**
 * Listens on a Unix socket: its folder the user's alone, the socket 0600, a dead daemon's file removed first. Call it
 * under the start lock. @throws AlreadyRunningError when somebody answers there
 */
export async function listen({ kind, socketPath }: UnixPlace, reception: Reception): Promise<SocketServer> {
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES)
    throw new Error(`${socketPath} is longer than ${MAX_SOCKET_PATH_BYTES} bytes; choose a shorter path`);
  if (kind === 'shared') checkSharedDir(dirname(socketPath));
  else makePrivateDir(dirname(socketPath));
  await healSocket(socketPath, kind === 'control');

  const http = createServer((_, response) => response.writeHead(426).end());
  const sockets = new WebSockets(reception);
  sockets.serve(http);
  await bind(http, socketPath);
  return {
    get count() {
      return sockets.count;
    },
    refuseNew: () => sockets.refuseNew(),
    close: () => sockets.close(http),
  };
}

async function bind(http: Server, socketPath: string): Promise<void> {
  // The mode of a socket comes from the mask at the moment of binding (libraries.md §4).
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', (error) => reject(new Error(`cannot listen on ${socketPath}: ${messageOf(error)}`)));
      http.listen(socketPath, resolve);
    });
  } finally {
    process.umask(mask);
  }
}
