import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { buildScene } from '../support/built-scene.ts';
import { isAlive, processesOf } from '../support/start-daemon.ts';

describe('codex daemon', () => {
  test('is ready when `start` returns, tells its status, and is gone when `stop` returns', async () => {
    const scene = await buildScene();
    const { socketPath } = homePaths(scene.temp.home);
    const before = await scene.run(['daemon', 'status']);
    expect(before).toEqual({ code: 3, signal: null, stdout: 'not running\n', stderr: '' });
    expect(JSON.parse((await scene.run(['daemon', 'status', '--json'])).stdout)).toMatchObject({ running: false });

    const started = await scene.run(['daemon', 'start']);
    const pid = Number(/^started \(pid (\d+)\)\n$/.exec(started.stdout)?.[1]);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(await scene.run(['daemon', 'start'])).toMatchObject({ code: 0, stdout: `already running (pid ${pid})\n` });

    const status = await scene.run(['daemon', 'status', '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ running: true, pid, startedBy: 'user', socketPath });
    expect((await scene.run(['daemon', 'status'])).stdout).toMatch(new RegExp(`^daemon .*pid ${pid}, build `));
    expect((await scene.run(['daemon', 'logs'])).stdout).toContain(`"pid":${pid}`);

    const restarted = await scene.run(['daemon', 'restart']);
    expect(restarted.stdout).toMatch(/^started \(pid \d+\)\n$/);
    expect(isAlive(pid)).toBe(false);
    expect(await scene.daemonPid()).not.toBe(pid);

    expect(await scene.run(['daemon', 'stop'])).toMatchObject({ code: 0, stdout: 'stopped\n', stderr: '' });
    expect(existsSync(socketPath)).toBe(false);
    expect(processesOf(scene.temp)).toEqual([]);
    expect(await scene.run(['daemon', 'stop'])).toMatchObject({ code: 0, stdout: 'not running\n' });
  });

  test('is started once by ten commands at the same time', async () => {
    const scene = await buildScene();
    const runs = await Promise.all(Array.from({ length: 10 }, () => scene.run(['threads', '--json'])));
    expect(runs).toEqual(runs.map(() => ({ code: 0, signal: null, stdout: '[]\n', stderr: '' })));
    const daemons = processesOf(scene.temp).filter((line) => line.includes('daemon.cjs'));
    expect(daemons).toEqual([expect.stringMatching(`^${await scene.daemonPid()} `)]);
  });

  test('is not started with --no-autostart', async () => {
    const scene = await buildScene();
    const refused = { code: 1, stdout: '', stderr: 'error: the daemon is not running; run `codex daemon start`\n' };
    expect(await scene.run(['threads', '--no-autostart'])).toMatchObject(refused);
    expect(existsSync(homePaths(scene.temp.home).socketPath)).toBe(false);
    expect(processesOf(scene.temp)).toEqual([]);
  });

  test('says in its status that a client started it', async () => {
    const scene = await buildScene();
    await scene.run(['threads']);
    expect((await scene.run(['daemon', 'status'])).stdout).toMatch(/^started by {2}a client; it goes after 60 min/m);
  });
});

test.each([
  { args: ['threads'], says: /^error: the home folder \/proc\/no\/home cannot be used \(.*CODEX_HOME\n$/ },
  { args: ['daemon', 'start'], says: /^error: the home folder \/proc\/no\/home cannot be used \(.*CODEX_HOME\n$/ },
  { args: ['daemon', 'run'], says: /\/proc/ },
])('a home where nothing can be made is told at once by codex $args', async ({ args, says }) => {
  const scene = await buildScene();
  const ran = await scene.run(args, { env: { CODEX_HOME: '/proc/no/home' } });
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 1, stderr: expect.stringMatching(says) });
});

describe('codex doctor', () => {
  test('checks everything and says how to mend it', async () => {
    const scene = await buildScene();
    const { stdout } = await scene.run(['doctor', '--json']);
    const checks = JSON.parse(stdout) as readonly { readonly name: string; readonly level: string }[];
    expect(checks.map(({ name }) => name)).toEqual([
      'node',
      'home',
      'socket',
      'daemon',
      'sandbox',
      'keyring',
      'config',
      'provider',
      'store',
      'credentials',
    ]);
    expect(checks.filter(({ name, level }) => level === 'fail' && name !== 'sandbox')).toEqual([]);
  });

  test('without a daemon and without starting one, it warns', async () => {
    const scene = await buildScene();
    const { stdout } = await scene.run(['doctor', '--no-autostart']);
    expect(stdout).toMatch(/^warn {2}daemon {7}not running -> run `codex daemon start`$/m);
    expect(processesOf(scene.temp)).toEqual([]);
  });

  test('fails for a provider whose key is not set, with the command that sets it', async () => {
    const scene = await buildScene();
    const { code, stdout } = await scene.run(['doctor'], { env: { FAKE_KEY: '' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}provider {5}fake needs FAKE_KEY, which is not set here -> run `export FAKE_KEY=…`$/m,
    );
  });
});

describe('signing in with a key', () => {
  const KEY = 'sk-proj-0123456789abcdef0123456789';

  test('stores it, shows it masked, and removes it; all of it on stderr', async () => {
    const scene = await buildScene();
    const authFile = join(scene.temp.home, 'auth.json');
    const steps = [
      { args: ['login', 'status'], stdin: '', code: 1, says: 'Not logged in\n' },
      {
        args: ['login', '--with-api-key'],
        stdin: `${KEY}\n`,
        code: 0,
        says: 'Reading API key from stdin...\nSuccessfully logged in\n',
      },
      { args: ['login', 'status'], stdin: '', code: 0, says: 'Logged in using an API key - sk-proj-***56789\n' },
    ];
    for (const { args, stdin, code, says } of steps) {
      expect(await scene.run(args, { stdin })).toEqual({ code, signal: null, stdout: '', stderr: says });
    }
    expect(JSON.parse(readFileSync(authFile, 'utf8'))).toMatchObject({ OPENAI_API_KEY: KEY });
    expect(statSync(authFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(homePaths(scene.temp.home).logPath, 'utf8')).not.toContain(KEY);

    const out = { signal: null, stdout: '', stderr: 'Successfully logged out\n' };
    expect(await scene.run(['logout'])).toEqual({ code: 0, ...out });
    expect(existsSync(authFile)).toBe(false);
    expect(await scene.run(['logout'])).toEqual({ code: 0, ...out, stderr: 'Not logged in\n' });
  });

  test('needs a key on stdin', async () => {
    const scene = await buildScene();
    expect(await scene.run(['login', '--with-api-key'])).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: 'Reading API key from stdin...\nNo API key provided via stdin.\n',
    });
  });
});
