import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** One request as the proxy got it: `GET http://…` for plain addresses, `CONNECT host:port` for a tunnel. */
export interface ProxiedRequest {
  readonly line: string;
  readonly authorization: string | null;
}

/** A proxy on loopback that passes on what it is asked for. */
export interface FakeProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly ProxiedRequest[];
  /** Answers everything with this status instead; null: passes on again. */
  refuse(status: number | null): void;
  close(): Promise<void>;
}

export async function startFakeProxy(): Promise<FakeProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  let refusal: number | null = null;

  const note = ({ method, url, headers }: IncomingMessage): void => {
    requests.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] ?? null });
  };

  function pass(asked: IncomingMessage, response: ServerResponse): void {
    note(asked);
    if (refusal !== null) return void response.writeHead(refusal).end();
    const { 'proxy-authorization': _, ...headers } = asked.headers;
    const onward = request(asked.url ?? '', { method: asked.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    asked.pipe(onward);
  }

  function tunnel(asked: IncomingMessage, socket: Socket): void {
    note(asked);
    if (refusal !== null) return void socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
    const [host = '', port = '443'] = (asked.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  }

  const server = createServer(pass).on('connect', tunnel);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // An address of a server that listens on TCP is always of this kind.
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refuse: (status) => {
      refusal = status;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
