import { afterEach, describe, expect, test, vi } from 'vitest';
import { findProvider } from '../../../machines/model/provider.ts';
import {
  assertValidRequest,
  call,
  event,
  type FakeOpenai,
  garbage,
  hangAfter,
  httpError,
  message,
  patchCall,
  reasoning,
  reply,
  type Step,
  startFakeOpenai,
  text,
  usage,
} from '../../support/fake-openai.ts';
import { createRig, modelRequest, THREAD_ID } from './client-rig.ts';

let server: FakeOpenai | null = null;

async function serve(...script: readonly Step[]): Promise<FakeOpenai> {
  server = await startFakeOpenai(script);
  return server;
}

afterEach(async () => {
  await server?.close();
  server = null;
  vi.unstubAllEnvs();
});

const noUsage = { cachedInputTokens: 0, cacheWriteInputTokens: 0, reasoningOutputTokens: 0 };
const plainUsage = { ...noUsage, inputTokens: 10, outputTokens: 5, totalTokens: 15 };

describe('a response', () => {
  test('streams its text', async () => {
    const { baseUrl } = await serve(text('Hello', { chunks: 2, usage: usage(100, 20, { cached: 40, reasoning: 8 }) }));

    const item = { type: 'message', id: 'msg_1_0', role: 'assistant' };
    expect(await createRig(baseUrl).run()).toEqual({
      failure: null,
      events: [
        { type: 'created', responseId: 'resp_1' },
        { type: 'itemAdded', item: { ...item, status: 'in_progress', content: [] } },
        { type: 'textDelta', itemId: 'msg_1_0', delta: 'Hel' },
        { type: 'textDelta', itemId: 'msg_1_0', delta: 'lo' },
        {
          type: 'itemDone',
          item: { ...item, status: 'completed', content: [{ type: 'output_text', text: 'Hello', annotations: [] }] },
        },
        {
          type: 'completed',
          responseId: 'resp_1',
          usage: {
            inputTokens: 100,
            cachedInputTokens: 40,
            cacheWriteInputTokens: 0,
            outputTokens: 20,
            reasoningOutputTokens: 8,
            totalTokens: 120,
          },
        },
      ],
    });
  });

  test('gives reasoning, several calls and a patch as items', async () => {
    const { baseUrl } = await serve(
      reply([
        reasoning('Looking'),
        call('exec_command', { cmd: 'ls' }),
        call('exec_command', '{bad'),
        patchCall('*** Begin'),
      ]),
    );
    const { events } = await createRig(baseUrl).run();

    expect(events.filter((each) => each.type === 'itemDone').map((each) => each.item)).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1_0',
        summary: [{ type: 'summary_text', text: 'Looking' }],
        encrypted_content: 'ZmFrZQ==',
      },
      {
        type: 'function_call',
        id: 'fc_1_1',
        call_id: 'call_1_1',
        name: 'exec_command',
        status: 'completed',
        arguments: '{"cmd":"ls"}',
      },
      {
        type: 'function_call',
        id: 'fc_1_2',
        call_id: 'call_1_2',
        name: 'exec_command',
        status: 'completed',
        arguments: '{bad',
      },
      {
        type: 'custom_tool_call',
        id: 'ctc_1_3',
        call_id: 'call_1_3',
        name: 'apply_patch',
        status: 'completed',
        input: '*** Begin',
      },
    ]);
    expect(events).toContainEqual({
      type: 'reasoningSummaryDelta',
      itemId: 'rs_1_0',
      summaryIndex: 0,
      delta: 'Looking',
    });
    expect(events).toContainEqual({ type: 'toolInputDelta', itemId: 'ctc_1_3', delta: '*** Begin' });
  });

  test('is not disturbed by garbage', async () => {
    const { baseUrl } = await serve(
      reply([garbage(), message('Hi'), garbage(), event({ type: 'error', error: { message: 'boo' } })]),
      text('Hi'),
    );
    const rig = createRig(baseUrl);
    const types = async () => (await rig.run()).events.map((each) => each.type);

    expect(await types()).toEqual(await types());
  });

  test('may come without usage', async () => {
    const { baseUrl } = await serve(reply([], { usage: null }));

    expect((await createRig(baseUrl).run()).events.at(-1)).toEqual({
      type: 'completed',
      responseId: 'resp_1',
      usage: null,
    });
  });

  test('ends with completed, whatever the server keeps open', async () => {
    const fake = await serve(hangAfter(99, text('Hi')));

    expect((await createRig(fake.baseUrl).run()).events.at(-1)).toMatchObject({ type: 'completed', usage: plainUsage });
    expect(await fake.requests[0]?.ended).toBe('aborted');
  });

  test('leaves its connection for the next one', async () => {
    const fake = await serve(text('one'), text('two'));
    const rig = createRig(fake.baseUrl);
    await rig.run();

    expect(await fake.requests[0]?.ended).toBe('answered');
    expect((await rig.run()).failure).toBeNull();
  });
});

