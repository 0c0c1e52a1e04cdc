import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  call,
  cutAfter,
  type FakeOpenai,
  httpError,
  message,
  type PlainStep,
  reply,
  startFakeOpenai,
  text,
} from '../../support/fake-openai.ts';
import { createRig } from './client-rig.ts';
import { failureRows } from './failure-rows.ts';

let server: FakeOpenai | null = null;

/** Answers every request alike. */
async function serve(step: PlainStep): Promise<FakeOpenai> {
  server = await startFakeOpenai(() => step);
  return server;
}

afterEach(async () => {
  await server?.close();
  server = null;
});

const none = { httpStatus: null, retryAfterMs: null };

describe('failures', () => {
  test.each(failureRows)('$name', async ({ step, requests, failure }) => {
    const fake = await serve(step);
    const outcome = await createRig(fake.baseUrl, { request_max_retries: 2 }).run();

    expect(outcome.failure).toEqual({ ...failure, message: failure.message.replace('BASE', fake.baseUrl) });
    expect(fake.requests).toHaveLength(requests);
    expect(fake.problems).toEqual([]);
  });

  test('a refused connection is tried as often as the provider allows', async () => {
    const port = await freePort();
    const rig = createRig(`http://127.0.0.1:${port}/v1`, { request_max_retries: 2 });

    expect((await rig.run()).failure).toEqual({
      kind: 'connectionFailed',
      message: `Connection failed: connect ECONNREFUSED 127.0.0.1:${port}`,
      ...none,
      codexErrorInfo: { httpConnectionFailed: { httpStatusCode: null } },
    });
    expect(rig.clock.waits).toEqual([200, 400]);
  });

  test('items that were done before a cut have been given', async () => {
    const fake = await serve(cutAfter(4, reply([call('exec_command', { cmd: 'ls' }), message('Hello')])));
    const { events } = await createRig(fake.baseUrl).run();

    expect(events.map((each) => each.type)).toEqual(['created', 'itemAdded', 'itemDone', 'itemAdded']);
  });

  test('a 5xx that passes is not seen', async () => {
    server = await startFakeOpenai([httpError(500), httpError(503), text('Hi')]);
    const rig = createRig(server.baseUrl);

    expect((await rig.run()).failure).toBeNull();
    expect(rig.clock.waits.slice(0, 2)).toEqual([200, 400]);
  });

  test('a key that is not set fails without a request', async () => {
    const fake = await serve(text('Hi'));
    const { failure } = await createRig(fake.baseUrl, {}, { env: {} }).run();

    expect(failure).toMatchObject({ kind: 'missingEnvVar', message: 'Missing environment variable: `FAKE_KEY`.' });
    expect(fake.requests).toEqual([]);
  });

  test('a sign-in that fails is told in its own words, without a request', async () => {
    const fake = await serve(text('Hi'));
    const getAuth = () => Promise.reject(new Error('Your session has ended. Sign in again.'));
    const { failure } = await createRig(
      fake.baseUrl,
      { env_key: undefined, requires_openai_auth: true },
      { getAuth },
    ).run();

    expect(failure).toMatchObject({ kind: 'signInFailed', message: 'Your session has ended. Sign in again.' });
    expect(fake.requests).toEqual([]);
  });

  test('an endless error page is cut off', async () => {
    const fake = await serve(httpError(400, { body: 'x'.repeat(1_000_000) }));
    const { failure } = await createRig(fake.baseUrl).run();

    expect(failure?.message).toHaveLength(64 * 1024);
  });
});

/** A port on which nobody listens: one that was just given back. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}
