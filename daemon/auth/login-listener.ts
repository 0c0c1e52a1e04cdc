import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RpcError } from '../../machines/core/errors.ts';
import { pause } from '../deadline.ts';
import type { Clock } from '../deps.ts';
import { codeOf } from '../store/auth-file.ts';

/** The ports that the vendor allows for the callback, in order of trial (auth.md §3). 0 takes any free one. */
export const LOGIN_PORTS: readonly number[] = [1455, 1457];
const HOST = '127.0.0.1';
const CANCEL_LIMIT_MS = 2_000;
const ATTEMPTS = 10;
const ATTEMPT_MS = 200;

export interface LoginListener {
  readonly port: number;
  close(): void;
}

/**
 * Listens for the browser on loopback. Another sign-in that holds the first port is asked once to give it up; if it
 * does not, the next port is taken. @throws RpcError `loginFailed` when none is free
 */
export async function listenForBrowser(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  { ports, clock, signal }: { readonly ports: readonly number[]; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<LoginListener> {
  const [first = 0, ...others] = ports;
  let server = await tryListen(answer, first);
  if (server === null) {
    await askToCancel(first);
    for (let attempt = 0; attempt < ATTEMPTS && server === null; attempt += 1) {
      await pause(ATTEMPT_MS, clock, signal);
      server = await tryListen(answer, first);
    }
  }
  for (const port of others) server ??= await tryListen(answer, port);
  if (server === null) throw new RpcError('loginFailed', `Port ${HOST}:${first} is already in use`);
  const listening = server;
  // An address of a server that listens on TCP is always of this kind.
  const { port } = listening.address() as AddressInfo;
  return {
    port,
    close: () => {
      listening.close();
      listening.closeIdleConnections();
    },
  };
}

/** Null when the port is taken; every other failure rejects. */
async function tryListen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port: number,
): Promise<Server | null> {
  const server = createServer(answer);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(null);
      else reject(new RpcError('loginFailed', `the login server could not be started: ${codeOf(error)}`));
    });
    server.listen(port, HOST, () => resolve(server));
  });
}

/** Whoever it is may say no, or nothing at all: then the port stays taken. */
async function askToCancel(port: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const request = get({ host: HOST, port, path: '/cancel', timeout: CANCEL_LIMIT_MS, agent: false }, (response) => {
      response.resume();
      response.on('close', resolve);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve());
    request.on('close', () => resolve());
  });
}
