import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../machines/core/errors.ts';
import {
  baseUrlFor,
  findProvider,
  listProviders,
  parseProvider,
  reservedProviderIds,
} from '../../../machines/model/provider.ts';

describe('parseProvider', () => {
  test('fills in what is left out', () => {
    expect(parseProvider('mine', { base_url: 'http://127.0.0.1:1/v1' })).toEqual({
      id: 'mine',
      name: 'mine',
      baseUrl: 'http://127.0.0.1:1/v1',
      chatgptBaseUrl: null,
      envKey: null,
      envKeyInstructions: null,
      queryParams: {},
      httpHeaders: {},
      envHttpHeaders: {},
      requestMaxRetries: 4,
      streamMaxRetries: 5,
      streamIdleTimeoutMs: 300_000,
      requiresOpenaiAuth: false,
      isEmbedded: false,
    });
  });

  test('takes every key, ignores unknown ones, and bounds what would never end', () => {
    const entry = {
      name: 'Mine',
      base_url: 'https://host/v1',
      env_key: 'MY_KEY',
      env_key_instructions: 'Ask Ann.',
      wire_api: 'responses',
      query_params: { 'api-version': '1' },
      http_headers: { 'x-a': 'b' },
      env_http_headers: { 'x-c': 'VAR' },
      request_max_retries: 1,
      stream_max_retries: 5000,
      stream_idle_timeout_ms: 1e15,
      requires_openai_auth: true,
      supports_websockets: true,
    };

    expect(parseProvider('mine', entry)).toEqual({
      id: 'mine',
      name: 'Mine',
      baseUrl: 'https://host/v1',
      chatgptBaseUrl: null,
      envKey: 'MY_KEY',
      envKeyInstructions: 'Ask Ann.',
      queryParams: { 'api-version': '1' },
      httpHeaders: { 'x-a': 'b' },
      envHttpHeaders: { 'x-c': 'VAR' },
      requestMaxRetries: 1,
      streamMaxRetries: 100,
      streamIdleTimeoutMs: 2 ** 31 - 1,
      requiresOpenaiAuth: true,
      isEmbedded: false,
    });
  });

  test.each([
    { name: 'no base_url', raw: {}, says: /^model_providers\.mine\.base_url: / },
    { name: 'a base_url of another kind', raw: { base_url: 'file:///x' }, says: /base_url: must start with http/ },
    {
      name: 'the old wire',
      raw: { base_url: 'http://h', wire_api: 'chat' },
      says: /wire_api: only "responses" is supported/,
    },
    { name: 'retries below none', raw: { base_url: 'http://h', request_max_retries: -1 }, says: /request_max_retries/ },
    {
      name: 'a header that is no text',
      raw: { base_url: 'http://h', http_headers: { a: 1 } },
      says: /http_headers\.a/,
    },
    { name: 'no table', raw: 'http://h', says: /^model_providers\.mine: / },
  ])('refuses $name and names the key', ({ raw, says }) => {
    expect(errorOf(() => parseProvider('mine', raw))).toMatchObject({
      errorName: 'configInvalid',
      message: expect.stringMatching(says),
    });
  });

  test.each(reservedProviderIds)('does not let %s be redefined', (id) => {
    expect(errorOf(() => parseProvider(id, { base_url: 'http://h' }))).toMatchObject({
      errorName: 'configInvalid',
      message: `model_providers.${id}: the built-in provider \`${id}\` cannot be redefined. Give your provider another id, \`${id}-custom\` for example.`,
    });
  });
});

describe('the providers of a configuration', () => {
  test('are the built-in ones and its own', () => {
    expect([...listProviders({ modelProviders: { mine: { base_url: 'http://h' } } }).keys()]).toEqual([
      'openai',
      'practice',
      'ollama',
      'lmstudio',
      'mine',
    ]);
  });

  test.each([
    { name: 'OpenAI with a key', config: {}, isChatgpt: false, url: 'https://api.openai.com/v1' },
    {
      name: 'OpenAI with a ChatGPT sign-in',
      config: {},
      isChatgpt: true,
      url: 'https://chatgpt.com/backend-api/codex',
    },
    { name: 'OpenAI elsewhere', config: { openaiBaseUrl: 'http://h/v1' }, isChatgpt: false, url: 'http://h/v1' },
    {
      name: 'OpenAI elsewhere with a ChatGPT sign-in',
      config: { openaiBaseUrl: 'http://h/v1' },
      isChatgpt: true,
      url: 'http://h/v1',
    },
  ])('$name is at $url', ({ config, isChatgpt, url }) => {
    expect(baseUrlFor(findProvider('openai', config), { isChatgpt })).toBe(url);
  });

  test('a provider of its own keeps the sign-in on its own URL', () => {
    const config = { modelProviders: { mine: { base_url: 'http://h/v1', requires_openai_auth: true } } };

    expect(baseUrlFor(findProvider('mine', config), { isChatgpt: true })).toBe('http://h/v1');
  });

  test('only the practice model is embedded, and only OpenAI wants the sign-in', () => {
    const all = [...listProviders({}).values()];

    expect(all.filter((provider) => provider.isEmbedded).map(({ id }) => id)).toEqual(['practice']);
    expect(all.filter((provider) => provider.requiresOpenaiAuth).map(({ id }) => id)).toEqual(['openai']);
  });

  test('an unknown id is an error that names it', () => {
    expect(errorOf(() => findProvider('nobody', {}))).toMatchObject({
      errorName: 'providerNotFound',
      message: 'Model provider `nobody` not found',
      data: { provider: 'nobody' },
    });
  });
});

function errorOf(run: () => unknown): RpcError {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
