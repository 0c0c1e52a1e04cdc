import {
  connectionFailed,
  idleTimeout,
  rejectedRequest,
  retryAfterMs,
  signInFailed,
} from '../../machines/model/classify-failure.ts';
import { ModelError } from '../../machines/model/failure.ts';
import type { ModelEvent } from '../../machines/model/model-event.ts';
import { baseUrlFor, type Provider } from '../../machines/model/provider.ts';
import type { Clock } from '../deps.ts';
import { causeText, createIdleLimit, type IdleLimit, isSilence, readResponse, readText } from './read-response.ts';
import type { RequestBody } from './request.ts';
import {
  authFromEnv,
  type Environment,
  type HeaderInput,
  type ModelAuth,
  redactSecrets,
  requestHeaders,
} from './request-headers.ts';
import { withRequestRetries } from './retry.ts';

export interface ModelClientOptions {
  readonly provider: Provider;
  /** The stored sign-in; asked before each request, and only for a provider that requires it. Limits its own time. */
  readonly getAuth: () => Promise<ModelAuth>;
  /**
   * Asked after a 401 with the stored sign-in, at most twice (reload, then refresh: auth.md §6). What it gives is
   * tried at once; a 401 even then is final. Null: there is nothing to renew (an API key), and the 401 takes its
   * usual way. A rejection fails the request with its text.
   */
  readonly recoverAuth?: (rejected: ModelAuth, attempt: number) => Promise<ModelAuth | null>;
  /** Where `env_key` and `env_http_headers` are looked up. */
  readonly env?: Environment;
  readonly fetch?: typeof globalThis.fetch;
  /** Told of the headers of each answer, a refusal too, and what the request was signed with. */
  readonly onAnswer?: (headers: Headers, auth: ModelAuth) => void;
  readonly clock: Clock;
  /** A number in [0, 1), for the noise of the waits. */
  readonly random: () => number;
  readonly userAgent: string;
  readonly originator: string;
}

export interface ModelRequest {
  readonly threadId: string;
  readonly body: RequestBody;
  /** Further headers, `x-openai-subagent` for one. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ModelClient {
  /**
   * Sends one request and gives its events; the last is `completed`. What failed before the stream opened is first
   * tried again as the provider allows. Throws `ModelError` for all that the outside did wrong, an idle stream
   * included. When `signal` aborts, the iteration ends quietly: check `signal.aborted` afterwards.
   */
  stream(request: ModelRequest, options: { readonly signal: AbortSignal }): AsyncIterable<ModelEvent>;
}

const MAX_RECOVERIES = 2;
/** The longest that a timer takes: the SDK's own limit is switched off, ours runs on the injected clock. */
const NO_SDK_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_ERROR_BODY_CHARS = 64 * 1024;

export function createModelClient(options: ModelClientOptions): ModelClient {
  return { stream: (request, { signal }) => streamResponse(options, request, signal) };
}

async function* streamResponse(
  options: ModelClientOptions,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  if (signal.aborted) return;
  const { provider, clock, random } = options;
  const controller = new AbortController();
  const idle = createIdleLimit(provider.streamIdleTimeoutMs, clock, controller);
  const follow = () => controller.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  const attempt: Attempt = { options, request, signal: controller.signal, idle };
  try {
    const response = await untilAborted(
      controller.signal,
      withRequestRetries({ maxRetries: provider.requestMaxRetries, clock, random, signal: controller.signal }, () =>
        openAuthorized(attempt),
      ),
    );
    yield* readResponse(response.body, { signal: controller.signal, idle, clock });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    idle.stop();
    signal.removeEventListener('abort', follow);
  }
}

interface Attempt {
  readonly options: ModelClientOptions;
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  readonly idle: IdleLimit;
}

/**
 * Ends the wait at once when the signal aborts, also while something waits that does not listen to it. An answer
 * that comes after that is let go.
 */
async function untilAborted(signal: AbortSignal, opening: Promise<Response>): Promise<Response> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([aborted, opening]);
  } catch (error) {
    opening.then((late) => late.body?.cancel()).catch(() => undefined);
    throw error;
  }
}

