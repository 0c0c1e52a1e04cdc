/**
 * The words a script is written in. A script is a list of steps, one for each request; a reply is a list of parts,
 * one for each output item: `reply([reasoning('Thinking'), call('exec_command', { cmd: 'ls' })])`.
 */

import { type ApiEvent, type Frame, frame, type MessageOptions, message, type Part } from './parts.ts';

/** One request as the server got it. */
export interface RecordedRequest {
  readonly index: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RecordedBody;
  /** How the exchange ended, once it has: `aborted` when the client went away first. */
  readonly ended: Promise<'answered' | 'aborted'>;
}

export type RecordedItem = { readonly type: string; readonly [field: string]: unknown };
export interface RecordedBody {
  readonly model: string;
  readonly input: readonly RecordedItem[];
  readonly tools: readonly Readonly<Record<string, unknown>>[];
  readonly [field: string]: unknown;
}

export type PlainStep =
  | {
      readonly kind: 'reply';
      readonly frames: (index: number) => readonly Frame[];
      readonly ending: Ending;
      /** As fast as the other end reads, unless told. */
      readonly bytesPerSecond?: number;
    }
  | {
      readonly kind: 'httpError';
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** No answer, not even headers, until `gate` is released; then the next step, if there is one. */
  | { readonly kind: 'hang'; readonly gate: string; readonly then: Step | null }
  /** The connection is closed without an answer. */
  | { readonly kind: 'drop' };

/** A step may also look at the request first, and may throw to fail the test. */
export type Step = PlainStep | ((request: RecordedRequest) => Step | Promise<Step>);

/** `end` as HTTP says, `cut` in the middle, or `hang`: the connection stays open and silent. */
export type Ending = 'end' | 'cut' | 'hang';

export interface ApiUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

export function usage(input: number, output: number, details: { cached?: number; reasoning?: number } = {}): ApiUsage {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: details.cached ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: details.reasoning ?? 0 },
    total_tokens: input + output,
  };
}

const DEFAULT_USAGE = usage(10, 5);

/** A whole response: created, the parts, completed. */
export function reply(parts: readonly Part[], options: { usage?: ApiUsage | null } = {}): PlainStep {
  const used = options.usage === undefined ? DEFAULT_USAGE : options.usage;
  const frames = (response: number): readonly Frame[] => [
    frame({ type: 'response.created', response: { id: `resp_${response}` } }),
    ...parts.flatMap((part, item) => part({ response, item })),
    frame({ type: 'response.completed', response: { id: `resp_${response}`, usage: used } }),
  ];
  return { kind: 'reply', frames, ending: 'end' };
}

/** A response of one message. */
export function text(content: string, options: MessageOptions & { usage?: ApiUsage | null } = {}): PlainStep {
  return reply([message(content, options)], options.usage === undefined ? {} : { usage: options.usage });
}

/** `response.failed` in the place of `response.completed`, after the parts. */
export function failed(code: string | null, why: string, parts: readonly Part[] = []): PlainStep {
  return endingIn(parts, (id) => ({ type: 'response.failed', response: { id, error: { code, message: why } } }));
}

/** `response.incomplete` in the place of `response.completed`, after the parts. */
export function incomplete(reason: string, parts: readonly Part[] = []): PlainStep {
  return endingIn(parts, (id) => ({
    type: 'response.incomplete',
    response: { id, incomplete_details: { reason } },
  }));
}

export interface HttpErrorOptions {
  readonly message?: string;
  readonly code?: string | null;
  readonly type?: string;
  /** The raw body, in place of the JSON made from the fields above. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer other than 2xx; `httpError(429, { headers: { 'retry-after': '1' } })`. */
export function httpError(status: number, options: HttpErrorOptions = {}): PlainStep {
  const { message: why = `scripted ${status}`, code = null, type = 'server_error' } = options;
  const body = options.body ?? JSON.stringify({ error: { message: why, type, code } });
  return { kind: 'httpError', status, body, headers: options.headers ?? {} };
}

/** The connection breaks after `count` events of the reply. */
export function cutAfter(count: number, step: PlainStep): PlainStep {
  return endingAfter(count, step, 'cut');
}

/** The stream ends, as HTTP says, after `count` events of the reply: without `response.completed`. */
export function endAfter(count: number, step: PlainStep): PlainStep {
  return endingAfter(count, step, 'end');
}

/** Silence after `count` events of the reply, for as long as the client stays. */
export function hangAfter(count: number, step: PlainStep): PlainStep {
  return endingAfter(count, step, 'hang');
}

/** The reply comes at a steady pace, as a model writes. */
export function paced(bytesPerSecond: number, step: PlainStep): PlainStep {
  if (step.kind !== 'reply') throw new Error(`only a reply has a pace, not a step of kind ${step.kind}`);
  return { ...step, bytesPerSecond };
}

/** Silence before the headers, until `server.gate(name).release()`. */
export function hang(name = 'hang', then: Step | null = null): PlainStep {
  return { kind: 'hang', gate: name, then };
}

/** The connection is closed without an answer. */
export function drop(): PlainStep {
  return { kind: 'drop' };
}

function endingAfter(count: number, step: PlainStep, ending: Ending): PlainStep {
  if (step.kind !== 'reply') throw new Error(`only a reply can end early, not a step of kind ${step.kind}`);
  return { kind: 'reply', ending, frames: (index) => firstEvents(step.frames(index), count) };
}

/** The frames up to and with event number `count`; gates and garbage are no events. */
function firstEvents(frames: readonly Frame[], count: number): readonly Frame[] {
  let left = count;
  return frames.filter((each) => {
    if (left === 0) return false;
    if (each.kind === 'event') left -= 1;
    return true;
  });
}

function endingIn(parts: readonly Part[], last: (responseId: string) => ApiEvent): PlainStep {
  const frames = (response: number): readonly Frame[] => [
    frame({ type: 'response.created', response: { id: `resp_${response}` } }),
    ...parts.flatMap((part, index) => part({ response, item: index })),
    frame(last(`resp_${response}`)),
  ];
  return { kind: 'reply', frames, ending: 'end' };
}
