import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { authScene, ended, signedIn, signedOut } from '../support/built-auth-scene.ts';
import { chatgptAuthFile } from '../support/fake-auth-server.ts';
import { takeLoginPort } from '../support/login-port.ts';

/** Rows of auth.md §2 and §4 that auth.test.ts does not come by, with the built program. */
test('a login with an API key stores and shows it masked, and asks no server', async () => {
  const here = await authScene({ isSignedIn: false });
  const give = (stdin: string) => here.scene.run(['login', '--with-api-key'], { env: here.env, stdin });
  const READING = 'Reading API key from stdin...\n';
  for (const nothing of ['', ' \n']) {
    expect(await give(nothing)).toEqual(ended(1, `${READING}No API key provided via stdin.\n`));
  }
  expect(existsSync(here.authFile)).toBe(false);
  expect(await give(' sk-proj-0123456789ABCDE\n')).toEqual(ended(0, `${READING}Successfully logged in\n`));
  const stored = readFileSync(here.authFile, 'utf8');
  expect(JSON.parse(stored)).toEqual({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-proj-0123456789ABCDE' });
  expect((await give('\n')).code).toBe(1);
  expect(readFileSync(here.authFile, 'utf8')).toBe(stored);
  const status = () => here.run('login', 'status');
  expect(await status()).toEqual(ended(0, 'Logged in using an API key - sk-proj-***ABCDE\n'));
  expect(await here.run('logout')).toEqual(ended(0, 'Successfully logged out\n'));
  expect([await status(), existsSync(here.authFile), here.auth.requests]).toEqual([signedOut, false, []]);
});

test.each(['chatgpt', 'chatgptAuthTokens'])('the status of %s tokens that have ended asks no server', async (mode) => {
  const here = await authScene({ isSignedIn: false });
  const file = { ...JSON.parse(chatgptAuthFile(here.auth, { endsInSeconds: -10 })), auth_mode: mode };
  writeFileSync(here.authFile, JSON.stringify(file), { mode: 0o600 });
  expect(await here.run('login', 'status')).toEqual(signedIn);
  expect(here.auth.requests).toEqual([]);
});

test('a login by browser is taken over by the next one, which gets its port', async () => {
  await takeLoginPort();
  const here = await authScene({ isSignedIn: false });
  const first = here.scene.start(['login'], { env: here.env });
  const port = new URL(await here.openedUrl()).searchParams.get('redirect_uri');
  const second = here.scene.start(['login'], { env: here.env });
  const { code, stdout, stderr } = await first.ended;
  expect([code, stdout, stderr.split('\n').at(-2)]).toEqual([1, '', 'Error logging in: Login cancelled']);
  await second.saw(/Ctrl-C cancels/);
  expect(new URL(await here.openedUrl()).searchParams.get('redirect_uri')).toBe(port);
  second.kill('SIGTERM');
  await second.ended;
});

test('an API key that the configuration forbids by now is erased at its next use', async () => {
  const here = await authScene({ isSignedIn: false });
  writeFileSync(here.authFile, '{"OPENAI_API_KEY":"sk-stored"}', { mode: 0o600 });
  const config = join(here.scene.temp.home, 'config.toml');
  writeFileSync(config, `forced_login_method = "chatgpt"\n${readFileSync(config, 'utf8')}`);
  expect(await here.run('login', 'status')).toEqual(ended(0, 'Logged in using an API key - ***\n'));
  const { code, stderr } = await here.run('exec', 'hi');
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(
      'The configuration asks for a ChatGPT sign-in, but an API key is stored. It was signed out.',
    ),
  ]);
  const refused = await here.scene.run(['login', '--with-api-key'], { env: here.env, stdin: 'sk-2' });
  expect([refused.code, refused.stderr.split('\n').at(-2)]).toEqual([
    1,
    'API key login is disabled. Use ChatGPT login instead.',
  ]);
  expect([existsSync(here.authFile), here.auth.requests]).toEqual([false, []]);
});
