import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { followFile, lastLines } from '../../../client/cli/log-tail.ts';
import { RpcError } from '../../../machines/core/errors.ts';
import { cleanups } from '../../support/cleanups.ts';
import { startCli } from '../../support/cli-context.ts';
import { withFake, withTiny } from '../../support/cli-homes.ts';
import { makeClientHome } from '../../support/fake-daemon.ts';

const reject = (error: RpcError) => () => {
  throw error;
};

describe('codex daemon', () => {
  test('starts once, says how it is, and stops', async () => {
    const { run, home } = withTiny();

    expect(await run('daemon', 'status')).toEqual({ exitCode: 3, stdout: 'not running\n', stderr: '' });
    expect((await run('daemon', 'start')).stdout).toMatch(/^started \(pid \d+\)\n$/);
    expect((await run('daemon', 'start')).stdout).toMatch(/^already running \(pid \d+\)\n$/);
    const status = await run('daemon', 'status');
    expect(status.stdout).toMatch(/^daemon {6}listening, busy, pid \d+, build 0\.1\.0, up 1m 1s\n/);
    expect(status.stdout).toContain('keyring     not available: no keyring here\n');
    expect(JSON.parse((await run('daemon', 'status', '--json')).stdout)).toMatchObject({
      running: true,
      home: home.home,
    });
    expect(await run('daemon', 'stop')).toEqual({ exitCode: 0, stdout: 'stopped\n', stderr: '' });
    expect(await run('daemon', 'stop')).toEqual({ exitCode: 0, stdout: 'not running\n', stderr: '' });
  });

  test('lists what is at work in it', async () => {
    const data = [
      { kind: 'daemon', id: 'daemon', parentId: null, state: 'listening.idle', sinceMs: 0, about: null },
      { kind: 'auth', id: 'auth', parentId: 'daemon', state: 'signedOut', sinceMs: 0, about: null },
    ];
    const { run } = await withFake({ 'daemon/actors/list': () => ({ data }) });

    const { exitCode, stdout } = await run(['daemon', 'actors']);
    const rows = stdout.split('\n').map((line) => line.trimStart().split(/ {2,}/).slice(0, 2));
    expect(rows).toEqual([['ACTOR', 'STATE'], ['daemon', 'listening, idle'], ['auth', 'signedOut'], ['']]);
    expect(exitCode).toBe(0);
    expect(JSON.parse((await run(['daemon', 'actors', '--json'])).stdout)).toEqual({ running: true, actors: data });
  });

  test('has no actors to list when it is not running, and starts none', async () => {
    const { run } = withTiny();

    expect(await run('daemon', 'actors')).toEqual({ exitCode: 3, stdout: 'not running\n', stderr: '' });
    expect((await run('daemon', 'actors', '--json')).stdout).toBe('{"running":false,"state":"not running"}\n');
  });

  test('restart ends in another process', async () => {
    const { run } = withTiny();
    const pidOf = async () => (JSON.parse((await run('daemon', 'status', '--json')).stdout) as { pid: number }).pid;
    await run('daemon', 'start');
    const before = await pidOf();

    expect((await run('daemon', 'restart')).exitCode).toBe(0);
    expect(await pidOf()).not.toBe(before);
  });

  test('start tells why it cannot', async () => {
    const { run } = withTiny({ TINY_SAYS: '{"ready":false,"error":{"message":"the disk is full"}}\n' });

    expect(await run('daemon', 'start')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: the daemon could not be started: the disk is full\n',
    });
  });

  test('run passes on how the daemon ended', async () => {
    const { run } = withTiny({ TINY_SAYS: '', TINY_EXIT: '9' });

    expect((await run('daemon', 'run')).exitCode).toBe(1);
  });

  test('logs prints the end of the log, and says where it would be', async () => {
    const { run, home } = withTiny();
    expect(await run('daemon', 'logs')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `there is no log yet at ${home.paths.logPath}\n`,
    });
    mkdirSync(home.paths.daemonDir, { recursive: true, mode: 0o700 });
    writeFileSync(home.paths.logPath, 'one\ntwo\nthree\n');

    expect((await run('daemon', 'logs', '-n', '2')).stdout).toBe('two\nthree\n');
  });
});

