import { describe, expect, test } from 'vitest';
import {
  connectionFailed,
  failedResponse,
  idleTimeout,
  incompleteResponse,
  missingEnvVar,
  namedDelayMs,
  rejectedRequest,
  retryAfterMs,
  signInFailed,
  streamDisconnected,
} from '../../../machines/model/classify-failure.ts';

const HIGH_DEMAND = 'We’re currently experiencing high demand, which may cause temporary errors.';
const OUT_OF_ROOM =
  "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying.";

const rejection = (status: number, body: string, statusText = '') => ({
  status,
  statusText,
  body,
  url: 'http://host/v1/responses',
  retryAfterMs: null,
});
const error = (fields: Record<string, unknown>) => JSON.stringify({ error: fields });

describe('an HTTP status', () => {
  test.each([
    {
      name: '400 shows the raw body',
      rejection: rejection(400, error({ message: 'bad field', code: null })),
      expected: { kind: 'badRequest', message: '{"error":{"message":"bad field","code":null}}' },
    },
    {
      name: '400 for a full context says so',
      rejection: rejection(400, error({ code: 'context_length_exceeded' })),
      expected: { kind: 'contextWindowExceeded', message: OUT_OF_ROOM },
    },
    {
      name: '401 shows status, message and place',
      rejection: rejection(401, error({ message: 'Incorrect API key' }), 'Unauthorized'),
      expected: {
        kind: 'unauthorized',
        message: 'unexpected status 401 Unauthorized: Incorrect API key, url: http://host/v1/responses',
      },
    },
    {
      name: '403 with a page in place of JSON',
      rejection: rejection(403, ' <h1>No</h1>\n'),
      expected: {
        kind: 'unexpectedStatus',
        message: 'unexpected status 403 Forbidden: <h1>No</h1>, url: http://host/v1/responses',
      },
    },
    {
      name: '418 without a body or words',
      rejection: rejection(418, ''),
      expected: {
        kind: 'unexpectedStatus',
        message: 'unexpected status 418: no message, url: http://host/v1/responses',
      },
    },
    {
      name: '429',
      rejection: rejection(429, error({ message: 'slow', code: 'rate_limit_exceeded' })),
      expected: { kind: 'rateLimited', message: 'exceeded retry limit, last status: 429 Too Many Requests' },
    },
    {
      name: '429 for a quota that is used up',
      rejection: rejection(429, error({ code: 'insufficient_quota', type: 'insufficient_quota' })),
      expected: { kind: 'quotaExceeded', message: 'Quota exceeded. Check your plan and billing details.' },
    },
    {
      name: '429 for a plan that is used up',
      rejection: rejection(429, error({ type: 'usage_limit_reached' })),
      expected: { kind: 'quotaExceeded', message: 'You have reached the usage limit of your plan.' },
    },
    { name: '500', rejection: rejection(500, 'oops'), expected: { kind: 'serverError', message: HIGH_DEMAND } },
    {
      name: '502 says what stood before the server',
      rejection: rejection(502, '<h1>No backend</h1>'),
      expected: {
        kind: 'serverError',
        message: 'unexpected status 502 Bad Gateway: <h1>No backend</h1>, url: http://host/v1/responses',
      },
    },
    {
      name: '503 without a message',
      rejection: rejection(503, '{}'),
      expected: {
        kind: 'serverError',
        message: 'unexpected status 503 Service Unavailable: {}, url: http://host/v1/responses',
      },
    },
    {
      name: '404 of a model that is not there is not tried again',
      rejection: rejection(404, error({ message: 'There is no model x', code: 'model_not_found' })),
      expected: { kind: 'badRequest', message: 'There is no model x' },
    },
    {
      name: '400 for a prompt that a policy refuses shows why',
      rejection: rejection(400, error({ message: 'This was flagged', code: 'cyber_policy' })),
      expected: { kind: 'invalidPrompt', message: 'This was flagged' },
    },
    {
      name: '429 for a plan that is used up until a known time',
      rejection: rejection(429, error({ type: 'usage_limit_reached', resets_at: 4_102_444_800 })),
      expected: {
        kind: 'quotaExceeded',
        message: 'You have reached the usage limit of your plan. Try again after 2100-01-01 00:00 UTC.',
      },
    },
    {
      name: '429 for a plan that is used up until a time that is none',
      rejection: rejection(429, error({ type: 'usage_limit_reached', resets_at: 1e300 })),
      expected: { kind: 'quotaExceeded', message: 'You have reached the usage limit of your plan.' },
    },
    {
      name: '503 of an overloaded model',
      rejection: rejection(503, error({ code: 'server_is_overloaded' })),
      expected: {
        kind: 'serverOverloaded',
        message: 'The selected model is overloaded. Try again later, or choose another model.',
      },
    },
    {
      name: 'a code that is a name of every object',
      rejection: rejection(500, error({ code: 'constructor' })),
      expected: { kind: 'serverError', message: HIGH_DEMAND },
    },
  ])('$name', ({ rejection: given, expected }) => {
    expect(rejectedRequest(given)).toMatchObject({ ...expected, httpStatus: given.status });
  });

  test('keeps the wait that the server asked for', () => {
    expect(rejectedRequest({ ...rejection(429, ''), retryAfterMs: 1500 })).toEqual({
      kind: 'rateLimited',
      message: 'exceeded retry limit, last status: 429 Too Many Requests',
      httpStatus: 429,
      retryAfterMs: 1500,
      codexErrorInfo: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
    });
  });
});

