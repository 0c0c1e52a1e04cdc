/**
 * Why a request to the model failed, and what follows from it (agent.md §4, the column of 0.169; a refused
 * connection is retried in the bounded form). `classify-failure.ts` makes these from what the server did.
 */

/**
 * Where a failure is tried again. `request`: silently before a stream opens, then by reconnecting as well;
 * `stream`: only by reconnecting, which the user sees; `none`: the turn fails at once.
 */
export type RetryLayer = 'request' | 'stream' | 'none';

/** The part of the wire's `CodexErrorInfo` (protocol.md §10.3) that a model failure can be. */
export type CodexErrorInfo =
  | 'contextWindowExceeded'
  | 'usageLimitExceeded'
  | 'rateLimitExceeded'
  | 'serverOverloaded'
  | 'internalServerError'
  | 'unauthorized'
  | 'other'
  | { readonly httpConnectionFailed: { readonly httpStatusCode: number | null } }
  | { readonly responseStreamDisconnected: { readonly httpStatusCode: number | null } }
  | { readonly responseTooManyFailedAttempts: { readonly httpStatusCode: number | null } };

interface Rule {
  readonly retry: RetryLayer;
  readonly info: (httpStatus: number | null) => CodexErrorInfo;
}

const connection = (httpStatusCode: number | null): CodexErrorInfo => ({ httpConnectionFailed: { httpStatusCode } });
const disconnect = (httpStatusCode: number | null): CodexErrorInfo => ({
  responseStreamDisconnected: { httpStatusCode },
});
const tooMany = (httpStatusCode: number | null): CodexErrorInfo => ({
  responseTooManyFailedAttempts: { httpStatusCode },
});

/** The whole policy: one line for each kind of failure. */
const rules = {
  connectionFailed: { retry: 'request', info: connection },
  serverError: { retry: 'request', info: (status) => (status === 500 ? 'internalServerError' : connection(status)) },
  unauthorized: { retry: 'stream', info: () => 'unauthorized' },
  rateLimited: { retry: 'stream', info: (status) => (status === null ? 'rateLimitExceeded' : tooMany(status)) },
  unexpectedStatus: { retry: 'stream', info: () => 'other' },
  streamDisconnected: { retry: 'stream', info: disconnect },
  idleTimeout: { retry: 'stream', info: disconnect },
  badRequest: { retry: 'none', info: () => 'other' },
  contextWindowExceeded: { retry: 'none', info: () => 'contextWindowExceeded' },
  quotaExceeded: { retry: 'none', info: () => 'usageLimitExceeded' },
  usageNotIncluded: { retry: 'none', info: () => 'usageLimitExceeded' },
  invalidPrompt: { retry: 'none', info: () => 'other' },
  serverOverloaded: { retry: 'none', info: () => 'serverOverloaded' },
  incomplete: { retry: 'none', info: () => 'other' },
  missingEnvVar: { retry: 'none', info: () => 'other' },
  signInFailed: { retry: 'none', info: () => 'unauthorized' },
} as const satisfies Record<string, Rule>;

export type ModelFailureKind = keyof typeof rules;

export const modelFailureKinds = Object.keys(rules) as readonly ModelFailureKind[];

export interface ModelFailure {
  readonly kind: ModelFailureKind;
  /** Shown to the user as it is. Never holds a token. */
  readonly message: string;
  readonly httpStatus: number | null;
  /** How long the server asked to wait, in ms; null when it did not say. */
  readonly retryAfterMs: number | null;
  readonly codexErrorInfo: CodexErrorInfo;
}

/** A failure of a kind; everything that follows from the kind is filled in. */
export function createFailure(
  kind: ModelFailureKind,
  message: string,
  { httpStatus = null, retryAfterMs = null }: { httpStatus?: number | null; retryAfterMs?: number | null } = {},
): ModelFailure {
  return { kind, message, httpStatus, retryAfterMs, codexErrorInfo: rules[kind].info(httpStatus) };
}

/** Which layers try this failure again. */
export function retryLayer(failure: Pick<ModelFailure, 'kind'>): RetryLayer {
  return rules[failure.kind].retry;
}

/** Whether the turn may send the whole request once more ("reconnect"), as often as the provider allows. */
export function isReconnectable(failure: Pick<ModelFailure, 'kind'>): boolean {
  return retryLayer(failure) !== 'none';
}

const FIRST_BACKOFF_MS = 200;
const BACKOFF_NOISE = 0.1;
/** Longer than any sane Retry-After; without it a broken header would put a turn to sleep for a year. */
export const MAX_RETRY_DELAY_MS = 300_000;

/** 200 ms doubled with each attempt (counted from 1), ±10 % noise taken from `random01` in [0, 1). At most 5 minutes. */
export function backoffMs(attempt: number, random01: number): number {
  const noise = 1 + BACKOFF_NOISE * (2 * random01 - 1);
  return Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * noise, MAX_RETRY_DELAY_MS);
}

/** The wait before retry number `attempt` (from 1): what the server asked for, else the backoff. At most 5 minutes. */
export function retryDelayMs(failure: Pick<ModelFailure, 'retryAfterMs'>, attempt: number, random01: number): number {
  if (failure.retryAfterMs === null) return backoffMs(attempt, random01);
  return Math.min(failure.retryAfterMs, MAX_RETRY_DELAY_MS);
}

/** What the `error` notification with `willRetry: true` holds before reconnect `attempt` of `max` (protocol.md §5). */
export interface ReconnectNotice {
  readonly message: string;
  readonly codexErrorInfo: CodexErrorInfo;
  readonly additionalDetails: string;
}

export function reconnectNotice(failure: ModelFailure, attempt: number, max: number): ReconnectNotice {
  return {
    message: `Reconnecting... ${attempt}/${max}`,
    codexErrorInfo: disconnect(failure.httpStatus),
    additionalDetails: failure.message,
  };
}

/** The only error that a model client throws for what the outside did; anything else it throws is a bug. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly failure: ModelFailure;

  constructor(failure: ModelFailure, options: { cause?: unknown } = {}) {
    super(failure.message, options);
    this.failure = failure;
  }
}
