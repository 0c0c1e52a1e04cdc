import { describe, expect, test } from 'vitest';
import {
  backoffMs,
  type CodexErrorInfo,
  createFailure,
  isReconnectable,
  MAX_RETRY_DELAY_MS,
  ModelError,
  type ModelFailureKind,
  modelFailureKinds,
  type RetryLayer,
  reconnectNotice,
  retryDelayMs,
  retryLayer,
} from '../../../machines/model/failure.ts';
import fc from '../../support/fast-check.ts';

const table: { kind: ModelFailureKind; httpStatus: number | null; layer: RetryLayer; info: CodexErrorInfo }[] = [
  {
    kind: 'connectionFailed',
    httpStatus: null,
    layer: 'request',
    info: { httpConnectionFailed: { httpStatusCode: null } },
  },
  { kind: 'serverError', httpStatus: 500, layer: 'request', info: 'internalServerError' },
  { kind: 'serverError', httpStatus: 503, layer: 'request', info: { httpConnectionFailed: { httpStatusCode: 503 } } },
  { kind: 'unauthorized', httpStatus: 401, layer: 'stream', info: 'unauthorized' },
  {
    kind: 'rateLimited',
    httpStatus: 429,
    layer: 'stream',
    info: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
  },
  { kind: 'rateLimited', httpStatus: null, layer: 'stream', info: 'rateLimitExceeded' },
  { kind: 'unexpectedStatus', httpStatus: 404, layer: 'stream', info: 'other' },
  {
    kind: 'streamDisconnected',
    httpStatus: null,
    layer: 'stream',
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  {
    kind: 'idleTimeout',
    httpStatus: null,
    layer: 'stream',
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  { kind: 'badRequest', httpStatus: 400, layer: 'none', info: 'other' },
  { kind: 'contextWindowExceeded', httpStatus: null, layer: 'none', info: 'contextWindowExceeded' },
  { kind: 'quotaExceeded', httpStatus: null, layer: 'none', info: 'usageLimitExceeded' },
  { kind: 'usageNotIncluded', httpStatus: null, layer: 'none', info: 'usageLimitExceeded' },
  { kind: 'invalidPrompt', httpStatus: null, layer: 'none', info: 'other' },
  { kind: 'serverOverloaded', httpStatus: null, layer: 'none', info: 'serverOverloaded' },
  { kind: 'incomplete', httpStatus: null, layer: 'none', info: 'other' },
  { kind: 'missingEnvVar', httpStatus: null, layer: 'none', info: 'other' },
  { kind: 'signInFailed', httpStatus: null, layer: 'none', info: 'unauthorized' },
];

describe('failures', () => {
  test.each(table)('$kind ($httpStatus) is tried again at: $layer', ({ kind, httpStatus, layer, info }) => {
    const failure = createFailure(kind, 'why', { httpStatus });

    expect(failure).toEqual({ kind, message: 'why', httpStatus, retryAfterMs: null, codexErrorInfo: info });
    expect(retryLayer(failure)).toBe(layer);
    expect(isReconnectable(failure)).toBe(layer !== 'none');
  });

  test('the table above names every kind', () => {
    expect(new Set(table.map((row) => row.kind))).toEqual(new Set(modelFailureKinds));
  });

  test('an error of the model reads as its failure', () => {
    const error = new ModelError(createFailure('incomplete', 'cut short'), { cause: 7 });

    expect([error.name, error.message, error.failure.kind, error.cause]).toEqual([
      'ModelError',
      'cut short',
      'incomplete',
      7,
    ]);
  });

  test('a reconnect is announced with its number and its cause', () => {
    expect(reconnectNotice(createFailure('rateLimited', 'too fast', { httpStatus: 429 }), 1, 5)).toEqual({
      message: 'Reconnecting... 1/5',
      codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: 429 } },
      additionalDetails: 'too fast',
    });
  });
});

describe('waits', () => {
  test.each([
    { attempt: 1, random: 0.5, ms: 200 },
    { attempt: 1, random: 0, ms: 180 },
    { attempt: 2, random: 0.5, ms: 400 },
    { attempt: 5, random: 0.5, ms: 3200 },
    { attempt: 90, random: 0.5, ms: MAX_RETRY_DELAY_MS },
  ])('attempt $attempt with $random waits $ms ms', ({ attempt, random, ms }) => {
    expect(backoffMs(attempt, random)).toBeCloseTo(ms, 6);
  });

  test('the noise stays within ±10 %', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), random, (attempt, random01) => {
        const exact = 200 * 2 ** (attempt - 1);
        expect(Math.abs(backoffMs(attempt, random01) - exact)).toBeLessThanOrEqual(exact * 0.1 + 1e-6);
      }),
    );
  });

  test.each([
    { name: 'what the server asked for', retryAfterMs: 1200, ms: 1200 },
    { name: 'nothing, when the server asked for no wait', retryAfterMs: 0, ms: 0 },
    { name: 'the backoff, when the server did not say', retryAfterMs: null, ms: 400 },
    { name: 'five minutes at most', retryAfterMs: 9e9, ms: MAX_RETRY_DELAY_MS },
  ])('waits $name', ({ retryAfterMs, ms }) => {
    expect(retryDelayMs({ retryAfterMs }, 2, 0.5)).toBe(ms);
  });
});
