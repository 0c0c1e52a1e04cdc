import { StringDecoder } from 'node:string_decoder';
import type { InputEvent } from './events.ts';
import { feed, initialParserState, type ParserStep, settle } from './parser.ts';

/** The part of a terminal's input stream that is used; `process.stdin` fits. */
export interface InputStream {
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  on(event: 'end' | 'error', listener: () => void): unknown;
  removeListener(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  removeListener(event: 'end' | 'error', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
  readonly setRawMode?: (isRaw: boolean) => unknown;
}

/** How long a lone ESC waits for the rest of a sequence, and a paste for its end. */
const ESCAPE_WAIT_MS = 40;
const PASTE_WAIT_MS = 2000;

export interface ReaderHandlers {
  readonly onEvent: (event: InputEvent) => void;
  /** The terminal is gone. */
  readonly onEnd: () => void;
}

/** Reads bytes, cut anywhere, and reports events. Returns the way to stop. */
export function startReader(input: InputStream, { onEvent, onEnd }: ReaderHandlers): () => void {
  const decoder = new StringDecoder('utf8');
  let state = initialParserState;
  let timer: NodeJS.Timeout | undefined;

  const take = (step: ParserStep): void => {
    state = step.state;
    for (const event of step.events) onEvent(event);
  };
  const onData = (chunk: Buffer | string): void => {
    clearTimeout(timer);
    take(feed(state, typeof chunk === 'string' ? chunk : decoder.write(chunk)));
    if (state.pending === '' && state.paste === null) return;
    timer = setTimeout(() => take(settle(state)), state.paste === null ? ESCAPE_WAIT_MS : PASTE_WAIT_MS);
  };

  input.on('data', onData);
  input.on('end', onEnd);
  input.on('error', onEnd);
  input.resume();
  return () => {
    clearTimeout(timer);
    input.removeListener('data', onData);
    input.removeListener('end', onEnd);
    input.removeListener('error', onEnd);
    input.pause();
  };
}
