import * as v from 'valibot';
import { createFailure, type ModelFailure, type ModelFailureKind } from './failure.ts';

/** An answer other than 2xx. */
export interface HttpRejection {
  readonly status: number;
  readonly statusText: string;
  /** The body as text, possibly cut; tokens already removed. */
  readonly body: string;
  /** Where the request went, without query and user info: both may hold keys. */
  readonly url: string;
  /** Of the header `Retry-After`, in ms. */
  readonly retryAfterMs: number | null;
}

const HIGH_DEMAND = 'We’re currently experiencing high demand, which may cause temporary errors.';

/** Error codes that decide whatever carries them: a `response.failed` event or the body of an HTTP error. */
const fatalCodes: Readonly<Record<string, { readonly kind: ModelFailureKind; readonly message: string }>> = {
  context_length_exceeded: {
    kind: 'contextWindowExceeded',
    message:
      "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.",
  },
  insufficient_quota: { kind: 'quotaExceeded', message: 'Quota exceeded. Check your plan and billing details.' },
  usage_limit_reached: { kind: 'quotaExceeded', message: 'You have reached the usage limit of your plan.' },
  usage_not_included: { kind: 'usageNotIncluded', message: 'Your plan does not include the use of this model.' },
  server_is_overloaded: {
    kind: 'serverOverloaded',
    message: 'The selected model is overloaded. Try again later, or choose another model.',
  },
};

/** Codes of a request that will be refused again: the server says best why. */
const refusalCodes: Readonly<Record<string, ModelFailureKind>> = {
  invalid_prompt: 'invalidPrompt',
  cyber_policy: 'invalidPrompt',
  bio_policy: 'invalidPrompt',
  model_not_found: 'badRequest',
};

const text = v.fallback(v.nullish(v.string()), null);
/** `resets_at`, in seconds since 1970: when a used up plan may be used again. */
const apiError = v.object({
  code: text,
  type: text,
  message: text,
  resets_at: v.fallback(v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12))), null),
});
const errorBody = v.object({ error: apiError });

/** `response.error` of a `response.failed` event. */
export function failedResponse(error: unknown): ModelFailure {
  const parsed = v.safeParse(apiError, error);
  const { code, message } = parsed.success ? parsed.output : { code: null, message: null };
  const fatal = fatalFailure(code, null) ?? refusal(code, message, null);
  if (fatal) return fatal;
  const cause = message ?? 'the response failed without a reason';
  if (code !== 'rate_limit_exceeded' && code !== 'slow_down') return streamDisconnected(cause);
  return createFailure('rateLimited', `rate limit exceeded: ${cause}`, { retryAfterMs: namedDelayMs(cause) });
}

/** A status other than 2xx. */
export function rejectedRequest(rejection: HttpRejection): ModelFailure {
  const { status, body, retryAfterMs } = rejection;
  const error = parseBody(body);
  const fatal =
    fatalFailure(error?.code, status) ??
    fatalFailure(error?.type, status) ??
    refusal(error?.code, error?.message, status);
  if (fatal) return withReset(fatal, error?.resets_at ?? null);
  const extras = { httpStatus: status, retryAfterMs };
  if (status === 400) return createFailure('badRequest', body, extras);
  if (status === 429)
    return createFailure('rateLimited', `exceeded retry limit, last status: ${title(rejection)}`, extras);
  if (status === 500) return createFailure('serverError', HIGH_DEMAND, extras);
  const message = error?.message ?? (body.trim() || 'no message');
  const described = `unexpected status ${title(rejection)}: ${message}, url: ${rejection.url}`;
  if (status > 500) return createFailure('serverError', described, extras);
  return createFailure(status === 401 ? 'unauthorized' : 'unexpectedStatus', described, extras);
}

/** A `response.incomplete` event. */
export function incompleteResponse(reason: string | null): ModelFailure {
  return createFailure('incomplete', `Incomplete response returned, reason: ${reason ?? 'unknown'}`);
}

