import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGates, type Gate, type Gates } from './fake-openai/gates.ts';
import type { Frame } from './fake-openai/parts.ts';
import {
  type Ending,
  httpError,
  type PlainStep,
  type RecordedBody,
  type RecordedRequest,
  type Step,
} from './fake-openai/steps.ts';

export * from './fake-openai/check-request.ts';
export type { Gate } from './fake-openai/gates.ts';
export * from './fake-openai/parts.ts';
export * from './fake-openai/steps.ts';

/** A Responses server on loopback that answers by a script. */
export interface FakeOpenai {
  /** For a provider's `base_url`: `http://127.0.0.1:PORT/v1`. */
  readonly baseUrl: string;
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** What went wrong on the server's side: a missing step, a step function that threw. Empty in a good test. */
  readonly problems: readonly string[];
  /** Resolves with request number `count` (from 1) as soon as it has arrived. */
  waitForRequest(count: number): Promise<RecordedRequest>;
  /** The place named by `gate(name)`, `hang(name)` or `message(…, { gate: name })`. */
  gate(name: string): Gate;
  /** Adds steps behind those that are left. */
  push(...steps: readonly Step[]): void;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a server. One step for each request, in the order of arrival; a function in place of the list answers
 * every request. A request without a step gets a 400 and becomes a problem.
 */
export async function startFakeOpenai(
  script: readonly Step[] | ((request: RecordedRequest) => Step),
): Promise<FakeOpenai> {
  const steps = typeof script === 'function' ? [] : [...script];
  const fallback = typeof script === 'function' ? script : null;
  const gates = createGates();
  const requests: RecordedRequest[] = [];
  const problems: string[] = [];
  let isClosed = false;
  const waiting: { count: number; resolve: (request: RecordedRequest) => void }[] = [];

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const recorded = await record(incoming, outgoing);
    const request: RecordedRequest = { index: requests.length, ...recorded };
    requests.push(request);
    for (const waiter of waiting) if (waiter.count === requests.length) waiter.resolve(request);
    const missing = () => {
      problems.push(`no step for request ${request.index}`);
      return httpError(400, { message: 'fake-openai: the script has no step for this request' });
    };
    await play(steps.shift() ?? fallback ?? missing, request, outgoing, gates);
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      if (!isClosed) problems.push(String(error));
      outgoing.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // An address of a server that listens on TCP is always of this kind.
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    problems,
    waitForRequest: (count) =>
      new Promise((resolve) => {
        const request = requests[count - 1];
        if (request) resolve(request);
        else waiting.push({ count, resolve });
      }),
    gate: (name) => gates.get(name),
    push: (...more) => void steps.push(...more),
    close: async () => {
      isClosed = true;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      gates.close('the fake server is closed');
    },
  };
}

async function record(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Omit<RecordedRequest, 'index'>> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const chunks: Buffer[] = [];
  const ended = new Promise<'answered' | 'aborted'>((resolve) => {
    outgoing.on('close', () => resolve(outgoing.writableFinished ? 'answered' : 'aborted'));
  });
  for await (const chunk of incoming) chunks.push(chunk);
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: parseBody(Buffer.concat(chunks).toString('utf8')),
    ended,
  };
}

/** Unchecked on purpose: what a request must look like is `assertValidRequest`'s to say. */
function parseBody(raw: string): RecordedBody {
  return (raw === '' ? {} : JSON.parse(raw)) as RecordedBody;
}

async function play(step: Step, request: RecordedRequest, outgoing: ServerResponse, gates: Gates): Promise<void> {
  const plain = await settle(step, request);
  switch (plain.kind) {
    case 'reply':
      return sendReply(plain.frames(request.index + 1), plain, outgoing, gates);
    case 'httpError':
      outgoing.writeHead(plain.status, { 'content-type': 'application/json', ...plain.headers });
      outgoing.end(plain.body);
      return;
    case 'hang':
      await gates.arrive(plain.gate);
      return plain.then ? play(plain.then, request, outgoing, gates) : void outgoing.destroy();
    case 'drop':
      outgoing.destroy();
      return;
    default:
      return plain satisfies never;
  }
}

async function settle(step: Step, request: RecordedRequest): Promise<PlainStep> {
  let current = step;
  while (typeof current === 'function') current = await current(request);
  return current;
}

async function sendReply(
  frames: readonly Frame[],
  { ending, bytesPerSecond }: { readonly ending: Ending; readonly bytesPerSecond?: number },
  outgoing: ServerResponse,
  gates: Gates,
): Promise<void> {
  const keepPace = createPace(bytesPerSecond);
  outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  outgoing.flushHeaders();
  for (const each of frames) {
    if (outgoing.destroyed || outgoing.closed) return;
    if (each.kind === 'gate') await gates.arrive(each.name);
    else {
      const text = each.kind === 'raw' ? each.text : toSse(each.event);
      await keepPace(text.length);
      await write(outgoing, text);
    }
  }
  if (ending === 'end') outgoing.end();
  else if (ending === 'cut') outgoing.destroy();
}

/** Waits before a piece for as long as the pieces before it should have taken. */
function createPace(bytesPerSecond = Number.POSITIVE_INFINITY): (bytes: number) => Promise<void> {
  const startedAtMs = performance.now();
  let sentBytes = 0;
  return async (bytes) => {
    const dueAtMs = startedAtMs + (1000 * sentBytes) / bytesPerSecond;
    sentBytes += bytes;
    const waitMs = dueAtMs - performance.now();
    if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
  };
}

function toSse(event: { readonly type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Resolves when the bytes have left, so that a cut right after them does not take them along. */
async function write(outgoing: ServerResponse, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    outgoing.write(text, () => resolve());
  });
}
