import { describe, expect, test } from 'vitest';
import { startThread } from '../support/client-turns.ts';
import {
  call,
  cutAfter,
  drop,
  endAfter,
  failed,
  hangAfter,
  httpError,
  incomplete,
  reply,
  type Step,
  text,
  userTexts,
} from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';

const again = <T>(step: T, times: number): T[] => Array<T>(times).fill(step);

/** A server that fails `tries` times, with what a person reads, and the kind that programs read. */
const failures: readonly {
  readonly name: string;
  readonly step: Step;
  readonly tries: number;
  readonly says: RegExp;
  readonly info: unknown;
}[] = [
  {
    name: '400',
    step: httpError(400, { body: '{"detail":"bad"}' }),
    tries: 1,
    says: /^\{"detail":"bad"\}$/,
    info: 'other',
  },
  {
    name: '401',
    step: httpError(401, { message: 'Incorrect API key provided' }),
    tries: 3,
    says: /^unexpected status 401 Unauthorized: Incorrect API key provided, url: http:\/\/127\.0\.0\.1:\d+\/v1\/responses$/,
    info: 'unauthorized',
  },
  {
    name: '429',
    step: httpError(429),
    tries: 3,
    says: /^exceeded retry limit, last status: 429 Too Many Requests$/,
    info: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
  },
  { name: '500', step: httpError(500), tries: 3, says: /high demand/, info: 'internalServerError' },
  {
    name: 'a model that is not there',
    step: httpError(404, { message: 'No such model', code: 'model_not_found' }),
    tries: 1,
    says: /^No such model$/,
    info: 'other',
  },
  {
    name: '502',
    step: httpError(502),
    tries: 3,
    says: /^unexpected status 502 Bad Gateway: scripted 502, url: /,
    info: { httpConnectionFailed: { httpStatusCode: 502 } },
  },
  {
    name: '503',
    step: httpError(503),
    tries: 3,
    says: /^unexpected status 503 Service Unavailable: scripted 503, url: /,
    info: { httpConnectionFailed: { httpStatusCode: 503 } },
  },
  {
    name: 'a connection that is dropped',
    step: drop(),
    tries: 3,
    says: /^Connection failed: /,
    info: { httpConnectionFailed: { httpStatusCode: null } },
  },
  {
    name: 'a stream that is cut',
    step: cutAfter(2, text('half')),
    tries: 3,
    says: /^stream disconnected before completion: /,
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  {
    name: 'a stream that ends too early',
    step: endAfter(1, text('half')),
    tries: 3,
    says: /^stream disconnected before completion: /,
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  {
    name: 'a server that falls silent',
    step: hangAfter(1, text('half')),
    tries: 3,
    says: /^stream disconnected before completion: idle timeout waiting for SSE$/,
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  {
    name: 'a failed response',
    step: failed('server_error', 'it broke'),
    tries: 3,
    says: /^stream disconnected before completion: it broke$/,
    info: { responseStreamDisconnected: { httpStatusCode: null } },
  },
  {
    name: 'an empty account',
    step: failed('insufficient_quota', 'x'),
    tries: 1,
    says: /Quota exceeded/,
    info: 'usageLimitExceeded',
  },
  {
    name: 'an incomplete response',
    step: incomplete('max_output_tokens'),
    tries: 1,
    says: /max_output_tokens/,
    info: 'other',
  },
];

describe('a model that fails', () => {
  test.each(failures)(
    '$name: the turn fails with the reason, and the thread goes on',
    async ({ step, tries, says, info }) => {
      const scene = await startScene({
        script: [...again(step, tries), text('Better now')],
        config: { provider: ['stream_idle_timeout_ms = 400'] },
      });
      const thread = await startThread(await scene.connect());
      const from = thread.events.length;

      const turn = await thread.run('first');

      expect(turn.status).toBe('failed');
      expect(turn.error?.message).toMatch(says);
      expect(turn.error?.codexErrorInfo).toEqual(info);
      const outline = thread.outline(from);
      expect(outline.slice(-4)).toEqual([
        'thread/status/changed systemError',
        'error',
        'thread/readState/changed',
        'turn/completed failed',
      ]);
      const notices = thread.events.flatMap((event) => (event.method === 'error' ? [event.params] : []));
      expect(notices.map(({ willRetry }) => willRetry)).toEqual([...again(true, tries - 1), false]);
      expect(notices.slice(0, -1).map(({ error }) => error.message)).toEqual(
        ['Reconnecting... 1/2', 'Reconnecting... 2/2'].slice(0, tries - 1),
      );
      expect(scene.openai.requests).toHaveLength(tries);

      expect(await thread.run('second')).toMatchObject({ status: 'completed', items: [{ text: 'Better now' }] });
      expect(thread.snapshot?.thread.status).toEqual({ type: 'idle' });
      // A retry must not repeat the prompt (agent.md §20).
      const last = scene.openai.requests.at(-1);
      expect(last && userTexts(last).filter((said) => said === 'first')).toEqual(['first']);
    },
  );

  test('answers after a reconnect: the half answer is not kept, the new one is', async () => {
    const scene = await startScene({ script: [cutAfter(4, text('first half', { chunks: 4 })), text('whole answer')] });
    const thread = await startThread(await scene.connect());

    const turn = await thread.run('go');

    expect(turn.status).toBe('completed');
    expect((await thread.event('error')).params).toMatchObject({
      willRetry: true,
      error: {
        message: 'Reconnecting... 1/2',
        codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: null } },
      },
    });
    expect(thread.itemsOf('agentMessage').at(-1)).toMatchObject({ text: 'whole answer' });
    const second = await scene.openai.waitForRequest(2);
    expect(second.body.input).toEqual(scene.openai.requests[0]?.body.input);
  });

  test('names a wait: Retry-After is kept to, not the usual back-off', async () => {
    const scene = await startScene({
      script: [httpError(429, { headers: { 'retry-after': '1' } }), text('Now')],
    });
    const thread = await startThread(await scene.connect());
    const startedAtMs = Date.now();

    await thread.run('go');

    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(thread.events.filter(({ method }) => method === 'error')).toHaveLength(1);
  });

  test('is cut after a call: the call runs once, and its output goes along with the retry', async () => {
    const scene = await startScene({
      script: [
        cutAfter(3, reply([call('exec_command', { cmd: 'echo once >> count', login: false }, { callId: 'c1' })])),
        reply([call('exec_command', { cmd: 'cat count', login: false }, { callId: 'c2' })]),
        text('Done'),
      ],
    });
    const thread = await startThread(await scene.connect());

    await thread.run('go');

    expect(thread.itemsOf('commandExecution')).toMatchObject([
      { id: 'c1', status: 'completed' },
      { id: 'c2', aggregatedOutput: 'once\n' },
    ]);
  });

  test('is not asked without its key: the variable is named', async () => {
    const scene = await startScene({ config: { envKey: 'MISSING_KEY' } });
    const thread = await startThread(await scene.connect());

    const turn = await thread.run('go');

    expect(turn).toMatchObject({
      status: 'failed',
      error: { message: 'Missing environment variable: `MISSING_KEY`.' },
    });
    expect(scene.openai.requests).toEqual([]);
  });

  test('never gets a secret repeated into an error, the log or the daemon’s log', async () => {
    const scene = await startScene({
      script: [httpError(400, { body: 'no such key: sk-fake-key-0123456789' })],
    });
    const thread = await startThread(await scene.connect());

    const turn = await thread.run('go');

    expect(turn.error?.message).toBe('no such key: [redacted]');
    expect(scene.daemon.log()).not.toContain('sk-fake-key');
  });
});