describe('a failed response', () => {
  test.each([
    {
      name: 'an unknown code',
      given: { code: 'server_error', message: 'it broke' },
      expected: { kind: 'streamDisconnected', message: 'stream disconnected before completion: it broke' },
    },
    {
      name: 'no error at all',
      given: null,
      expected: {
        kind: 'streamDisconnected',
        message: 'stream disconnected before completion: the response failed without a reason',
      },
    },
    {
      name: 'a rate limit that names its wait',
      given: { code: 'rate_limit_exceeded', message: 'Please try again in 1.2s.' },
      expected: {
        kind: 'rateLimited',
        retryAfterMs: 1200,
        message: 'rate limit exceeded: Please try again in 1.2s.',
      },
    },
    {
      name: 'a rate limit that names none',
      given: { code: 'rate_limit_exceeded', message: 'Slow.' },
      expected: { kind: 'rateLimited', retryAfterMs: null },
    },
    {
      name: 'a full context',
      given: { code: 'context_length_exceeded', message: 'x' },
      expected: { kind: 'contextWindowExceeded', message: OUT_OF_ROOM },
    },
    { name: 'no quota', given: { code: 'insufficient_quota' }, expected: { kind: 'quotaExceeded' } },
    { name: 'a plan without it', given: { code: 'usage_not_included' }, expected: { kind: 'usageNotIncluded' } },
    {
      name: 'a refused prompt',
      given: { code: 'invalid_prompt', message: 'Not this.' },
      expected: { kind: 'invalidPrompt', message: 'Not this.' },
    },
    { name: 'an overloaded server', given: { code: 'server_is_overloaded' }, expected: { kind: 'serverOverloaded' } },
    {
      name: 'a server that asks to slow down',
      given: { code: 'slow_down', message: 'Try again in 100ms' },
      expected: { kind: 'rateLimited', message: 'rate limit exceeded: Try again in 100ms', retryAfterMs: 100 },
    },
    ...['cyber_policy', 'bio_policy'].map((code) => ({
      name: `a prompt refused by ${code}`,
      given: { code, message: 'This was flagged.' },
      expected: { kind: 'invalidPrompt', message: 'This was flagged.' },
    })),
    {
      name: 'a model that is not there',
      given: { code: 'model_not_found', message: 'No such model.' },
      expected: { kind: 'badRequest', message: 'No such model.' },
    },
  ])('$name', ({ given, expected }) => {
    expect(failedResponse(given)).toMatchObject({ httpStatus: null, ...expected });
  });
});

test.each([
  {
    name: 'incomplete',
    failure: incompleteResponse('max_output_tokens'),
    text: 'Incomplete response returned, reason: max_output_tokens',
  },
  {
    name: 'incomplete, no reason',
    failure: incompleteResponse(null),
    text: 'Incomplete response returned, reason: unknown',
  },
  { name: 'cut', failure: streamDisconnected('gone'), text: 'stream disconnected before completion: gone' },
  {
    name: 'silent',
    failure: idleTimeout(),
    text: 'stream disconnected before completion: idle timeout waiting for SSE',
  },
  { name: 'unreachable', failure: connectionFailed('refused'), text: 'Connection failed: refused' },
  { name: 'no key', failure: missingEnvVar('KEY', null), text: 'Missing environment variable: `KEY`.' },
  {
    name: 'no key, with help',
    failure: missingEnvVar('KEY', 'Get one.'),
    text: 'Missing environment variable: `KEY`. Get one.',
  },
  { name: 'no sign-in', failure: signInFailed('Sign in again.'), text: 'Sign in again.' },
])('says what is wrong: $name', ({ failure, text }) => {
  expect(failure.message).toBe(text);
});

test.each([
  { message: 'try again in 1.2s', ms: 1200 },
  { message: 'Please Try Again in 28ms. Visit', ms: 28 },
  { message: 'try again in 35 seconds.', ms: 35_000 },
  { message: 'try again in 2 minutes', ms: 120_000 },
  { message: 'try again in 6m0s', ms: null },
  { message: 'try again later', ms: null },
])('"$message" names $ms ms', ({ message, ms }) => {
  expect(namedDelayMs(message)).toBe(ms);
});

test.each<{ name: string; headers: Record<string, string>; ms: number | null }>([
  { name: 'seconds', headers: { 'retry-after': '2' }, ms: 2000 },
  { name: 'parts of a second', headers: { 'retry-after': '0.25' }, ms: 250 },
  { name: 'milliseconds before seconds', headers: { 'retry-after-ms': '70', 'retry-after': '2' }, ms: 70 },
  { name: 'a date', headers: { 'retry-after': 'Thu, 01 Jan 1970 00:01:10 GMT' }, ms: 10_000 },
  { name: 'a date in the past', headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }, ms: 0 },
  { name: 'nonsense', headers: { 'retry-after': 'soon' }, ms: null },
  { name: 'nothing', headers: {}, ms: null },
])('Retry-After holding $name', ({ headers, ms }) => {
  expect(retryAfterMs(new Headers(headers), 60_000)).toBe(ms);
});