/** Opens the stream; a 401 is given to the stored sign-in first, which may know a newer token. */
async function openAuthorized(attempt: Attempt): Promise<Response> {
  const { recoverAuth } = attempt.options;
  let { auth, isStored } = await resolveAuth(attempt.options);
  for (let recovery = 1; ; recovery += 1) {
    try {
      return await open(attempt, auth);
    } catch (error) {
      if (!isStored || !recoverAuth || !isUnauthorized(error)) throw error;
      // Not once more by reconnecting: that would refresh a sign-in again and again which the server does not take.
      if (recovery > MAX_RECOVERIES) throw new ModelError(signInFailed(error.message, 401), { cause: error });
      const recovered = await askSignIn(() => recoverAuth(auth, recovery));
      if (!recovered) throw error;
      auth = recovered;
    }
  }
}

/** The key of the environment, else the stored sign-in if the provider requires it, else nothing (agent.md §2.3). */
async function resolveAuth({
  provider,
  env = {},
  getAuth,
}: ModelClientOptions): Promise<{ auth: ModelAuth; isStored: boolean }> {
  const key = authFromEnv(provider, env);
  if (key) return { auth: key, isStored: false };
  if (!provider.requiresOpenaiAuth) return { auth: { kind: 'none' }, isStored: false };
  return { auth: await askSignIn(getAuth), isStored: true };
}

async function askSignIn<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new ModelError(signInFailed(causeText(error)), { cause: error });
  }
}

function isUnauthorized(error: unknown): error is ModelError {
  return error instanceof ModelError && error.failure.kind === 'unauthorized';
}

/** One POST. Resolves with an answer of status 2xx whose body is unread, throws `ModelError` otherwise. */
async function open({ options, request, signal, idle }: Attempt, auth: ModelAuth): Promise<Response> {
  const { provider, env = {}, userAgent, originator, fetch = globalThis.fetch } = options;
  const extra = request.headers ?? {};
  const headerInput: HeaderInput = { provider, auth, env, threadId: request.threadId, userAgent, originator, extra };
  const headers = requestHeaders(headerInput);
  let failure: ModelError | null = null;
  const checkedFetch: typeof globalThis.fetch = async (url, init) => {
    try {
      // Exactly our headers; and no redirect, which would carry keys and prompts to a host that nobody named.
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      options.onAnswer?.(response.headers, auth);
      if (response.ok) return response;
      throw await rejectionOf(response, String(url), headerInput, options.clock);
    } catch (error) {
      failure = error instanceof ModelError ? error : brokenConnection(error);
      throw failure;
    }
  };
  idle.start();
  try {
    return await post(provider, auth, checkedFetch, request.body, signal);
  } catch (error) {
    signal.throwIfAborted();
    // The SDK wraps what fetch threw and loses the raw body; our own error says more.
    throw failure ?? error;
  } finally {
    idle.stop();
  }
}

/** The SDK is told everything: by itself it would read keys, headers, a log level and a base URL from our environment. */
async function post(
  provider: Provider,
  auth: ModelAuth,
  fetch: typeof globalThis.fetch,
  body: RequestBody,
  signal: AbortSignal,
): Promise<Response> {
  const { default: OpenAI } = await import('openai');
  const client = new OpenAI({
    apiKey: 'replaced by our headers',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: baseUrlFor(provider, { isChatgpt: auth.kind === 'bearer' && auth.accountId !== null }),
    defaultQuery: { ...provider.queryParams },
    maxRetries: 0,
    timeout: NO_SDK_TIMEOUT_MS,
    logLevel: 'off',
    fetch,
  });
  return client.post('/responses', { body, stream: true, signal }).asResponse();
}

async function rejectionOf(response: Response, url: string, input: HeaderInput, clock: Clock): Promise<ModelError> {
  const { origin, pathname } = new URL(url);
  const body = redactSecrets(await readText(response.body, MAX_ERROR_BODY_CHARS), input);
  return new ModelError(
    rejectedRequest({
      status: response.status,
      statusText: response.statusText,
      body,
      url: `${origin}${pathname}`,
      retryAfterMs: retryAfterMs(response.headers, clock.now()),
    }),
  );
}

function brokenConnection(error: unknown): ModelError {
  return new ModelError(isSilence(error) ? idleTimeout() : connectionFailed(causeText(error)), { cause: error });
}
