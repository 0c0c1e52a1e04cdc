import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { authScene, ended, expectNoSecret, signedIn, signedOut } from '../support/built-auth-scene.ts';
import { takeLoginPort } from '../support/login-port.ts';
import { until } from '../support/start-daemon.ts';
import { lacksTerminals } from '../support/terminal.ts';

describe('codex login', () => {
  test('by browser ends signed in when the browser has been sent back', async () => {
    await takeLoginPort();
    const here = await authScene({ isSignedIn: false });
    const login = here.scene.start(['login'], { env: here.env });
    const page = await fetch(await here.openedUrl());

    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/success']);
    const ran = await login.ended;
    expect({ ...ran, stderr: '' }).toEqual(ended(0, ''));
    expect(ran.stderr).toMatch(
      /^Starting local login server on http:\/\/localhost:145[57]\.\n[\s\S]*\nSuccessfully logged in\n$/,
    );
    expect(statSync(here.authFile).mode & 0o777).toBe(0o600);
    expect(await here.run('login', 'status')).toEqual(signedIn);
    expectNoSecret(here, ran);
  });

  test('by browser is cancelled with Ctrl-C', async () => {
    await takeLoginPort();
    const here = await authScene({ isSignedIn: false });
    const login = here.scene.start(['login'], { env: here.env });
    const url = await here.openedUrl();
    await login.saw(/Ctrl-C cancels/);
    login.kill('SIGINT');

    const { code, stderr } = await login.ended;
    expect([code, stderr.split('\n').at(-2)]).toEqual([130, 'Login cancelled']);
    await expect(fetch(url)).rejects.toThrow();
    expect(await here.run('login', 'status')).toEqual(signedOut);
  });

  test('by code asks the server of the option until somebody has entered it', async () => {
    const here = await authScene({ isSignedIn: false });
    here.auth.pending(1);
    const ran = await here.scene.run(['login', '--device-auth', '--experimental_issuer', here.auth.url], {
      env: { PATH: here.env.PATH ?? '' },
    });

    expect({ ...ran, stdout: '' }).toEqual(ended(0, 'Successfully logged in\n'));
    expect(ran.stdout).toContain(`${here.auth.url}/codex/device\n`);
    expect(ran.stdout).toContain('ABCD-1234\n');
    expect(here.auth.requestsTo('/api/accounts/deviceauth/token')).toHaveLength(2);
    expect(await here.run('login', 'status')).toEqual(signedIn);
    expectNoSecret(here, ran);
  });

  test('by code says why the server refuses it', async () => {
    const here = await authScene({ isSignedIn: false });
    here.auth.fail('usercode', { kind: 'status', status: 404 });
    const { code, stdout, stderr } = await here.run('login', '--device-auth');

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error logging in: .*not enabled.*\n$/);
  });
});

