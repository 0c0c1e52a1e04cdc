import { idleTimeout, streamDisconnected } from '../../machines/model/classify-failure.ts';
import { ModelError } from '../../machines/model/failure.ts';
import type { ModelEvent } from '../../machines/model/model-event.ts';
import type { Clock } from '../deps.ts';
import { readSse } from './sse.ts';
import { toModelEvent } from './stream-events.ts';

/** How long the end of an answer may lag behind `response.completed` before its connection is given up. */
const DRAIN_LIMIT_MS = 1000;

/** The time limit on silence. Stopped while nobody waits for the server. */
export interface IdleLimit {
  readonly start: () => void;
  readonly stop: () => void;
}

/** Aborts `controller` with the idle failure when `ms` pass between `start` and `stop` or the next `start`. */
export function createIdleLimit(ms: number, clock: Clock, controller: AbortController): IdleLimit {
  let timer: unknown = null;
  const stop = () => {
    if (timer !== null) clock.clearTimeout(timer);
    timer = null;
  };
  const start = () => {
    stop();
    timer = clock.setTimeout(() => controller.abort(new ModelError(idleTimeout())), ms);
  };
  return { start, stop };
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly idle: IdleLimit;
  readonly clock: Clock;
}

/**
 * The events of one answer, up to and with `completed`. Throws `ModelError` when the stream breaks off or ends
 * before that, and `signal.reason` when it is aborted. Comments and half events do not count against silence.
 */
export async function* readResponse(body: Body['body'], options: ReadOptions): AsyncGenerator<ModelEvent> {
  const { signal, idle } = options;
  const state: ReadState = { isCompleted: false };
  idle.start();
  for await (const data of readSse(readChunks(body, state, options))) {
    idle.stop();
    const event = toModelEvent(data);
    state.isCompleted = event?.type === 'completed';
    if (event) yield event;
    if (state.isCompleted) return;
    signal.throwIfAborted();
    idle.start();
  }
  throw new ModelError(streamDisconnected('stream closed before response.completed'));
}

type Body = Pick<Response, 'body'>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;
interface ReadState {
  isCompleted: boolean;
}

async function* readChunks(
  body: Body['body'],
  state: ReadState,
  { signal, clock }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader: Reader = body.getReader();
  // Cancelling ends a pending read at once, also of a body that does not listen to the signal of its request.
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await readChunk(reader, signal);
      isOver = done;
      if (value === undefined) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    if (!isOver && state.isCompleted) void drain(reader, clock);
    else if (!isOver) cancel();
  }
}

async function readChunk(
  reader: Reader,
  signal: AbortSignal,
): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
  const chunk = await reader.read().catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ModelError(isSilence(error) ? idleTimeout() : streamDisconnected(causeText(error)), { cause: error });
  });
  signal.throwIfAborted();
  return chunk;
}

/** Reads the little that follows `response.completed`, so that the connection can serve the next request. */
async function drain(reader: Reader, clock: Clock): Promise<void> {
  const timer = clock.setTimeout(() => void reader.cancel().catch(() => undefined), DRAIN_LIMIT_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The answer is complete; how its connection ends no longer matters.
  } finally {
    clock.clearTimeout(timer);
  }
}

/** The first `maxChars` of a body; the rest is not loaded. */
export async function readText(body: Body['body'], maxChars: number): Promise<string> {
  const reader: Reader | undefined = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader && text.length < maxChars) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  void reader?.cancel().catch(() => undefined);
  return text.slice(0, maxChars);
}

/** Node's own fetch has limits on silence too (300 s); they are the same failure as ours. */
export function isSilence(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.cause : undefined);
  return code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT';
}

/** The innermost text of a network error: fetch itself only says "fetch failed" or "terminated". */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return causeText(cause);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
