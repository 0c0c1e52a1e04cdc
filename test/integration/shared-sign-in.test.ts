import { existsSync, lstatSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { accountLogout, accountRead } from '../../machines/protocol/methods/account.ts';
import { type AuthScene, startAuthScene } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { chatgptAuthFile, startFakeAuthServer } from '../support/fake-auth-server.ts';
import { text } from '../support/fake-openai.ts';
import { type Scene, startScene } from '../support/scene.ts';
import { clientEnvironment } from '../support/start-daemon.ts';

const config = { envKey: null, provider: ['requires_openai_auth = true'] };

test('two daemons on two homes that share one auth.json redeem no token twice', async () => {
  const fake = await startFakeAuthServer();
  onTestFinished(() => fake.close());
  const script = [text('one'), text('two')];
  const first = await startScene({
    config,
    script,
    prepare: ({ home }) =>
      writeFileSync(join(home, 'auth.json'), chatgptAuthFile(fake, { endsInSeconds: 1 }), { mode: 0o600 }),
  });
  const shared = join(first.temp.home, 'auth.json');
  const second = await startScene({
    config,
    script,
    prepare: ({ home }) => symlinkSync(shared, join(home, 'auth.json')),
  });
  const run = async (scene: Scene, prompts: readonly string[]) => {
    const { variables } = clientEnvironment(scene.temp);
    const client = await scene.connect({ environment: { variables: { ...variables, ...fake.variables } } });
    const thread = await startThread(client);
    for (const prompt of prompts) expect((await thread.run(prompt)).status).toBe('completed');
  };

  await Promise.all([run(first, ['hi', 'again']), run(second, ['hi', 'again'])]);

  expect(fake.redeemed).toEqual([...new Set(fake.redeemed)]);
  expect(fake.requestsTo('/oauth/token').length).toBe(1);
  const { tokens } = JSON.parse(readFileSync(shared, 'utf8'));
  for (const { openai } of [first, second]) {
    expect(openai.requests.at(-1)?.headers.authorization).toBe(`Bearer ${tokens.access_token}`);
  }
  expect(lstatSync(join(second.temp.home, 'auth.json')).isSymbolicLink()).toBe(true);
});

/** Another program with the same home and no lock: it spends the stored refresh token and writes what it got. */
async function rotate({ fake, path }: AuthScene): Promise<string> {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const answer = await fetch(`${fake.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: file.tokens.refresh_token }),
  });
  expect(answer.status).toBe(200);
  const tokens = { ...file.tokens, ...((await answer.json()) as Record<string, string>) };
  writeFileSync(`${path}.theirs`, JSON.stringify({ ...file, tokens, last_refresh: new Date().toISOString() }), {
    mode: 0o600,
  });
  renameSync(`${path}.theirs`, path);
  return tokens.access_token;
}

describe('a daemon beside a program that rotates the token in the file', () => {
  const signedInFor = async (endsInSeconds: number, replies: readonly string[] = []) => {
    const fake = await startFakeAuthServer();
    const file = chatgptAuthFile(fake, { endsInSeconds });
    const here = await startAuthScene({ fake, file, script: replies.map((words) => text(words)) });
    return { here, fake, client: await here.connect() };
  };

  test('takes over the newer token before each use, and spends none', async () => {
    const { here, fake, client } = await signedInFor(3600, ['one', 'two', 'three']);
    const thread = await startThread(client);
    for (const prompt of ['one', 'two', 'three']) {
      const theirs = await rotate(here);
      expect((await thread.run(prompt)).status).toBe('completed');
      expect(here.scene.openai.requests.at(-1)?.headers.authorization).toBe(`Bearer ${theirs}`);
    }
    expect([fake.redeemed.length, new Set(fake.redeemed).size, fake.live.size]).toEqual([3, 3, 1]);
  });

  test('that came too late with the same token ends in the newer one', async () => {
    const { here, fake, client } = await signedInFor(1, ['one']);
    const release = fake.hold('token');
    const running = (await startThread(client)).run('hi');
    await fake.waitForRequests('/oauth/token', 1);
    // The other program was served first, and has written what it got.
    fake.fail('token', { kind: 'status', status: 401, body: { error: { code: 'refresh_token_reused' } } });
    writeFileSync(here.path, chatgptAuthFile(fake), { mode: 0o600 });
    release();
    expect(await running).toMatchObject({ status: 'completed' });
    const { tokens } = JSON.parse(readFileSync(here.path, 'utf8'));
    expect(here.scene.openai.requests.at(-1)?.headers.authorization).toBe(`Bearer ${tokens.access_token}`);
    expect(fake.live.has(tokens.refresh_token)).toBe(true);
  });

  test('signs out the newest token', async () => {
    const { here, fake, client } = await signedInFor(3600);
    await rotate(here);
    const [newest] = fake.live;
    await client.request(accountLogout, {});
    expect([existsSync(here.path), fake.revoked, fake.live.size]).toEqual([false, [newest], 0]);
  });

  test('keeps a token that came while the old one was revoked: nothing is erased that was not revoked', async () => {
    const { here, fake, client } = await signedInFor(3600);
    const release = fake.hold('revoke');
    const asked = client.request(accountLogout, {}).catch((error: unknown) => error);
    await fake.waitForRequests('/oauth/revoke', 1);
    await rotate(here);
    const after = here.text();
    release();
    expect(await asked).toMatchObject({
      errorName: 'eraseFailed',
      message: expect.stringContaining('new one was kept'),
    });
    expect(here.text()).toBe(after);
    expect(await client.request(accountRead, {})).toMatchObject({ account: { type: 'chatgpt' }, state: 'signedIn' });
    await client.request(accountLogout, {});
    expect([existsSync(here.path), fake.live.size]).toEqual([false, 0]);
  });
});
