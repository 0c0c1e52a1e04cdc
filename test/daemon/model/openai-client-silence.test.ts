import { afterEach, describe, expect, test, vi } from 'vitest';
import { SimulatedClock } from 'xstate';
import { createModelClient } from '../../../daemon/model/openai-client.ts';
import {
  type FakeOpenai,
  gate,
  hang,
  httpError,
  message,
  reply,
  type Step,
  startFakeOpenai,
  text,
} from '../../support/fake-openai.ts';
import { clientOptions, createRig, modelRequest } from './client-rig.ts';

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

describe('silence', () => {
  test.each([
    { name: 'before the headers', step: hang('still'), seen: 0 },
    { name: 'in the middle', step: reply([message('Hi'), gate('still')]), seen: 4 },
  ])('$name ends the stream after the time that the provider allows', async ({ step, seen }) => {
    const fake = await serve(step);
    const clock = new SimulatedClock();
    const client = createModelClient({ ...clientOptions(fake.baseUrl, { stream_idle_timeout_ms: 5000 }), clock });
    const stream = client.stream(modelRequest, { signal: new AbortController().signal })[Symbol.asyncIterator]();
    for (let count = 0; count < seen; count += 1) await stream.next();
    const next = stream.next();
    await fake.gate('still').reached();
    clock.increment(4999);
    clock.increment(1);

    await expect(next).rejects.toMatchObject({
      failure: { kind: 'idleTimeout', message: 'stream disconnected before completion: idle timeout waiting for SSE' },
    });
    expect(await fake.requests[0]?.ended).toBe('aborted');
  });

  test('is counted anew from each event, and not while the reader is busy', async () => {
    const fake = await serve(text('abcd', { chunks: 4, gate: 'drip' }));
    const clock = new SimulatedClock();
    const client = createModelClient({ ...clientOptions(fake.baseUrl, { stream_idle_timeout_ms: 5000 }), clock });
    const deltas: string[] = [];
    for await (const each of client.stream(modelRequest, { signal: new AbortController().signal })) {
      clock.increment(100_000);
      if (each.type === 'textDelta') deltas.push(each.delta);
      fake.gate('drip').release();
    }

    expect(deltas).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('an abort', () => {
  test.each([
    { name: 'before the headers', step: hang('still'), seen: 0 },
    { name: 'in the middle', step: reply([message('Hi'), gate('still'), message('there')]), seen: 4 },
  ])('$name ends the stream quietly and lets the server go', async ({ step, seen }) => {
    const fake = await serve(step);
    const controller = new AbortController();
    const stream = createModelClient(clientOptions(fake.baseUrl)).stream(modelRequest, { signal: controller.signal });
    const iterator = stream[Symbol.asyncIterator]();
    for (let count = 0; count < seen; count += 1) await iterator.next();
    const next = iterator.next();
    await fake.gate('still').reached();
    controller.abort();

    expect(await next).toEqual({ done: true, value: undefined });
    expect(await fake.requests[0]?.ended).toBe('aborted');
  });

  test('that came first sends nothing', async () => {
    const fake = await serve(text('Hi'));

    expect(await createRig(fake.baseUrl).run(AbortSignal.abort())).toEqual({ events: [], failure: null });
    expect(fake.requests).toEqual([]);
  });

  test('gives no more events, even those that have arrived', async () => {
    const fake = await serve(text('abcdef', { chunks: 6 }));
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const each of createModelClient(clientOptions(fake.baseUrl)).stream(modelRequest, controller)) {
      seen.push(each.type);
      controller.abort();
    }

    expect(seen).toEqual(['created']);
  });

  test('during a wait for the next try ends that wait', async () => {
    const fake = await serve(httpError(503), text('late'));
    const controller = new AbortController();
    const clock = new SimulatedClock();
    const client = createModelClient({ ...clientOptions(fake.baseUrl), clock });
    const next = client.stream(modelRequest, controller)[Symbol.asyncIterator]().next();
    await (await fake.waitForRequest(1)).ended;
    controller.abort();

    expect(await next).toEqual({ done: true, value: undefined });
    expect(fake.requests).toHaveLength(1);
  });

  test('during a sign-in that does not end is quiet too', async () => {
    const controller = new AbortController();
    const options = clientOptions('http://127.0.0.1:1', { env_key: undefined, requires_openai_auth: true });
    const client = createModelClient({ ...options, getAuth: () => new Promise(() => undefined) });
    const next = client.stream(modelRequest, controller)[Symbol.asyncIterator]().next();
    controller.abort();

    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a reader that leaves lets the server go', async () => {
    const fake = await serve(reply([message('Hi'), gate('still')]));
    const client = createModelClient(clientOptions(fake.baseUrl));
    for await (const each of client.stream(modelRequest, { signal: new AbortController().signal })) {
      if (each.type === 'itemDone') break;
    }

    expect(await fake.requests[0]?.ended).toBe('aborted');
  });
});
