import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountLoginStart, accountLogout, accountRead } from '../../machines/protocol/methods/account.ts';
import { chatgptFile, SECRET } from '../daemon/auth/auth-fixtures.ts';
import { startThread } from '../support/client-turns.ts';
import { httpError, text } from '../support/fake-openai.ts';
import { logPathOf, startScene } from '../support/scene.ts';

const signInProvider = { envKey: null, provider: ['requires_openai_auth = true'] };

describe('an API key', () => {
  test('is stored, read masked, used, and erased; everybody is told', async () => {
    const scene = await startScene({ script: [text('ok')], config: signInProvider });
    const client = await scene.connect();
    const other = await scene.connect({ encoding: 'json' });
    const authFile = join(scene.temp.home, 'auth.json');
    expect(await client.request(accountRead, {})).toMatchObject({ account: null, requiresOpenaiAuth: true });

    expect(await client.request(accountLoginStart, { type: 'apiKey', apiKey: `sk-proj-${SECRET}` })).toEqual({
      type: 'apiKey',
    });

    expect((await other.notification('account/login/completed')).params).toEqual({
      loginId: null,
      success: true,
      error: null,
    });
    expect((await other.notification('account/updated')).params).toEqual({ authMode: 'apikey', planType: null });
    expect(statSync(authFile).mode & 0o777).toBe(0o600);
    const read = await other.request(accountRead, {});
    expect(read).toMatchObject({ account: { type: 'apiKey' }, state: 'signedIn', error: null });
    expect(JSON.stringify(read)).not.toContain(SECRET);

    await (await startThread(client)).run('hi');
    expect(scene.openai.requests[0]?.headers.authorization).toBe(`Bearer sk-proj-${SECRET}`);

    expect(await client.request(accountLogout, {})).toEqual({ wasSignedIn: true, notice: null });
    await other.waitFor(
      'the second update',
      () => other.notifications.filter(({ method }) => method === 'account/updated')[1],
    );
    expect(existsSync(authFile)).toBe(false);
    expect(await other.request(accountRead, {})).toMatchObject({ account: null, state: 'signedOut' });
    expect(await other.request(accountLogout, {})).toEqual({ wasSignedIn: false, notice: null });
    expect(scene.daemon.log()).not.toContain(SECRET);
  });

  test('that is empty is refused', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    await expect(client.request(accountLoginStart, { type: 'apiKey', apiKey: ' ' })).rejects.toMatchObject({
      errorName: 'invalidParams',
      message: 'The API key is empty.',
    });
    expect(existsSync(join(scene.temp.home, 'auth.json'))).toBe(false);
  });
});

describe('a ChatGPT sign-in', () => {
  test('is read, and used with its account; a refused one keeps its token to itself', async () => {
    const scene = await startScene({
      script: [text('ok'), httpError(400, { body: `bad token access-${SECRET}` })],
      config: signInProvider,
      prepare: ({ home }) => writeFileSync(join(home, 'auth.json'), chatgptFile, { mode: 0o600 }),
    });
    const client = await scene.connect();
    const thread = await startThread(client);

    const read = await client.request(accountRead, {});
    expect(read).toMatchObject({
      account: { type: 'chatgpt', email: 'e@x.test', planType: 'pro' },
      requiresOpenaiAuth: true,
    });
    await thread.run('hi');
    const failed = await thread.run('again');

    expect(scene.openai.requests[0]?.headers).toMatchObject({
      authorization: `Bearer access-${SECRET}`,
      'chatgpt-account-id': 'acc-1',
    });
    expect(failed).toMatchObject({ status: 'failed', error: { message: 'bad token [redacted]' } });
    for (const text of [
      JSON.stringify(read),
      scene.daemon.log(),
      readFileSync(logPathOf(scene.temp, thread.id), 'utf8'),
    ]) {
      expect(text).not.toContain(SECRET);
    }
  });

  test('is never sent to a provider that does not ask for it', async () => {
    const scene = await startScene({
      script: [text('ok')],
      config: { envKey: null },
      prepare: ({ home }) => writeFileSync(join(home, 'auth.json'), chatgptFile, { mode: 0o600 }),
    });

    await (await startThread(await scene.connect())).run('hi');

    expect(scene.openai.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(scene.openai.requests[0]?.headers).not.toHaveProperty('chatgpt-account-id');
  });

  test('that cannot be read fails a logout and the turns that need it, and is kept', async () => {
    const scene = await startScene({
      config: signInProvider,
      prepare: ({ home }) => writeFileSync(join(home, 'auth.json'), '{ half', { mode: 0o600 }),
    });
    const client = await scene.connect();

    expect((await client.request(accountRead, {})).error).toContain('auth.json');
    await expect(client.request(accountLogout, {})).rejects.toMatchObject({ errorName: 'authUnreadable' });
    expect(await (await startThread(client)).run('hi')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('auth.json') },
    });
    expect(readFileSync(join(scene.temp.home, 'auth.json'), 'utf8')).toBe('{ half');
    expect(scene.openai.requests).toEqual([]);
  });

  test('written by another program while the daemon runs is seen', async () => {
    const scene = await startScene({ config: signInProvider });
    const client = await scene.connect();
    expect(await client.request(accountRead, {})).toMatchObject({ account: null });

    writeFileSync(join(scene.temp.home, 'auth.json'), chatgptFile, { mode: 0o600 });

    expect(await client.request(accountRead, {})).toMatchObject({ account: { type: 'chatgpt' } });
    expect((await client.notification('account/updated')).params).toEqual({ authMode: 'chatgpt', planType: 'pro' });
  });
});