describe('codex logout', () => {
  test('says first what it would do, then revokes and erases', async () => {
    const here = await authScene({ isSignedIn: true });
    const before = readFileSync(here.authFile);
    const [refreshToken = ''] = here.auth.live;

    const planned = await here.run('logout', '--dry-run');
    expect(planned).toEqual(
      ended(
        0,
        '',
        `sign-in      ChatGPT (e@x.test, plan pro), kept in auth.json
revokes      the refresh token, at ${here.auth.url}/oauth/revoke
erases       ${here.authFile}
clients      no other is attached
turns        none is running
This is only what would be done; nothing was changed.
`,
      ),
    );
    expect([readFileSync(here.authFile), here.auth.requests]).toEqual([before, []]);

    const ran = await here.run('logout');
    expect(ran).toEqual(ended(0, 'Successfully logged out\n'));
    expect([existsSync(here.authFile), here.auth.revoked]).toEqual([false, [refreshToken]]);
    expect(await here.run('login', 'status')).toEqual(signedOut);
    expect(await here.run('logout')).toEqual(ended(0, 'Not logged in\n'));
    expect(here.auth.revoked).toHaveLength(1);
    expectNoSecret(here, planned, ran);
  });

  test('that cannot revoke keeps the sign-in byte for byte, and can be tried again', async () => {
    const here = await authScene({ isSignedIn: true });
    const before = readFileSync(here.authFile);
    here.auth.fail('revoke', { kind: 'echo', status: 500 });

    const failed = await here.run('logout');
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/^Error logging out: [^\n]*500[^\n]*still signed in[^\n]*`codex logout`[^\n]*\n$/);
    expect(readFileSync(here.authFile)).toEqual(before);
    const status = await here.run('login', 'status');
    expect([status.code, status.stderr.split('\n')[0]]).toEqual([0, 'Logged in using ChatGPT']);

    here.auth.fail('revoke', null);
    expect(await here.run('logout')).toEqual(ended(0, 'Successfully logged out\n'));
    expect(existsSync(here.authFile)).toBe(false);
    expectNoSecret(here, failed, status);
  });

  test('goes on in the daemon when the terminal that asked leaves', async () => {
    const here = await authScene({ isSignedIn: true });
    const release = here.auth.hold('revoke');
    const logout = here.scene.start(['logout'], { env: here.env });
    await logout.saw(/^Revoking the sign-in at the server \(10 seconds at most\)…/);
    logout.kill('SIGINT');
    const { code, stderr } = await logout.ended;
    expect([code, stderr.split('\n').at(-2)]).toEqual([
      130,
      'The logout goes on in the daemon; `codex login status` says how it ended.',
    ]);
    expect(existsSync(here.authFile)).toBe(true);

    release();
    await until('the sign-in is erased', () => !existsSync(here.authFile));
    expect(await here.run('login', 'status')).toEqual(signedOut);
    expect(here.auth.revoked).toHaveLength(1);
  });

  test.each([
    { name: 'empty', text: '' },
    { name: 'half a file', text: '{"auth_mode":"chatgpt","tokens":{' },
    { name: 'of the wrong shape', text: '{"auth_mode":"chatgpt","tokens":{"id_token":7}}' },
  ])('keeps an auth.json that is $name, and asks no server', async ({ text }) => {
    const here = await authScene({ isSignedIn: false });
    writeFileSync(here.authFile, text, { mode: 0o600 });

    const { code, stdout, stderr } = await here.run('logout');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error logging out: [^\n]*auth\.json[^\n]*kept[^\n]*`codex logout`[^\n]*\n$/);
    const status = await here.run('login', 'status');
    expect([status.code, status.stdout]).toEqual([1, '']);
    expect(status.stderr).toMatch(/^Error checking login status: [^\n]*auth\.json cannot be used: [^\n]*\n$/);
    expect([readFileSync(here.authFile, 'utf8'), here.auth.requests]).toEqual([text, []]);
  });

  test('--local-only erases without asking the server, and only when it is confirmed', async () => {
    const here = await authScene({ isSignedIn: true });
    expect(await here.run('logout', '--local-only')).toEqual(
      ended(1, '--local-only needs --yes where nobody can be asked\n'),
    );
    expect(existsSync(here.authFile)).toBe(true);

    const { code, stderr } = await here.run('logout', '--local-only', '--yes');
    expect([code, stderr.split('\n')[0]]).toEqual([0, 'Successfully logged out']);
    expect([existsSync(here.authFile), here.auth.requests]).toEqual([false, []]);
  });
});

describe.skipIf(lacksTerminals)('two terminals', () => {
  test('both see a logout at once; the one that asked leaves', async () => {
    const here = await authScene({ isSignedIn: true });
    const first = here.scene.tui([], { env: here.env });
    await first.waitForText('Ask for anything');
    const second = here.scene.tui(['attach'], { env: here.env });
    await second.waitForText('Ask for anything');
    const release = here.auth.hold('revoke');

    first.type('/logout');
    first.press('enter');
    await Promise.all([first, second].map((terminal) => terminal.waitForText('signing out…')));
    release();
    expect((await first.exited).exitCode).toBe(0);
    expect(first.screenText()).toContain('Successfully logged out.');
    await second.waitForText('signed out · ');
  });

  test('both see a logout that failed; the one that asked stays', async () => {
    const here = await authScene({ isSignedIn: true });
    here.auth.fail('revoke', { kind: 'status', status: 500 });
    const first = here.scene.tui([], { env: here.env });
    await first.waitForText('Ask for anything');
    const second = here.scene.tui(['attach'], { env: here.env });
    await second.waitForText('Ask for anything');

    first.type('/logout');
    first.press('enter');
    await first.waitForText('Logout failed: the refresh token was not revoked');
    await second.waitForText('⚠ signing out failed: the refresh token was not revoked');
    await first.waitForText('Ask for anything');
    expect(existsSync(here.authFile)).toBe(true);
  });

  test('one signs in with a browser, and the other sees it', async () => {
    await takeLoginPort();
    const here = await authScene({ isSignedIn: false });
    const first = here.scene.tui([], { env: here.env });
    await first.waitForText('signed out · ');
    const second = here.scene.tui(['attach'], { env: here.env });
    await second.waitForText('signed out · ');

    first.type('/login');
    first.press('enter');
    await first.waitForText('› 1 Browser');
    first.press('enter');
    await second.waitForText('signing in… · ');
    const page = await fetch(await here.openedUrl());
    expect(page.status).toBe(200);
    await first.waitForText('signed in');
    await first.waitForText('Ask for anything');
    await second.waitForNoText(/signed out · |signing in… · /);
  });

  test('a turn that fails for lack of a sign-in opens the sign-in screen', async () => {
    const here = await authScene({ isSignedIn: false });
    const terminal = here.scene.tui([], { env: here.env });
    await terminal.waitForText('Ask for anything');
    terminal.type('hello');
    terminal.press('enter');
    await terminal.waitForText('› 1 Browser');
    terminal.press('escape');
    await terminal.waitForText('✘ turn failed: ');
    expect(here.scene.openai.requests).toEqual([]);
  });
});
