import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from './start-daemon.ts';
import type { TempHome } from './temp-home.ts';

const entry = fileURLToPath(new URL('./mcp/stdio.cjs', import.meta.url));

/** What a server of a test wrote down: `start PID`, `call NAME`, `cancelled ID`. */
export interface McpJournal {
  readonly lines: () => string[];
  /** Process ids of its starts, oldest first. */
  readonly pids: () => number[];
  readonly whenNoted: (line: RegExp) => Promise<void>;
}

export interface McpOptions {
  readonly flags?: readonly string[];
  /** More lines of its table. */
  readonly settings?: readonly string[];
}

/** Adds an MCP server on stdin and stdout to a home's configuration. Its processes carry the test's mark. */
export function addMcpServer(temp: TempHome, name: string, { flags = [], settings = [] }: McpOptions = {}): McpJournal {
  const path = join(temp.root, `mcp-${name}.log`);
  const args = [entry, '--journal', path, ...flags];
  const lines = [
    `[mcp_servers.${name}]`,
    `command = ${JSON.stringify(process.execPath)}`,
    `args = ${JSON.stringify(args)}`,
    'env_vars = ["CODEX_TEST_ROOT"]',
    ...settings,
  ];
  appendFileSync(join(temp.home, 'config.toml'), `${lines.join('\n')}\n`);
  return journalAt(path);
}

function journalAt(path: string): McpJournal {
  const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);
  return {
    lines,
    pids: () => lines().flatMap((line) => (line.startsWith('start ') ? [Number(line.slice(6))] : [])),
    whenNoted: (line) => until(`${path} says ${line}`, () => lines().some((known) => line.test(known))),
  };
}

export interface HttpMcp {
  readonly url: string;
  /** Headers of each request. */
  readonly headers: readonly Readonly<Record<string, string | string[] | undefined>>[];
  /** Sessions that were begun, and those that were ended by a DELETE. */
  readonly sessions: { begun: number; ended: number };
  /** Knows no session any more, as after a restart. */
  forget(): void;
}

type Answer = (message: unknown) => Promise<void>;
const { createAnswers } = createRequire(import.meta.url)('./mcp/answers.cjs') as {
  createAnswers(options: { journal: string | null; send: (message: unknown) => void }): Answer;
};

/** What stands before an MCP server over HTTP; true: it has answered, and the request goes no further. */
export type Gate = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

const tokenGate =
  (token: string | null): Gate =>
  ({ headers }, outgoing) => {
    if (token === null || headers.authorization === `Bearer ${token}`) return false;
    outgoing.writeHead(401).end();
    return true;
  };

/** An MCP server over streamable HTTP on loopback. Without the token (when one is wanted) it answers 401. */
export async function startHttpMcp(wanted: string | null | Gate = null): Promise<HttpMcp> {
  const gate = typeof wanted === 'function' ? wanted : tokenGate(wanted);
  const headers: HttpMcp['headers'][number][] = [];
  const known = new Set<string>();
  const sessions = { begun: 0, ended: 0 };
  const server = createServer((incoming, outgoing) => {
    headers.push(incoming.headers);
    const end = (status: number, body = '', more: Record<string, string> = {}) =>
      outgoing.writeHead(status, { 'content-type': 'application/json', ...more }).end(body);
    const session = String(incoming.headers['mcp-session-id'] ?? '');
    if (gate(incoming, outgoing)) return;
    if (incoming.method === 'GET') return end(405);
    if (incoming.method === 'DELETE') {
      sessions.ended += 1;
      return end(200);
    }
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id?: unknown; method: string };
      if (message.method === 'initialize') {
        sessions.begun += 1;
        known.add(`session-${sessions.begun}`);
        outgoing.setHeader('mcp-session-id', `session-${sessions.begun}`);
      } else if (!known.has(session)) return end(404, '{"error":"no such session"}');
      if (message.id === undefined) return end(202);
      // One JSON answer: what it says beside it has no way to the client.
      const send = (said: unknown) => 'id' in (said as object) && end(200, JSON.stringify(said));
      void createAnswers({ journal: null, send })(message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp`, headers, sessions, forget: () => known.clear() };
}
