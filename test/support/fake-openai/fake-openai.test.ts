import { afterEach, describe, expect, test } from 'vitest';
import {
  assertValidRequest,
  type FakeOpenai,
  gate,
  outputsOf,
  reply,
  startFakeOpenai,
  text,
  userTexts,
} from '../fake-openai.ts';
import type { RecordedItem, RecordedRequest } from './steps.ts';

const message = (role: string, type: string, content: string): RecordedItem => ({
  type: 'message',
  role,
  content: [{ type, text: content }],
});
const call = (id: string): RecordedItem => ({
  type: 'function_call',
  call_id: id,
  name: 'exec_command',
  arguments: '{}',
});
const output = (id: string): RecordedItem => ({ type: 'function_call_output', call_id: id, output: `output of ${id}` });
const start = [message('developer', 'input_text', 'Base.'), message('user', 'input_text', 'do it')];

function request(input: readonly RecordedItem[], body: Record<string, unknown> = {}, headers = {}): RecordedRequest {
  return {
    index: 2,
    method: 'POST',
    path: '/v1/responses',
    query: {},
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      originator: 'codex_exec',
      'user-agent': 'codex_exec/1',
      'thread-id': 't',
      'session-id': 't',
      'x-client-request-id': 't',
      ...headers,
    },
    body: {
      model: 'gpt-5.5',
      input,
      tools: [],
      stream: true,
      store: false,
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 't',
      ...body,
    },
    ended: Promise.resolve('answered'),
  };
}

describe('assertValidRequest', () => {
  test('is content with a request as recorded', () => {
    const fit = request([
      ...start,
      call('a'),
      call('b'),
      output('a'),
      output('b'),
      message('assistant', 'output_text', 'Done.'),
    ]);

    expect(() => assertValidRequest(fit)).not.toThrow();
    expect(outputsOf(fit)).toEqual({ a: 'output of a', b: 'output of b' });
    expect(userTexts(fit)).toEqual(['do it']);
  });

  test.each([
    { given: request([]), says: 'input is empty' },
    { given: request([message('user', 'input_text', 'x')]), says: 'the first item is no developer message' },
    { given: request([...start, call('a')]), says: 'call a has no output' },
    { given: request([...start, output('a')]), says: 'an output for a, which is not an open call' },
    {
      given: request([...start, call('a'), output('a'), output('a')]),
      says: 'an output for a, which is not an open call',
    },
    {
      given: request([...start, call('a'), call('b'), output('b'), output('a')]),
      says: 'the output of b stands before that of a',
    },
    {
      given: request([...start, message('user', 'output_text', 'x')]),
      says: 'item 2 (user) has parts of type output_text',
    },
    { given: request([...start, message('system', 'input_text', 'x')]), says: 'item 2 has the role system' },
    { given: request(start, { store: true }), says: 'store is not false' },
    { given: request(start, { stream: false }), says: 'stream is not true' },
    { given: request(start, { include: [] }), says: 'include is []' },
    { given: request(start, { instructions: 'Base.' }), says: 'instructions is sent' },
    { given: request(start, { prompt_cache_key: 'u' }), says: 'prompt_cache_key is not the thread id' },
    { given: request(start, { tools: [{ type: 'function', name: 'x' }] }), says: 'bad function tool "x"' },
    { given: request(start, {}, { 'x-stainless-os': 'Linux' }), says: 'headers of the SDK are sent' },
    { given: request(start, {}, { 'session-id': 'u' }), says: 'the three ids differ' },
  ])('finds that $says', ({ given, says }) => {
    expect(() => assertValidRequest(given)).toThrow(`request 2 is not valid:\n- ${says}`);
  });
});

describe('the fake server', () => {
  let server: FakeOpenai | null = null;
  afterEach(async () => {
    await server?.close();
    server = null;
  });
  const post = (baseUrl: string) => fetch(`${baseUrl}/responses`, { method: 'POST', body: '{}' });

  test('waits at a gate until it is released, once for each release', async () => {
    const fake = await startFakeOpenai([reply([gate('door'), gate('door')])]);
    server = fake;
    const body = post(fake.baseUrl).then((response) => response.text());
    await fake.gate('door').reached();
    fake.gate('door').release();
    await fake.gate('door').reached(2);
    fake.gate('door').release();

    expect(await body).toContain('response.completed');
    expect(await fake.requests[0]?.ended).toBe('answered');
  });

  test('takes more steps while it runs, and complains when it has none', async () => {
    const fake = await startFakeOpenai([]);
    server = fake;
    fake.push(text('one'));

    expect([(await post(fake.baseUrl)).status, (await post(fake.baseUrl)).status]).toEqual([200, 400]);
    expect((await fake.waitForRequest(2)).index).toBe(1);
    expect(fake.problems).toEqual(['no step for request 1']);
  });

  test('lets a step look at its request, and reports one that throws', async () => {
    const fake = await startFakeOpenai([
      (seen) => text(`answer ${seen.index}`),
      () => {
        throw new Error('not this');
      },
    ]);
    server = fake;

    expect(await (await post(fake.baseUrl)).text()).toContain('answer 0');
    await expect(post(fake.baseUrl)).rejects.toThrow();
    expect(fake.problems).toEqual(['Error: not this']);
  });

  test('closes with a client still waiting', async () => {
    const fake = await startFakeOpenai([reply([gate('door')])]);
    const body = post(fake.baseUrl).then((response) => response.text());
    await fake.gate('door').reached();
    const broken = expect(body).rejects.toThrow();
    await fake.close();
    await broken;

    expect(fake.problems).toEqual([]);
  });
});
