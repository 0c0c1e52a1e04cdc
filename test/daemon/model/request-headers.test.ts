import { describe, expect, test } from 'vitest';
import { authFromEnv, type HeaderInput, redactSecrets, requestHeaders } from '../../../daemon/model/request-headers.ts';
import { ModelError } from '../../../machines/model/failure.ts';
import { parseProvider } from '../../../machines/model/provider.ts';

const provider = parseProvider('mine', {
  base_url: 'http://h/v1',
  env_key: 'MY_KEY',
  env_key_instructions: 'Ask Ann.',
  query_params: { key: 'query-secret' },
  http_headers: { 'x-team': 'red', authorization: 'Basic overridden', originator: 'overridden' },
  env_http_headers: { 'x-project': 'PROJECT', 'x-unset': 'UNSET' },
});
const input: HeaderInput = {
  provider,
  auth: { kind: 'bearer', token: 'sk-secret-1234', accountId: null },
  env: { PROJECT: ' p-123456789 ' },
  threadId: 'thread-1',
  userAgent: 'codex_exec/1 (Linux)',
  originator: 'codex_exec',
  extra: { 'x-openai-subagent': 'review' },
};

describe('requestHeaders', () => {
  test('sends what it should and nothing else', () => {
    expect(Object.fromEntries(requestHeaders(input))).toEqual({
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: 'Bearer sk-secret-1234',
      originator: 'codex_exec',
      'user-agent': 'codex_exec/1 (Linux)',
      'session-id': 'thread-1',
      'thread-id': 'thread-1',
      'x-client-request-id': 'thread-1',
      'x-openai-subagent': 'review',
      'x-project': 'p-123456789',
      'x-team': 'red',
    });
  });

  test('names the account of a ChatGPT sign-in', () => {
    const headers = requestHeaders({ ...input, auth: { kind: 'bearer', token: 'at', accountId: 'acc-1' } });

    expect(headers.get('chatgpt-account-id')).toBe('acc-1');
  });

  test('leaves a header of its own in place when there is no sign-in', () => {
    expect(requestHeaders({ ...input, auth: { kind: 'none' } }).get('authorization')).toBe('Basic overridden');
  });

  test('does not repeat a key that cannot be a header', () => {
    const error = errorOf(() =>
      requestHeaders({ ...input, auth: { kind: 'bearer', token: 'sk-\u2603-secret', accountId: null } }),
    );

    expect(error.failure.kind).toBe('signInFailed');
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('secret');
  });
});

describe('authFromEnv', () => {
  test('takes the key from the variable that the provider names', () => {
    expect(authFromEnv(provider, { MY_KEY: ' sk-1\n' })).toEqual({ kind: 'bearer', token: 'sk-1', accountId: null });
  });

  test('is null for a provider without a key', () => {
    expect(authFromEnv({ ...provider, envKey: null }, {})).toBeNull();
  });

  test.each([{ env: {} }, { env: { MY_KEY: '  ' } }])('refuses an environment without it: $env', ({ env }) => {
    expect(errorOf(() => authFromEnv(provider, env)).failure).toEqual({
      kind: 'missingEnvVar',
      message: 'Missing environment variable: `MY_KEY`. Ask Ann.',
      httpStatus: null,
      retryAfterMs: null,
      codexErrorInfo: 'other',
    });
  });
});

test('redactSecrets removes every secret of the request and no ordinary word', () => {
  const text = 'key sk-secret-1234 of red, query-secret, p-123456789, sk-secret-1234';

  expect(redactSecrets(text, input)).toBe('key [redacted] of red, [redacted], [redacted], [redacted]');
});

function errorOf(run: () => unknown): ModelError {
  try {
    run();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
