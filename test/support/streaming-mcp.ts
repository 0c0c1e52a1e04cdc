import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Said {
  readonly id?: string | number;
  readonly method?: string;
}

type Answer = (message: unknown) => Promise<void>;
const { createAnswers } = createRequire(import.meta.url)('./mcp/answers.cjs') as {
  createAnswers(options: { journal: string | null; send: (message: Said) => void }): Answer;
};

/** An MCP server over HTTP that answers its calls on streams, where it can ask before it answers. */
export async function startStreamingMcp(): Promise<{ readonly url: string }> {
  /** Requests without an answer, the newest last. */
  const open = new Map<Said['id'], { readonly outgoing: ServerResponse; readonly isStream: boolean }>();
  const send = (said: Said): void => {
    const own = said.method === undefined ? open.get(said.id) : [...open.values()].at(-1);
    if (!own) return;
    const text = JSON.stringify(said);
    own.outgoing.write(own.isStream ? `event: message\ndata: ${text}\n\n` : text);
    if (said.method !== undefined) return;
    own.outgoing.end();
    open.delete(said.id);
  };
  const answer = createAnswers({ journal: null, send });
  const server = createServer(async (incoming, outgoing) => {
    if (incoming.method !== 'POST') return void outgoing.writeHead(405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Said;
    if (message.method === undefined || message.id === undefined) outgoing.writeHead(202).end();
    else {
      const isStream = message.method === 'tools/call';
      outgoing.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
      open.set(message.id, { outgoing, isStream });
    }
    await answer(message);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/mcp` };
}
