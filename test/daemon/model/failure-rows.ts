import type { ModelFailure } from '../../../machines/model/failure.ts';
import {
  cutAfter,
  drop,
  endAfter,
  failed,
  httpError,
  incomplete,
  message,
  type PlainStep,
  text,
} from '../../support/fake-openai.ts';

const HIGH_DEMAND = 'We’re currently experiencing high demand, which may cause temporary errors.';
const none = { httpStatus: null, retryAfterMs: null };

/** Every row of agent.md §4 (0.169). `requests`: how often a client with two request retries asks; BASE stands for the base URL. */
export const failureRows: { name: string; step: PlainStep; requests: number; failure: ModelFailure }[] = [
  {
    name: '429',
    step: httpError(429),
    requests: 1,
    failure: {
      kind: 'rateLimited',
      message: 'exceeded retry limit, last status: 429 Too Many Requests',
      httpStatus: 429,
      retryAfterMs: null,
      codexErrorInfo: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
    },
  },
  {
    name: '429 with Retry-After',
    step: httpError(429, { headers: { 'retry-after': '7' } }),
    requests: 1,
    failure: {
      kind: 'rateLimited',
      message: 'exceeded retry limit, last status: 429 Too Many Requests',
      httpStatus: 429,
      retryAfterMs: 7000,
      codexErrorInfo: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
    },
  },
  {
    name: '500',
    step: httpError(500),
    requests: 3,
    failure: {
      kind: 'serverError',
      message: HIGH_DEMAND,
      httpStatus: 500,
      retryAfterMs: null,
      codexErrorInfo: 'internalServerError',
    },
  },
  ...(
    [
      [502, 'Bad Gateway'],
      [503, 'Service Unavailable'],
    ] as const
  ).map(([status, words]) => ({
    name: String(status),
    step: httpError(status, { body: '<html>bad gateway, timed out</html>' }),
    requests: 3,
    failure: {
      kind: 'serverError' as const,
      message: `unexpected status ${status} ${words}: <html>bad gateway, timed out</html>, url: BASE/responses`,
      httpStatus: status,
      retryAfterMs: null,
      codexErrorInfo: { httpConnectionFailed: { httpStatusCode: status } },
    },
  })),
  {
    name: '401, without the key that the server repeats',
    step: httpError(401, { message: 'Incorrect API key provided: sk-fake-key' }),
    requests: 1,
    failure: {
      kind: 'unauthorized',
      message: 'unexpected status 401 Unauthorized: Incorrect API key provided: [redacted], url: BASE/responses',
      httpStatus: 401,
      retryAfterMs: null,
      codexErrorInfo: 'unauthorized',
    },
  },
  {
    name: '400',
    step: httpError(400, { message: 'scripted 400' }),
    requests: 1,
    failure: {
      kind: 'badRequest',
      message: '{"error":{"message":"scripted 400","type":"server_error","code":null}}',
      httpStatus: 400,
      retryAfterMs: null,
      codexErrorInfo: 'other',
    },
  },
  {
    name: 'response.failed with an unknown code',
    step: failed('strange', 'it broke'),
    requests: 1,
    failure: {
      kind: 'streamDisconnected',
      message: 'stream disconnected before completion: it broke',
      ...none,
      codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: null } },
    },
  },
  {
    name: 'rate_limit_exceeded',
    step: failed('rate_limit_exceeded', 'Please try again in 1.2s.'),
    requests: 1,
    failure: {
      kind: 'rateLimited',
      message: 'rate limit exceeded: Please try again in 1.2s.',
      httpStatus: null,
      retryAfterMs: 1200,
      codexErrorInfo: 'rateLimitExceeded',
    },
  },
  {
    name: 'context_length_exceeded',
    step: failed('context_length_exceeded', 'too long'),
    requests: 1,
    failure: {
      kind: 'contextWindowExceeded',
      message:
        "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.",
      ...none,
      codexErrorInfo: 'contextWindowExceeded',
    },
  },
  {
    name: 'insufficient_quota',
    step: failed('insufficient_quota', 'no money'),
    requests: 1,
    failure: {
      kind: 'quotaExceeded',
      message: 'Quota exceeded. Check your plan and billing details.',
      ...none,
      codexErrorInfo: 'usageLimitExceeded',
    },
  },
  {
    name: 'usage_not_included',
    step: failed('usage_not_included', 'no'),
    requests: 1,
    failure: {
      kind: 'usageNotIncluded',
      message: 'Your plan does not include the use of this model.',
      ...none,
      codexErrorInfo: 'usageLimitExceeded',
    },
  },
  {
    name: 'invalid_prompt',
    step: failed('invalid_prompt', 'Not this.'),
    requests: 1,
    failure: { kind: 'invalidPrompt', message: 'Not this.', ...none, codexErrorInfo: 'other' },
  },
  {
    name: 'server_is_overloaded',
    step: failed('server_is_overloaded', 'busy'),
    requests: 1,
    failure: {
      kind: 'serverOverloaded',
      message: 'The selected model is overloaded. Try again later, or choose another model.',
      ...none,
      codexErrorInfo: 'serverOverloaded',
    },
  },
  {
    name: 'slow_down',
    step: failed('slow_down', 'busy'),
    requests: 1,
    failure: {
      kind: 'rateLimited',
      message: 'rate limit exceeded: busy',
      ...none,
      codexErrorInfo: 'rateLimitExceeded',
    },
  },
  {
    name: '404 of a model that is not there',
    step: httpError(404, { message: 'No such model', code: 'model_not_found' }),
    requests: 1,
    failure: {
      kind: 'badRequest',
      message: 'No such model',
      httpStatus: 404,
      retryAfterMs: null,
      codexErrorInfo: 'other',
    },
  },
  {
    name: 'response.incomplete',
    step: incomplete('max_output_tokens', [message('Half')]),
    requests: 1,
    failure: {
      kind: 'incomplete',
      message: 'Incomplete response returned, reason: max_output_tokens',
      ...none,
      codexErrorInfo: 'other',
    },
  },
  {
    name: 'a stream that ends too early',
    step: endAfter(2, text('Hello')),
    requests: 1,
    failure: {
      kind: 'streamDisconnected',
      message: 'stream disconnected before completion: stream closed before response.completed',
      ...none,
      codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: null } },
    },
  },
  {
    name: 'a stream that is cut',
    step: cutAfter(2, text('Hello')),
    requests: 1,
    failure: {
      kind: 'streamDisconnected',
      message: 'stream disconnected before completion: other side closed',
      ...none,
      codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: null } },
    },
  },
  {
    name: 'a connection that is closed without an answer',
    step: drop(),
    requests: 3,
    failure: {
      kind: 'connectionFailed',
      message: 'Connection failed: other side closed',
      ...none,
      codexErrorInfo: { httpConnectionFailed: { httpStatusCode: null } },
    },
  },
];