describe('a request', () => {
  test('has the headers and the body of the reference, and nothing of the SDK or of our environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-daemon');
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin');
    vi.stubEnv('OPENAI_ORG_ID', 'org-daemon');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1');
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'x-daemon: yes');
    const { baseUrl, requests } = await serve(text('Hi'));
    await createRig(baseUrl, { query_params: { 'api-version': '7' }, http_headers: { 'x-team': 'red' } }).run();
    const [request] = requests;
    if (!request) throw new Error('no request came');

    assertValidRequest(request);
    expect(request.query).toEqual({ 'api-version': '7' });
    expect(request.body).toEqual(modelRequest.body);
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    expect(headers).toEqual({
      accept: 'text/event-stream',
      'accept-encoding': expect.any(String),
      'accept-language': '*',
      authorization: 'Bearer sk-fake-key',
      'content-type': 'application/json',
      originator: 'codex_exec',
      'sec-fetch-mode': 'cors',
      'session-id': THREAD_ID,
      'thread-id': THREAD_ID,
      'user-agent': 'codex_exec/0.1.0 (Linux; x64) unknown',
      'x-client-request-id': THREAD_ID,
      'x-team': 'red',
    });
  });

  test.each([
    { name: 'the key of the environment', entry: {}, authorization: 'Bearer sk-fake-key', asked: 0 },
    {
      name: 'the sign-in',
      entry: { env_key: undefined, requires_openai_auth: true },
      authorization: 'Bearer at-1',
      asked: 1,
    },
    { name: 'nothing', entry: { env_key: undefined }, authorization: undefined, asked: 0 },
  ])('carries $name', async ({ entry, authorization, asked }) => {
    const { baseUrl, requests } = await serve(text('Hi'));
    let count = 0;
    const getAuth = async () => {
      count += 1;
      return { kind: 'bearer', token: `at-${count}`, accountId: 'acc-1' } as const;
    };
    await createRig(baseUrl, entry, { getAuth }).run();

    expect(requests[0]?.headers.authorization).toBe(authorization);
    expect(requests[0]?.headers['chatgpt-account-id']).toBe(asked === 1 ? 'acc-1' : undefined);
    expect(count).toBe(asked);
  });

  test('asks for the sign-in again before each try', async () => {
    const { baseUrl, requests } = await serve(httpError(500), httpError(500), text('Hi'));
    let count = 0;
    const getAuth = async () => {
      count += 1;
      return { kind: 'bearer', token: `at-${count}`, accountId: null } as const;
    };
    await createRig(baseUrl, { env_key: undefined, requires_openai_auth: true }, { getAuth }).run();

    expect(requests.map((each) => each.headers.authorization)).toEqual(['Bearer at-1', 'Bearer at-2', 'Bearer at-3']);
  });

  test.each([
    { name: 'a ChatGPT token', accountId: 'acc-1', url: 'https://chatgpt.com/backend-api/codex/responses' },
    { name: 'an API key', accountId: null, url: 'https://api.openai.com/v1/responses' },
  ])('of the built-in provider goes with $name to $url', async ({ accountId, url }) => {
    const seen: string[] = [];
    const fetch: typeof globalThis.fetch = async (target) => {
      seen.push(String(target));
      return new Response('data: {"type":"response.completed","response":{"id":"r"}}\n\n');
    };
    const getAuth = async () => ({ kind: 'bearer', token: 't', accountId }) as const;
    const rig = createRig('http://unused', {}, { provider: findProvider('openai', {}), getAuth, fetch });

    expect((await rig.run()).failure).toBeNull();
    expect(seen).toEqual([url]);
  });

  test('does not follow a redirect, which would carry the key elsewhere', async () => {
    const elsewhere = await startFakeOpenai([text('stolen')]);
    const { baseUrl } = await serve(
      httpError(307, { headers: { location: `${elsewhere.baseUrl}/responses` }, body: '' }),
    );
    const { failure } = await createRig(baseUrl).run();
    await elsewhere.close();

    expect(failure?.message).toBe(`unexpected status 307 Temporary Redirect: no message, url: ${baseUrl}/responses`);
    expect(elsewhere.requests).toEqual([]);
  });
});