describe('the end of a log', () => {
  test.each([
    { text: 'a\nb\nc\n', count: 2, end: 'b\nc\n' },
    { text: 'a\nb', count: 5, end: 'a\nb\n' },
    { text: '', count: 5, end: '' },
    { text: 'a\n', count: 0, end: '' },
    { text: `${'x'.repeat(70_000)}\n${'y'.repeat(70_000)}\n`, count: 1, end: `${'y'.repeat(70_000)}\n` },
  ])('has $count lines at most', ({ text, count, end }) => {
    const { home, remove } = makeClientHome();
    cleanups.push(remove);
    const path = join(home.home, 'log');
    writeFileSync(path, text);

    expect(lastLines(path, count)).toBe(end);
  });

  test('is followed over a rotation until it is told to end', async () => {
    const { home, remove } = makeClientHome();
    cleanups.push(remove);
    const path = join(home.home, 'log');
    writeFileSync(path, 'old\n');
    const ending = new AbortController();
    let seen = '';
    const following = followFile(
      path,
      (text) => {
        seen += text;
        if (text.includes('new')) {
          renameSync(path, `${path}.1`);
          writeFileSync(path, 'rotated\n');
        }
        if (text.includes('rotated')) ending.abort();
      },
      ending.signal,
    );
    appendFileSync(path, 'new\n');
    await following;

    expect(seen).toBe('new\nrotated\n');
  });
});

describe('a home that is no folder', () => {
  const homeIsFile = () => {
    const { home, remove } = makeClientHome();
    cleanups.push(remove);
    writeFileSync(join(home.home, 'file'), '');
    const env = { CODEX_HOME: join(home.home, 'file'), HOME: home.home };
    return (...args: string[]) => startCli(args, { env }).done;
  };

  test.each([['threads'], ['daemon', 'status'], ['daemon', 'start'], ['daemon', 'logs']])(
    'is one line for codex %s %s',
    async (...args) => {
      const { exitCode, stdout, stderr } = await homeIsFile()(...args);

      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(/^error: the home folder \S+ cannot be used \(ENOTDIR.*CODEX_HOME\n$/);
    },
  );

  test('is what codex doctor finds', async () => {
    const { exitCode, stdout } = await homeIsFile()('doctor');

    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^fail {2}home {9}the home folder \S+ cannot be used/m);
    expect(stdout).toContain('ok    node');
  });
});

describe('codex doctor', () => {
  test('checks all it can without a daemon, and is content', async () => {
    const { run } = withTiny();
    const { exitCode, stdout } = await run('doctor', '--no-autostart');

    expect(exitCode).toBe(0);
    expect(stdout).toContain('warn  daemon       not running -> run `codex daemon start`\n');
    expect(stdout).toContain('warn  sandbox      not checked: the daemon is not running\n');
  });

  test('starts the daemon and asks it', async () => {
    const { run } = withTiny();
    const { exitCode, stdout } = await run('doctor', '--json');

    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as { name: string; level: string }[]).map(({ name, level }) => [name, level])).toEqual([
      ['node', 'ok'],
      ['home', 'ok'],
      ['socket', expect.any(String)],
      ['daemon', 'ok'],
      ['sandbox', 'ok'],
      ['keyring', 'warn'],
      ['config', 'ok'],
      ['provider', 'ok'],
      ['credentials', 'warn'],
    ]);
  });

  test('fails when the daemon cannot be started, or the configuration not read', async () => {
    const broken = withTiny({ TINY_SAYS: '{"ready":false,"error":{"message":"no"}}\n' });
    const { exitCode, stdout } = await broken.run('doctor');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('fail  daemon       the daemon could not be started: no\n');

    const { run } = await withFake({
      'daemon/status': () => ({
        pid: 1,
        build: '0.0.1',
        sandbox: { available: false, kind: null, reason: 'no bubblewrap', mend: 'apt install bubblewrap' },
        keyring: { available: true, reason: null },
      }),
      'config/read': reject(new RpcError('configInvalid', 'config.toml:1:1: bad')),
      'account/read': () => ({ account: { type: 'apiKey' }, maskedKey: 'sk-***', requiresOpenaiAuth: true }),
    });
    const second = await run(['doctor']);
    expect(second.exitCode).toBe(1);
    expect(second.stdout).toContain(
      'warn  daemon       pid 1, build 0.0.1, but this client is 0.1.0 -> run `codex daemon restart`\n',
    );
    expect(second.stdout).toContain('fail  sandbox      no bubblewrap -> apt install bubblewrap\n');
    expect(second.stdout).toContain('fail  config       config.toml:1:1: bad -> mend that file\n');
    expect(second.stdout).toContain('ok    credentials  API key sk-***\n');
  });
});

