import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountLoginStart, accountRead } from '../../machines/protocol/methods/account.ts';
import { type AuthScene, signedInScene, startAuthScene } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { takeLoginPort } from '../support/login-port.ts';

// auth.md §2: what the configuration says is read when it matters, not when the daemon starts.
const ONLY_CHATGPT = ['forced_login_method = "chatgpt"'];
const ONLY_KEYS = ['forced_login_method = "api"'];
const OTHER_WORKSPACE = ['forced_chatgpt_workspace_id = ["acc-2", "acc-3"]'];
const KEY_FILE = '{"auth_mode":"apikey","OPENAI_API_KEY":"sk-stored"}';

async function runTurn({ connect }: AuthScene) {
  const client = await connect();
  const { status, error } = await (await startThread(client)).run('hi');
  return { client, status, message: error?.message ?? null };
}

describe('a login that the configuration forbids by now', () => {
  test.each([
    { top: ONLY_CHATGPT, params: { type: 'apiKey', apiKey: 'sk-1' } as const, says: 'API key login is disabled.' },
    { top: ONLY_KEYS, params: { type: 'chatgpt' } as const, says: 'ChatGPT login is disabled.' },
    { top: ONLY_KEYS, params: { type: 'chatgptDeviceCode' } as const, says: 'ChatGPT login is disabled.' },
  ])('$params.type with $top is refused, and the store is left alone', async ({ top, params, says }) => {
    const here = await startAuthScene({ file: KEY_FILE });
    const client = await here.connect();
    here.configure(top);
    await expect(client.request(accountLoginStart, params)).rejects.toMatchObject({
      errorName: 'loginDisabled',
      code: -32600,
      message: expect.stringContaining(says),
    });
    expect([here.text(), here.fake.requests]).toEqual([KEY_FILE, []]);

    here.configure([]);
    expect(await client.request(accountLoginStart, { type: 'apiKey', apiKey: 'sk-2' })).toEqual({ type: 'apiKey' });
  });

  test('names the workspaces to the server, and while the file cannot be read what it said last holds', async () => {
    await takeLoginPort();
    const here = await startAuthScene();
    const client = await here.connect();
    here.configure([...OTHER_WORKSPACE, ...ONLY_CHATGPT]);
    const started = await client.request(accountLoginStart, { type: 'chatgpt' });
    const url = new URL(started.type === 'chatgpt' ? started.authUrl : '');
    expect(url.searchParams.get('allowed_workspace_id')).toBe('acc-2,acc-3');
    writeFileSync(join(here.scene.temp.home, 'config.toml'), 'half = "a fi');
    await expect(client.request(accountLoginStart, { type: 'apiKey', apiKey: 'sk' })).rejects.toMatchObject({
      errorName: 'loginDisabled',
    });
  });
});

describe('a stored sign-in that the configuration forbids by now', () => {
  test.each([
    ['a ChatGPT sign-in with api', ONLY_KEYS],
    ['a ChatGPT sign-in of another workspace', ['forced_chatgpt_workspace_id = "acc-2"']],
    ['a ChatGPT sign-in of none of some workspaces', OTHER_WORKSPACE],
  ])('%s is revoked before it is erased, and everybody is told', async (_, top) => {
    const here = await signedInScene({ script: [text('ok')] });
    expect(await runTurn(here)).toMatchObject({ status: 'completed' });
    const other = await here.connect();
    here.configure(top);
    expect(await runTurn(here)).toMatchObject({ status: 'failed', message: expect.stringContaining('was signed out') });
    expect([here.text(), here.fake.revoked.length, here.fake.live.size]).toEqual([null, 1, 0]);
    expect((await other.notification('account/updated')).params).toEqual({ authMode: null, planType: null });
  });

  test('that cannot be revoked is kept, and is not used', async () => {
    const here = await signedInScene();
    const before = here.text();
    here.configure(ONLY_KEYS);
    here.fake.fail('revoke', { kind: 'status', status: 500 });
    const { client, ...turn } = await runTurn(here);
    expect(turn).toEqual({ status: 'failed', message: expect.stringMatching(/is not used.*answered 500/) });
    expect(here.text()).toBe(before);
    expect(await client.request(accountRead, {})).toMatchObject({ account: { type: 'chatgpt' }, stage: 'revoking' });
    expect(here.scene.openai.requests).toEqual([]);
  });

  test('an API key with chatgpt is erased without a call', async () => {
    const here = await startAuthScene({ file: KEY_FILE });
    here.configure(ONLY_CHATGPT);
    expect(await runTurn(here)).toMatchObject({ status: 'failed', message: expect.stringContaining('was signed out') });
    expect([here.text(), here.fake.requests]).toEqual([null, []]);
  });
});
