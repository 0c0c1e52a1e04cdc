import { expect, test } from 'vitest';
import { createPracticeFetch } from '../../../../daemon/model/practice/practice-fetch.ts';
import { pieces } from '../../../../daemon/model/practice/response-events.ts';
import { contextItems, createClient, requestBody } from './practice-session.ts';

const URL_OF_RESPONSES = 'http://practice.invalid/v1/responses';
const TOOLS = ['exec_command', 'apply_patch', 'update_plan'];

function createFetch(pause: () => Promise<void> = async () => {}): typeof fetch {
  let id = 0;
  return createPracticeFetch({ pause, createId: () => `${++id}`, now: () => 1_700_000_000_900 });
}

function post(body: unknown, signal?: AbortSignal): RequestInit {
  return {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  };
}

const asking = (text: string): object => ({
  input: [...contextItems('/w'), { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }],
  tools: TOOLS.map((name) => ({ name })),
});

test('answers with an event stream of the API, numbered, with usage of a quarter of the bytes', async () => {
  const body = JSON.stringify(asking('list this folder'));

  const response = await createFetch()(URL_OF_RESPONSES, post(body));
  const events = parseEvents(await response.text());

  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(withoutRepeats(events.map(({ type }) => type))).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.output_item.added',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  const completed = events.at(-1)?.response as { created_at: number; output: unknown[]; usage: Record<string, number> };
  const written = Math.ceil(Buffer.byteLength(JSON.stringify(completed.output)) / 4);
  const read = Math.ceil(Buffer.byteLength(body) / 4);
  expect(completed.created_at).toBe(1_700_000_000);
  expect(completed.usage).toMatchObject({ input_tokens: read, output_tokens: written, total_tokens: read + written });
  expect(completed.output).toEqual([
    {
      type: 'message',
      id: 'msg_2',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'I will look at this folder.', annotations: [], logprobs: [] }],
    },
    {
      id: 'fc_3',
      type: 'function_call',
      name: 'exec_command',
      call_id: 'call_4',
      arguments: '{"cmd":"ls -la","login":false,"max_output_tokens":6000}',
      status: 'completed',
    },
  ]);
});

test("the openai SDK's own reader builds the same response from the stream", async () => {
  const client = createClient();
  const { stream: _, ...body } = requestBody('who are you?', TOOLS);

  const stream = client.responses.stream(body);
  let streamed = '';
  stream.on('response.output_text.delta', ({ delta }) => {
    streamed += delta;
  });
  const final = await stream.finalResponse();

  expect(final.status).toBe('completed');
  expect(final.output_text).toContain('I am the practice model');
  expect(streamed).toBe(final.output_text);
});

test('pauses between the pieces of the text', async () => {
  let pauses = 0;
  const fetch = createFetch(async () => {
    pauses += 1;
  });

  const events = parseEvents(await (await fetch(URL_OF_RESPONSES, post(asking('hello')))).text());

  expect(pauses).toBe(events.filter(({ type }) => type.endsWith('.delta')).length);
  expect(pauses).toBeGreaterThan(10);
});

test('an abort breaks the stream off, even in a pause', async () => {
  const controller = new AbortController();
  const fetch = createFetch(() => new Promise(() => {}));

  const response = await fetch(URL_OF_RESPONSES, post(asking('hello'), controller.signal));
  const text = response.text();
  controller.abort();

  await expect(text).rejects.toMatchObject({ name: 'AbortError' });
});

test('an aborted signal is refused at once', async () => {
  await expect(createFetch()(URL_OF_RESPONSES, post(asking('hello'), AbortSignal.abort()))).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test.each([
  { name: 'another address', url: 'http://practice.invalid/v1/models', init: post({}), status: 404 },
  { name: 'another method', url: URL_OF_RESPONSES, init: { method: 'GET' }, status: 404 },
  { name: 'a body that is no JSON', url: URL_OF_RESPONSES, init: post('{'), status: 400 },
  { name: 'a body without input', url: URL_OF_RESPONSES, init: post({ model: 'practice' }), status: 400 },
])('answers $name with $status and a message', async ({ url, init, status }) => {
  const response = await createFetch()(url, init);

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
});

test('pieces never cut a character in half and join to the text', () => {
  const text = `${'👍'.repeat(50)} plain words and more of them`;

  expect(pieces(text).join('')).toBe(text);
  expect(
    pieces(text)
      .map((piece) => encodeURIComponent(piece))
      .join(''),
  ).toBe(encodeURIComponent(text));
});

type SentEvent = { type: string; sequence_number: number; response?: unknown };

function parseEvents(text: string): readonly SentEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [event = '', data = ''] = block.split('\n');
      const parsed = JSON.parse(data.slice('data: '.length)) as SentEvent;
      expect(event).toBe(`event: ${parsed.type}`);
      return parsed;
    });
}

function withoutRepeats(types: readonly string[]): readonly string[] {
  return types.filter((type, index) => type !== types[index - 1]);
}
