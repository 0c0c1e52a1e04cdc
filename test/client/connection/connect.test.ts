import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ConnectOptions, connectDaemon, waitUntilGone } from '../../../client/connection/connect.ts';
import type { Connection } from '../../../client/connection/connection.ts';
import { openTransport } from '../../../client/connection/socket-transport.ts';
import { spawnDaemon } from '../../../client/connection/spawn-daemon.ts';
import { daemonStatus, daemonStop } from '../../../machines/protocol/methods/daemon.ts';
import { cleanups } from '../../support/cleanups.ts';
import { makeClientHome } from '../../support/fake-daemon.ts';

const TINY_DAEMON = fileURLToPath(new URL('../../support/tiny-daemon.cjs', import.meta.url));
const events = { notified: () => {}, closed: () => {} };

function optionsFor(env: Record<string, string> = {}, changes: Partial<ConnectOptions> = {}) {
  const { home, env: homeEnv, remove } = makeClientHome();
  cleanups.push(remove);
  const notices: string[] = [];
  const facts = {
    name: 'codex-test',
    version: '0.1.0',
    pid: 1,
    terminal: null,
    environment: { cwd: '/', variables: {}, umask: 0o022 },
  };
  const options: ConnectOptions = {
    home,
    daemonEntry: TINY_DAEMON,
    env: { ...homeEnv, ...env },
    name: 'codex-test',
    facts,
    autostart: true,
    notice: (line) => notices.push(line),
    ...changes,
  };
  return { options, notices };
}

/** Connects, and stops the daemon when the test ends. */
async function connected(options: ConnectOptions): Promise<Connection> {
  const connection = await connectDaemon(options, events);
  cleanups.push(async () => {
    if (!connection.isClosed) await connection.peer.request(daemonStop, {}).catch(() => {});
    connection.close();
    await waitUntilGone(options.home);
  });
  return connection;
}

describe('a client without a daemon', () => {
  test('starts one for itself and attaches', async () => {
    const { options } = optionsFor();
    const { peer } = await connected(options);

    expect(await peer.request(daemonStatus, {})).toMatchObject({ startedBy: 'client', home: options.home.home });
  });

  test('that may not start one says which command does', async () => {
    const { options } = optionsFor({}, { autostart: false });

    await expect(connectDaemon(options, events)).rejects.toThrow('the daemon is not running; run `codex daemon start`');
  });

  test('shares the daemon with another client that starts at the same moment', async () => {
    const { options } = optionsFor();
    const [first, second] = await Promise.all([connected(options), connected(options)]);

    expect(second.hello.daemon?.pid).toBe(first.hello.daemon?.pid);
  });

  test.each([
    {
      name: 'the reason that the daemon gives',
      env: { TINY_SAYS: '{"ready":false,"error":{"message":"config.toml:3:1:\\nbad value"}}\n' },
      says: 'the daemon could not be started: config.toml:3:1: bad value',
    },
    {
      name: 'what it printed instead of being ready',
      env: { TINY_SAYS: 'hello\n' },
      says: 'the daemon could not be started: it said `hello` instead of being ready',
    },
    {
      name: 'how it ended',
      env: { TINY_SAYS: '', TINY_EXIT: '7' },
      says: 'the daemon could not be started: it ended with code 7 before it was ready: see `codex daemon logs`',
    },
  ])('tells $name', async ({ env, says }) => {
    const { options } = optionsFor(env);

    await expect(connectDaemon(options, events)).rejects.toThrow(says);
  });

  test('tells the last error of the log when the daemon crashes at its start', async () => {
    const { options } = optionsFor();
    const daemonEntry = join(options.home.home, 'no-daemon.cjs');
    await expect(connectDaemon({ ...options, daemonEntry }, events)).rejects.toThrow(/no-daemon\.cjs is missing; run/);

    const crash = spawnDaemon({
      ...options,
      startedBy: 'user',
      env: { ...options.env, NODE_OPTIONS: '-r /no/such.cjs' },
    });
    await expect(crash).rejects.toThrow(/it ended with code 1 before it was ready: Error: Cannot find module/);
    expect(readFileSync(options.home.paths.logPath, 'utf8')).toContain('Cannot find module');
  });
});

describe('a daemon of an older build', () => {
  test('is replaced when nothing runs', async () => {
    const { options, notices } = optionsFor();
    await spawnDaemon({ ...options, startedBy: 'user', env: { ...options.env, TINY_BUILD: '0.0.9' } });
    const { hello } = await connected(options);

    expect(hello.daemon?.build).toBe('0.1.0');
    expect(notices).toEqual([]);
  });

  test('is used while a turn runs, and the client says so', async () => {
    const { options, notices } = optionsFor();
    const env = { ...options.env, TINY_BUILD: '0.0.9', TINY_RUNNING: '1' };
    await spawnDaemon({ ...options, startedBy: 'user', env });
    const { hello } = await connected(options);

    expect(hello.daemon?.build).toBe('0.0.9');
    expect(notices).toEqual([
      'the daemon (build 0.0.9) is older than this client (build 0.1.0) and busy, so it is used as it is; ' +
        'run `codex daemon restart` when its work is done',
    ]);
  });

  test('is left alone by a client that may not start one', async () => {
    const { options } = optionsFor({}, { autostart: false });
    await spawnDaemon({ ...options, startedBy: 'user', env: { ...options.env, TINY_BUILD: '0.0.9' } });
    const { hello } = await connected(options);

    expect(hello.daemon?.build).toBe('0.0.9');
  });
});

test('a stopping daemon is waited for, and then a new one is started', async () => {
  const { options } = optionsFor();
  mkdirSync(options.home.paths.socketDir, { recursive: true, mode: 0o700 });
  let refusals = 0;
  const draining = createServer();
  draining.on('upgrade', (_request, socket) => {
    refusals += 1;
    socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
    if (refusals === 3) draining.close();
  });
  await new Promise<void>((resolve) => draining.listen(options.home.paths.socketPath, resolve));
  const { hello } = await connected(options);

  expect(refusals).toBeGreaterThanOrEqual(3);
  expect(hello.userAgent).toBe('tiny/0.1.0');
});

test.each([
  {
    name: 'hangs',
    answer: () => {},
    says: /the daemon hangs: it does not answer on .*; `codex daemon logs` shows what it did last, and its pid/,
  },
  {
    name: 'is something else',
    answer: (socket: Socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    says: /the daemon's socket answered with HTTP 404; run `codex daemon restart`/,
  },
  {
    name: 'hangs up',
    answer: (socket: Socket) => socket.destroy(),
    says: /cannot reach the daemon at .*: socket hang up/,
  },
])('a server that $name is told apart', async ({ answer, says }) => {
  const { options } = optionsFor();
  const { socketDir, socketPath } = options.home.paths;
  mkdirSync(socketDir, { recursive: true, mode: 0o700 });
  const open = new Set<Socket>();
  const server = createSocketServer((socket) => {
    open.add(socket.on('error', () => {}));
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });

  const transport = openTransport(
    { kind: 'unix', path: socketPath },
    { receive: () => {}, closed: () => {} },
    { limitMs: 100 },
  );
  await expect(transport).rejects.toThrow(says);
});
