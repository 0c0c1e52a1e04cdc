import { nextStep } from './practice-agent.ts';
import { type ResponseEvent, responseEvents } from './response-events.ts';

export interface PracticeFetchOptions {
  /** Waited for between two pieces of streamed text, so that a person sees it appear. Tests give one that is over at once. */
  readonly pause: () => Promise<void>;
  /** A new random id of letters, digits, `-` and `_`; ids stay in the history, so they must never come twice. */
  readonly createId: () => string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * A `fetch` that answers `POST …/responses` as the practice model does, with an event stream (agent.md §3). It opens
 * no connection. Other addresses get 404, unreadable bodies 400. Rejects, and breaks the stream off, with the
 * reason of the signal when that is aborted.
 */
export function createPracticeFetch(options: PracticeFetchOptions): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // Not the new request's own signal: that one follows only as long as the request object is in use.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : request.signal);
    signal.throwIfAborted();
    if (request.method !== 'POST' || !new URL(request.url).pathname.endsWith('/responses')) {
      return failure(404, 'the practice model answers POST /responses and nothing else');
    }
    const text = await request.text();
    signal.throwIfAborted();
    return answerRequest(text, signal, options);
  };
}

function answerRequest(text: string, signal: AbortSignal, options: PracticeFetchOptions): Response {
  const body = parseJson(text);
  const step = nextStep(body);
  if (step === null) return failure(400, 'the request body is no JSON object with an input');
  const events = responseEvents({
    step,
    model: 'practice',
    createdAt: Math.floor(options.now() / 1000),
    inputBytes: Buffer.byteLength(text),
    createId: options.createId,
  });
  return new Response(eventStream(events, signal, options.pause), {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Bad JSON is answered like any other unreadable body.
    return null;
  }
}

/** Server-sent events, one at each pull, with a pause after each delta. The end of the reader or the signal ends it. */
function eventStream(
  events: Generator<ResponseEvent, void>,
  signal: AbortSignal,
  pause: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sequence = 0;
  let stopListening = (): void => {};
  return new ReadableStream({
    start(controller) {
      const breakOff = (): void => controller.error(signal.reason);
      signal.addEventListener('abort', breakOff, { once: true });
      stopListening = () => signal.removeEventListener('abort', breakOff);
    },
    async pull(controller) {
      const next = events.next();
      if (next.done) {
        stopListening();
        controller.close();
        return;
      }
      const data = JSON.stringify({ ...next.value, sequence_number: sequence });
      sequence += 1;
      controller.enqueue(encoder.encode(`event: ${next.value.type}\ndata: ${data}\n\n`));
      if (next.value.type.endsWith('.delta')) await pause();
    },
    cancel() {
      stopListening();
    },
  });
}

function failure(status: number, message: string): Response {
  return Response.json({ error: { message, type: 'invalid_request_error', param: null, code: null } }, { status });
}
