import { afterEach, describe, expect, test } from 'vitest';
import type { ModelAuth } from '../../../daemon/model/request-headers.ts';
import { type FakeOpenai, httpError, type PlainStep, startFakeOpenai, text } from '../../support/fake-openai.ts';
import { createRig } from './client-rig.ts';

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

describe('a 401 with the stored sign-in', () => {
  const bearer = (token: string): ModelAuth => ({ kind: 'bearer', token, accountId: null });
  const stored = { env_key: undefined, requires_openai_auth: true };
  const byToken = (good: string) => (request: { headers: Readonly<Record<string, string>> }) =>
    request.headers.authorization === `Bearer ${good}` ? text('Hi') : httpError(401, { message: 'expired' });

  test.each([
    { name: 'goes on with the reloaded token', good: 'at-1', sent: ['at-0', 'at-1'], kind: null },
    { name: 'goes on with the refreshed token', good: 'at-2', sent: ['at-0', 'at-1', 'at-2'], kind: null },
    { name: 'reaches the user after two tries', good: 'at-9', sent: ['at-0', 'at-1', 'at-2'], kind: 'signInFailed' },
  ])('$name', async ({ good, sent, kind }) => {
    const fake = await startFakeOpenai(byToken(good));
    server = fake;
    const asked: [ModelAuth, number][] = [];
    const recoverAuth = async (rejected: ModelAuth, attempt: number) => {
      asked.push([rejected, attempt]);
      return bearer(`at-${attempt}`);
    };
    const rig = createRig(fake.baseUrl, stored, { getAuth: async () => bearer('at-0'), recoverAuth });
    const { failure } = await rig.run();

    expect(failure?.kind ?? null).toBe(kind);
    expect(fake.requests.map((each) => each.headers.authorization)).toEqual(sent.map((token) => `Bearer ${token}`));
    expect(asked).toEqual(sent.slice(0, asked.length).map((token, index) => [bearer(token), index + 1]));
  });

  test('takes its usual way when there is nothing to renew', async () => {
    const fake = await serve(httpError(401));
    const options = { getAuth: async () => bearer('at-0'), recoverAuth: async () => null };
    const { failure } = await createRig(fake.baseUrl, stored, options).run();

    expect(failure?.kind).toBe('unauthorized');
    expect(fake.requests).toHaveLength(1);
  });

  test('fails with the words of a renewal that failed', async () => {
    const fake = await serve(httpError(401));
    const recoverAuth = () => Promise.reject(new Error('Sign in again.'));
    const { failure } = await createRig(fake.baseUrl, stored, {
      getAuth: async () => bearer('at-0'),
      recoverAuth,
    }).run();

    expect(failure).toMatchObject({ kind: 'signInFailed', message: 'Sign in again.' });
    expect(fake.requests).toHaveLength(1);
  });

  test('is not asked about a key of the environment', async () => {
    const fake = await serve(httpError(401));
    const { failure } = await createRig(fake.baseUrl, {}, { recoverAuth: async () => bearer('at-1') }).run();

    expect(failure?.kind).toBe('unauthorized');
    expect(fake.requests).toHaveLength(1);
  });
});
