import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { accountLoginStart, accountLogout } from '../../machines/protocol/methods/account.ts';
import { type AuthScene, signedInScene, startAuthScene, writtenIn } from '../support/auth-scene.ts';
import { startThread } from '../support/client-turns.ts';
import { chatgptAuthFile, startFakeAuthServer } from '../support/fake-auth-server.ts';
import { text } from '../support/fake-openai.ts';
import { startFakeProxy } from '../support/fake-proxy.ts';

const PASSWORD = 'PROXYPASSWORD';

async function withProxy() {
  const proxy = await startFakeProxy();
  onTestFinished(() => proxy.close());
  const lines = () => proxy.requests.map(({ line }) => line);
  return { proxy, lines, variables: { http_proxy: `http://me:${PASSWORD}@${proxy.host}` } };
}

const connectThrough = ({ connect, variables }: AuthScene, more: Record<string, string>) =>
  connect({ environment: { variables: { ...variables, ...more } } });

test('a sign-in, a refresh, a turn and a logout go through the proxy of the client that asks', async () => {
  const { proxy, lines, variables } = await withProxy();
  const here = await startAuthScene({ script: [text('one'), text('two')] });
  const [proxied, direct] = [await connectThrough(here, variables), await here.connect()];

  await proxied.request(accountLoginStart, { type: 'chatgptDeviceCode' });
  await proxied.notification('account/login/completed');
  expect(await (await startThread(proxied)).run('hi')).toMatchObject({ status: 'completed' });
  expect(lines()).toEqual([
    `POST ${here.fake.url}/api/accounts/deviceauth/usercode`,
    `POST ${here.fake.url}/api/accounts/deviceauth/token`,
    `POST ${here.fake.url}/oauth/token`,
    `POST ${here.scene.openai.baseUrl}/responses`,
  ]);
  expect(new Set(proxy.requests.map(({ authorization }) => authorization)).size).toBe(1);

  expect(await (await startThread(direct)).run('hi')).toMatchObject({ status: 'completed' });
  expect(lines().length).toBe(4);
  expect(await proxied.request(accountLogout, {})).toMatchObject({ wasSignedIn: true });
  expect(lines().at(-1)).toBe(`POST ${here.fake.url}/oauth/revoke`);
  const told = JSON.stringify([proxied.raw.received, direct.raw.received]);
  expect(`${told}${writtenIn(here.scene.temp)}`).not.toContain(PASSWORD);
});

test('what NO_PROXY names is asked directly', async () => {
  const { lines, variables } = await withProxy();
  const fake = await startFakeAuthServer();
  const here = await startAuthScene({
    fake,
    script: [text('ok')],
    file: chatgptAuthFile(fake, { endsInSeconds: 1 }),
  });
  const client = await connectThrough(here, { ...variables, NO_PROXY: 'localhost,127.0.0.1' });
  expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });
  expect([fake.requestsTo('/oauth/token').length, lines()]).toEqual([1, []]);
});

test('a proxy that refuses fails a logout, which keeps the sign-in and names the proxy without its password', async () => {
  const { proxy, variables } = await withProxy();
  const here = await signedInScene();
  const before = here.text();
  const client = await connectThrough(here, variables);
  proxy.refuse(503);
  await expect(client.request(accountLogout, {})).rejects.toMatchObject({ errorName: 'revokeFailed' });
  await proxy.close();
  await expect(client.request(accountLogout, {})).rejects.toMatchObject({
    message: expect.stringContaining(`the connection was refused (through the proxy http://${proxy.host})`),
  });
  expect([here.text(), here.fake.requests]).toEqual([before, []]);
});

test('the note of a logout that goes on holds no password of a proxy', async () => {
  const { proxy, variables } = await withProxy();
  const here = await signedInScene();
  const client = await connectThrough(here, variables);
  const release = here.fake.hold('revoke');
  const asked = client.request(accountLogout, {});
  await here.fake.waitForRequests('/oauth/revoke', 1);
  const note = readFileSync(join(here.scene.temp.home, 'daemon', 'logout.json'), 'utf8');
  expect(JSON.parse(note)).toMatchObject({ server: { proxy: { http: `http://${proxy.host}` } } });
  expect(note).not.toContain(PASSWORD);
  release();
  await asked;
  expect(existsSync(here.path)).toBe(false);
});
