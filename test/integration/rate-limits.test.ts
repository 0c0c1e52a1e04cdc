import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { accountLogout } from '../../machines/protocol/methods/account.ts';
import { accountRateLimitsRead, NO_RATE_LIMITS } from '../../machines/protocol/methods/account-limits.ts';
import { signedInScene, startAuthScene } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { FAKE_SECRET } from '../support/fake-auth-server.ts';
import { httpError, text } from '../support/fake-openai.ts';

const usage = {
  plan_type: 'pro',
  rate_limit: { primary_window: { used_percent: 7, limit_window_seconds: 18_000, reset_at: 1_900_000_000 } },
};
const known = { ...NO_RATE_LIMITS, limitId: 'codex' };
const asked = {
  ...known,
  planType: 'pro',
  primary: { usedPercent: 7, windowDurationMins: 300, resetsAt: 1_900_000_000 },
};
const seen = { ...known, primary: { usedPercent: 55, windowDurationMins: 300, resetsAt: null } };
const headers = { 'x-codex-primary-used-percent': '55', 'x-codex-primary-window-minutes': '300' };

/** The vendor's backend, whose answers are given one by one; the last one again and again. */
async function startBackend(...answers: readonly (readonly [number, unknown])[]) {
  const requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers });
    const [status, body] = answers[Math.min(requests.length, answers.length) - 1] ?? [200, usage];
    response.writeHead(status, { location: '/elsewhere' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { requests, top: [`chatgpt_base_url = "http://127.0.0.1:${port}/backend-api/"`] };
}

describe('account/rateLimits/read', () => {
  test('asks the backend with the sign-in, and renews that after a 401', async () => {
    const backend = await startBackend([401, {}], [200, usage]);
    const { fake, connect } = await signedInScene({ top: backend.top });
    const client = await connect();
    expect(await client.request(accountRateLimitsRead, {})).toEqual({
      rateLimits: asked,
      rateLimitsByLimitId: { codex: asked },
      accountId: 'acc-1',
    });
    expect(fake.requestsTo('/oauth/token').map(({ body }) => body.refresh_reason)).toEqual(['unauthorized_recovery']);
    expect(backend.requests.map(({ url }) => url)).toEqual(Array(2).fill('/backend-api/wham/usage'));
    const [first, second] = backend.requests.map(({ headers: sent }) => sent);
    expect(first).toMatchObject({ 'chatgpt-account-id': 'acc-1', originator: 'codex_cli_rs' });
    expect(second?.authorization).not.toBe(first?.authorization);
    expect(JSON.stringify(client.raw.received)).not.toContain(FAKE_SECRET);
  });

  test('says what the model’s last answer said when the backend gives nothing, until the account changes', async () => {
    const backend = await startBackend([200, 'nonsense'], [302, {}], [500, {}]);
    const { connect } = await signedInScene({
      top: backend.top,
      script: [httpError(400, { headers, body: '{"error":{"message":"no"}}' }), text('ok')],
    });
    const client = await connect();
    await expect(client.request(accountRateLimitsRead, {})).rejects.toMatchObject({
      errorName: 'rateLimitsUnknown',
      code: -32603,
      message: 'the rate limits could not be read: the answer cannot be read',
    });
    const plain = await connect({ isOurs: false, encoding: 'json' });
    const thread = await startThread(client);
    await thread.run('hi');
    expect(await client.request(accountRateLimitsRead, {})).toMatchObject({ rateLimits: seen, accountId: 'acc-1' });
    expect(backend.requests.length).toBe(2);
    await client.request(accountLogout, {});
    await plain.notification('account/updated');
    await expect(client.request(accountRateLimitsRead, {})).rejects.toMatchObject({
      errorName: 'notLoggedIn',
      code: -32600,
    });
    expect(backend.requests.length).toBe(2);
  });

  test('is not for API keys', async () => {
    const backend = await startBackend();
    const { connect } = await startAuthScene({ top: backend.top, file: '{"OPENAI_API_KEY":"sk-1"}' });
    await expect((await connect()).request(accountRateLimitsRead, {})).rejects.toMatchObject({
      errorName: 'notLoggedIn',
      message: expect.stringContaining('ChatGPT'),
    });
    expect(backend.requests).toEqual([]);
  });
});

test('asking the vendor to mail about credits is not supported, by name', async () => {
  const { connect } = await startAuthScene();
  const client = await connect();
  const { params, result } = accountRateLimitsRead;
  const nudge = { method: 'account/sendAddCreditsNudgeEmail', params, result };
  await expect(client.request(nudge, { creditType: 'credits' })).rejects.toMatchObject({
    errorName: 'notSupported',
    code: -32601,
  });
});