/** A stream that broke off or ended without `response.completed`. */
export function streamDisconnected(cause: string): ModelFailure {
  return createFailure('streamDisconnected', disconnectText(cause));
}

/** No event for as long as the provider allows. */
export function idleTimeout(): ModelFailure {
  return createFailure('idleTimeout', disconnectText('idle timeout waiting for SSE'));
}

/** No answer at all: refused, unreachable, unknown host, broken before the headers. */
export function connectionFailed(cause: string): ModelFailure {
  return createFailure('connectionFailed', `Connection failed: ${cause}`);
}

/** The provider's `env_key` is not set (agent.md §2.3): no request is sent. */
export function missingEnvVar(name: string, instructions: string | null): ModelFailure {
  const hint = instructions === null ? '' : ` ${instructions}`;
  return createFailure('missingEnvVar', `Missing environment variable: \`${name}\`.${hint}`);
}

/** The sign-in could not give a token that the server takes; the text says why. */
export function signInFailed(reason: string, httpStatus: number | null = null): ModelFailure {
  return createFailure('signInFailed', reason, { httpStatus });
}

function disconnectText(cause: string): string {
  return `stream disconnected before completion: ${cause}`;
}

function fatalFailure(code: string | null | undefined, httpStatus: number | null): ModelFailure | null {
  if (code == null || !Object.hasOwn(fatalCodes, code)) return null;
  const fatal = fatalCodes[code];
  return fatal ? createFailure(fatal.kind, fatal.message, { httpStatus }) : null;
}

function refusal(
  code: string | null | undefined,
  message: string | null | undefined,
  httpStatus: number | null,
): ModelFailure | null {
  if (code == null || message == null || !Object.hasOwn(refusalCodes, code)) return null;
  const kind = refusalCodes[code];
  return kind ? createFailure(kind, message, { httpStatus }) : null;
}

function withReset(failure: ModelFailure, resetsAt: number | null): ModelFailure {
  if (failure.kind !== 'quotaExceeded' || resetsAt === null) return failure;
  const when = new Date(resetsAt * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return { ...failure, message: `${failure.message} Try again after ${when} UTC.` };
}

function parseBody(body: string): v.InferOutput<typeof apiError> | null {
  try {
    const parsed = v.safeParse(errorBody, JSON.parse(body));
    return parsed.success ? parsed.output.error : null;
  } catch {
    // Not JSON (a proxy's page): the caller shows the text itself.
    return null;
  }
}

/** `429 Too Many Requests`; HTTP/2 sends no words, then the number stands alone or with the usual ones. */
function title({ status, statusText }: HttpRejection): string {
  return `${status} ${statusText || (usualTexts[status] ?? '')}`.trim();
}

const usualTexts: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const DELAY = /try again in\s*(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|seconds?|m|minutes?)\b/i;

/** The wait named in a rate-limit message ("try again in 1.2s"), in ms; null when there is none. */
export function namedDelayMs(message: string): number | null {
  const match = DELAY.exec(message);
  if (!match) return null;
  const unit = (match[2] ?? 's').toLowerCase();
  const factor = unit.startsWith('ms') || unit.startsWith('milli') ? 1 : unit.startsWith('m') ? 60_000 : 1000;
  return Math.ceil(Number(match[1]) * factor);
}

/**
 * The wait that an answer's headers ask for, in ms: `retry-after-ms`, else `retry-after` in seconds or as a date
 * (then `nowMs` is needed). Null when there is none or it cannot be read.
 */
export function retryAfterMs(headers: { get(name: string): string | null }, nowMs: number): number | null {
  const exact = readNumber(headers.get('retry-after-ms'));
  if (exact !== null) return exact;
  const header = headers.get('retry-after');
  const seconds = readNumber(header);
  if (seconds !== null) return Math.round(seconds * 1000);
  const date = header === null ? Number.NaN : Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

function readNumber(header: string | null): number | null {
  return header !== null && /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : null;
}