describe('codex doctor and the MCP servers', () => {
  const server = (name: string, runtimeStatus: string, toolsError: string | null = null) => ({
    ...{ name, runtimeStatus, toolsError, authStatus: 'unsupported', tools: {}, resources: [] },
    ...{ resourceTemplates: [], serverInfo: null, httpOrigin: null },
  });
  const mcpLines = async (config: object, list: (params: unknown) => unknown) => {
    const { run } = await withFake({
      'daemon/status': () => ({
        ...{ pid: 1, build: '0.1.0' },
        sandbox: { available: true, kind: 'bubblewrap', reason: null, mend: null },
        keyring: { available: true, reason: null },
      }),
      'config/read': () => ({ config, origins: {} }),
      'account/read': () => ({ account: { type: 'apiKey' }, maskedKey: 'sk-***', requiresOpenaiAuth: true }),
      'mcpServerStatus/list': list,
    });
    const { stdout } = await run(['doctor']);
    return stdout.split('\n').filter((line) => line.includes(' mcp '));
  };
  const configured = { mcp_servers: { gone: { command: 'gone' }, box: { command: 'box' }, off: { enabled: false } } };

  test('names each that failed, and why', async () => {
    const data = [server('gone', 'failed', 'no such\nprogram'), server('box', 'connected'), server('off', 'disabled')];
    expect(await mcpLines(configured, () => ({ data, nextCursor: null }))).toEqual([
      'warn  mcp          gone failed: no such program -> look at `codex mcp get gone`',
    ]);
  });

  test('names each that wants a sign-in, with the command for it, or that does not run yet', async () => {
    const data = [server('gone', 'authenticationRequired', 'it answered 401'), server('box', 'starting')];
    expect(await mcpLines(configured, () => ({ data, nextCursor: null }))).toEqual([
      'warn  mcp          gone wants a sign-in -> run `codex mcp login gone`',
      'warn  mcp          box has not started yet -> look at `codex mcp get box`',
    ]);
  });

  test('says that all run, or why it does not know', async () => {
    const data = [server('box', 'connected'), server('off', 'disabled')];
    expect(await mcpLines(configured, () => ({ data, nextCursor: null }))).toEqual([
      'ok    mcp          1 of 1 servers run',
    ]);
    expect(await mcpLines(configured, reject(new RpcError('configInvalid', 'bad')))).toEqual([
      'warn  mcp          bad -> look with `/mcp` in the interface',
    ]);
  });

  test('asks nobody where none is configured', async () => {
    const never = () => {
      throw new Error('asked');
    };
    expect(await mcpLines({}, never)).toEqual([]);
  });
});

describe('codex doctor and the sign-in', () => {
  const store = { mode: 'auto', kind: 'file', reason: 'the keyring is locked' } as const;
  const chatgpt = { type: 'chatgpt', email: 'me@example.com', planType: 'pro' } as const;
  const status = {
    pid: 1,
    build: '0.1.0',
    sandbox: { available: true, kind: 'bubblewrap', reason: null, mend: null },
    keyring: { available: true, reason: null },
  };

  test.each([
    { answer: { account: chatgpt }, says: 'ok    credentials  ChatGPT (me@example.com, plan pro)\n' },
    {
      answer: { account: chatgpt, state: 'expired', reason: 'already used' },
      says: 'warn  credentials  expired: already used -> run `codex login`\n',
    },
    {
      answer: { account: chatgpt, state: 'error', reason: 'the server answered 500' },
      says: 'warn  credentials  the server answered 500\n',
    },
    { answer: { error: 'not JSON' }, says: 'fail  credentials  not JSON -> run `codex login`\n' },
    {
      answer: {},
      says: 'warn  credentials  not logged in, and the provider wants it -> run `codex login`, or `printenv OPENAI_API_KEY',
    },
    {
      answer: { store },
      says: 'warn  store        credentials are kept in auth.json, though the setting is "auto": the keyring is locked\n',
    },
    {
      answer: { store: { mode: 'keyring', kind: 'keyring', reason: null } },
      says: "ok    store        credentials are kept in the system's keyring\n",
    },
  ] as const)('says $says', async ({ answer, says }) => {
    const { run } = await withFake({
      'daemon/status': () => status,
      'config/read': () => ({ config: {}, origins: {} }),
      'account/read': () => ({ account: null, requiresOpenaiAuth: true, ...answer }),
    });
    expect((await run(['doctor'])).stdout).toContain(says);
  });
});

test('codex doctor misses the key of a configured provider', async () => {
  const { run } = await withFake({
    'daemon/status': () => ({
      pid: 1,
      build: '0.1.0',
      sandbox: { available: true, kind: 'bubblewrap', reason: null, mend: null },
      keyring: { available: true, reason: null },
    }),
    'config/read': () => ({
      config: { model_provider: 'mine', model_providers: { mine: { env_key: 'MY_KEY' } } },
      origins: {},
    }),
    'account/read': () => ({ account: null, requiresOpenaiAuth: false }),
  });

  expect((await run(['doctor'])).stdout).toContain(
    'fail  provider     mine needs MY_KEY, which is not set here -> run `export MY_KEY=…`\n',
  );
});
