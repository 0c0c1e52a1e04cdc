import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { createSocket } from '../../client/connection/socket-transport.ts';

/** Methods and notifications that only our daemon has. */
const OURS = /^(thread\/(attach|snapshot)$|approval\/|daemon\/|presence\/|account\/state$|config\/trust\/)/;

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly capabilities?: Record<string, unknown> };
  readonly result?: Record<string, unknown>;
}

/** A server as the reference's is seen: our daemon behind a door that lets nothing of ours through, JSON text only. */
export interface PlainProxy {
  /** Every method that a client asked for. */
  readonly asked: readonly string[];
  /** Breaks all connections. */
  cut(): void;
}

/** Listens on a path in front of a daemon's socket. */
export async function startPlainProxy(path: string, daemonSocket: string): Promise<PlainProxy> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const asked: string[] = [];
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => false });
  http.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (client) => {
      const daemon = createSocket({ kind: 'unix', path: daemonSocket }, 'json');
      const opened = new Promise<void>((resolve) => daemon.once('open', resolve));
      client.on('error', () => {});
      daemon.on('error', () => client.terminate());
      client.on('message', (data) => {
        const message = JSON.parse(String(data)) as Message;
        if (message.method !== undefined) asked.push(message.method);
        if (message.method !== undefined && OURS.test(message.method)) {
          const error = {
            code: -32600,
            message: `Invalid request: unknown variant \`${message.method}\`, expected one of`,
          };
          client.send(JSON.stringify({ id: message.id, error }));
          return;
        }
        void opened.then(() => daemon.send(JSON.stringify(withoutExtension(message))));
      });
      daemon.on('message', (data) => {
        const message = JSON.parse(String(data)) as Message;
        if (message.method === undefined || !OURS.test(message.method))
          client.send(JSON.stringify(withoutDaemon(message)));
      });
      client.on('close', () => daemon.close());
      daemon.on('close', () => client.close());
    });
  });
  await new Promise<void>((resolve) => http.listen(path, resolve));
  const cut = () => {
    for (const client of server.clients) client.terminate();
  };
  onTestFinished(async () => {
    cut();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  });
  return { asked, cut };
}

function withoutExtension(message: Message): Message {
  if (message.method !== 'initialize') return message;
  const { extensions: _, ...capabilities } = message.params?.capabilities ?? {};
  return { ...message, params: { ...message.params, capabilities } };
}

function withoutDaemon(message: Message): Message {
  if (!message.result || !('platformFamily' in message.result)) return message;
  const { daemon: _, ...result } = message.result;
  return { ...message, result };
}
