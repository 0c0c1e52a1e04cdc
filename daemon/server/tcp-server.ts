import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../machines/core/errors.ts';
import { isBearer, type TokenDigest } from './bearer-token.ts';
import type { SocketServer } from './socket-server.ts';
import { type Reception, WebSockets } from './web-sockets.ts';

export interface TcpPlace {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly token: TokenDigest;
  /** PEM files; null speaks plain `ws`. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
}

/** Listens on TCP. Everybody on the machine can reach it, so each upgrade has to carry the token. */
export async function listenTcp(
  place: TcpPlace,
  reception: Reception,
): Promise<SocketServer & { readonly port: number }> {
  const http = place.tls ? createTlsServer(pemsOf(place.tls), answerProbe) : createServer(answerProbe);
  const sockets = new WebSockets(reception, ({ headers }) =>
    isBearer(headers.authorization, place.token) ? null : '401 Unauthorized',
  );
  sockets.serve(http);
  await bind(http, place);
  return {
    // A server that listens on TCP has an address of this form.
    port: (http.address() as AddressInfo).port,
    get count() {
      return sockets.count;
    },
    refuseNew: () => sockets.refuseNew(),
    close: () => sockets.close(http),
  };
}

/** `GET /readyz` and `/healthz` say that it lives, to everybody but a web page (protocol.md §1). */
function answerProbe({ url, method, headers }: IncomingMessage, response: ServerResponse): void {
  const isProbe = method === 'GET' && (url === '/readyz' || url === '/healthz');
  response.writeHead(headers.origin !== undefined ? 403 : isProbe ? 200 : 426).end();
}

function pemsOf({ certFile, keyFile }: NonNullable<TcpPlace['tls']>) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function bind(http: Server, { host, port }: TcpPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error) => reject(new Error(`cannot listen on ${host}:${port}: ${messageOf(error)}`)));
    http.listen({ host, port }, resolve);
  });
}
