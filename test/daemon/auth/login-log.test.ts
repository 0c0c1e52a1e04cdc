import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLoginLog } from '../../../daemon/auth/login-log.ts';
import { FAKE_SECRET, type FakeAuthServer } from '../../support/fake-auth-server.ts';
import { failureOf } from './auth-fixtures.ts';
import { type AuthRig, useAuthRig } from './auth-rig.ts';

let rig: AuthRig;
let home: string;
let path: string;
let fake: FakeAuthServer;

useAuthRig((given) => {
  rig = given;
  ({ home, fake } = rig);
  path = join(home, 'log', 'codex-login.log');
});

async function lines(): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain(FAKE_SECRET);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The status of a path asked for as it is written, which fetch would not do. */
const askFor = (port: number, raw: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: raw, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });

test('a sign-in writes down its steps for the user alone, without its secrets', async () => {
  const auth = rig.start({ loginLog: createLoginLog(path) }).auth;
  expect(existsSync(path)).toBe(false);
  const prompt = await auth.startLogin('chatgpt', fake.server);
  const { searchParams, href } = new URL(prompt.type === 'chatgpt' ? prompt.authUrl : '');
  const port = Number(new URL(searchParams.get('redirect_uri') ?? '').port);
  expect(await askFor(port, '//')).toBe(404);
  const authorized = await fetch(href, { redirect: 'manual' });
  const callback = new URL(authorized.headers.get('location') ?? '');
  callback.hostname = '127.0.0.1';
  await fetch(callback);
  await auth.whenResting();

  expect([(await stat(path)).mode & 0o777, (await stat(join(home, 'log'))).mode & 0o777]).toEqual([0o600, 0o700]);
  const written = await lines();
  expect(
    written.map(({ msg, url, status, method, why }) => [msg, method ?? status ?? why ?? null, url ?? null]),
  ).toEqual([
    ['sign-in asked for', 'chatgpt', null],
    ['waiting for the browser', null, expect.stringContaining('/oauth/authorize?response_type=code&client_id=app_')],
    ['the browser asked', 'GET', 'http://localhost/auth/callback?code=[redacted]&state=[redacted]'],
    ['answered', 200, `${fake.url}/oauth/token`],
    ['answered', 200, `${fake.url}/oauth/token`],
    ['sign-in ended', 'chatgpt', null],
    ['the browser asked', 'GET', 'http://localhost/success'],
  ]);
  const text = await readFile(path, 'utf8');
  for (const secret of [searchParams.get('state'), searchParams.get('code_challenge')])
    expect(text).not.toContain(secret);
});

test('a sign-in that fails says why there; a refresh and a logout write nothing', async () => {
  const auth = rig.start({ loginLog: createLoginLog(path) }).auth;
  fake.fail('deviceToken', { kind: 'echo', status: 500 });
  await auth.startLogin('chatgptDeviceCode', fake.server);
  await auth.login('sk-key-FAKE', fake.server);
  await auth.logout({ server: fake.server });
  const ends = (await lines()).filter(({ msg }) => msg === 'sign-in ended');
  expect(ends.map(({ method, stage }) => [method, stage])).toEqual([
    ['chatgptDeviceCode', 'login'],
    ['apiKey', null],
  ]);
  expect(await readFile(path, 'utf8')).not.toContain('sk-key-FAKE');
});

test('a place that cannot be written stops no sign-in', async () => {
  await writeFile(join(home, 'log'), 'a file in the place of the folder');
  const auth = rig.start({ loginLog: createLoginLog(path) }).auth;
  expect(await failureOf(auth.login('sk-key', fake.server))).toBeNull();
});
