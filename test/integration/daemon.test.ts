import { existsSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { MAX_SOCKET_PATH_BYTES } from '../../machines/core/home.ts';
import { VERSION } from '../../machines/core/version.ts';
import { daemonStatus, daemonStop } from '../../machines/protocol/methods/daemon.ts';
import { attachThread, startThread } from '../support/client-turns.ts';
import { call, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { isAlive, leftovers, startDaemon, until } from '../support/start-daemon.ts';
import { makeTempHome, type TempHome } from '../support/temp-home.ts';

/** A home without a daemon; removed when the test is over. */
function emptyHome(below = ''): TempHome {
  const temp = makeTempHome(below);
  onTestFinished(temp.remove);
  return temp;
}

describe('a start', () => {
  test('ten at once end in one daemon', async () => {
    const temp = emptyHome();

    const starts = await Promise.allSettled(Array.from({ length: 10 }, () => startDaemon(temp)));

    const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const refused = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(started).toHaveLength(1);
    expect(refused).toEqual(
      Array(9).fill(`Error: a daemon is already listening on ${homePaths(temp.home).socketPath}`),
    );
    expect(await started[0]?.stop()).toBe(0);
    expect(leftovers(temp)).toEqual([]);
  });

  test('heals the socket of a daemon that was killed', async () => {
    const scene = await startScene();
    await scene.daemon.kill9();
    expect(lstatSync(scene.daemon.socketPath).isSocket()).toBe(true);

    await scene.start();

    expect((await (await scene.connect()).request(daemonStatus, {})).pid).toBe(scene.daemon.pid);
  });

  test('does not touch what is in the way and is no socket', async () => {
    const temp = emptyHome();
    const { socketPath } = homePaths(temp.home);
    mkdirSync(dirname(socketPath), { recursive: true });
    writeFileSync(socketPath, 'mine');

    await expect(startDaemon(temp)).rejects.toThrow('it is not a socket');
    expect(existsSync(socketPath)).toBe(true);
  });

  test('follows no link to somebody else’s folder', async () => {
    const temp = emptyHome();
    mkdirSync(join(temp.root, 'elsewhere'));
    symlinkSync(join(temp.root, 'elsewhere'), homePaths(temp.home).daemonDir);

    await expect(startDaemon(temp)).rejects.toThrow('is not a folder');
  });

  test('in a home with a long path uses a short one, which is never cut', async () => {
    const below = 'long'.repeat(30);
    const scene = await startScene({ below });
    const { daemonDir } = homePaths(scene.temp.home);

    expect(scene.daemon.socketPath).toMatch(/^\/tmp\/codex-\d+\/[0-9a-f]{16}\.sock$/);
    expect(scene.daemon.socketPath.length).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
    expect(statSync(dirname(scene.daemon.socketPath)).mode & 0o777).toBe(0o700);
    expect(statSync(scene.daemon.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(daemonDir).mode & 0o777).toBe(0o700);
    expect((await (await scene.connect()).request(daemonStatus, {})).home).toBe(scene.temp.home);
  });

  test('makes a folder and a socket for the user alone, also under a generous mask', async () => {
    const mask = process.umask(0);
    onTestFinished(() => void process.umask(mask));
    const scene = await startScene();

    expect(statSync(dirname(scene.daemon.socketPath)).mode & 0o777).toBe(0o700);
    expect(statSync(scene.daemon.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(homePaths(scene.temp.home).logPath).mode & 0o777).toBe(0o600);
  });
});

describe('the status', () => {
  test('tells who it is, who is attached, and how much it does', async () => {
    const scene = await startScene({ script: [text('slow', { gate: 'go' })] });
    const client = await scene.connect({ name: 'mine', terminal: '/dev/pts/9' });
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);

    const status = await client.request(daemonStatus, {});

    expect(status).toMatchObject({
      pid: scene.daemon.pid,
      build: VERSION,
      protocol: { min: 1, max: 1 },
      state: 'listening.busy',
      home: scene.temp.home,
      socketPath: scene.daemon.socketPath,
      logPath: homePaths(scene.temp.home).logPath,
      threads: { loaded: 1, running: 1, waiting: 0 },
      startedBy: 'user',
      idleExitMinutes: 0,
      clients: [
        {
          clientId: client.clientId,
          name: 'mine',
          version: VERSION,
          pid: process.pid,
          terminal: '/dev/pts/9',
          encoding: 'msgpack',
          threads: [thread.id],
        },
      ],
    });
    expect(status.memoryBytes).toBeGreaterThan(0);
    expect(Date.now() - status.startedAtMs).toBeGreaterThanOrEqual(status.uptimeMs - 1_000);
    scene.openai.gate('go').open();
    await thread.ended(turnId);
  });

  test('of one that a client started names its idle exit', async () => {
    const scene = await startScene({
      daemon: { startedBy: 'client' },
      config: { tables: ['[daemon]', 'idle_exit_minutes = 7'] },
    });

    expect(await (await scene.connect()).request(daemonStatus, {})).toMatchObject({
      startedBy: 'client',
      idleExitMinutes: 7,
    });
  });
});

describe('a stop', () => {
  test('by SIGTERM interrupts turns, ends commands, tells the clients, and removes the socket', async () => {
    const scene = await startScene({
      script: [
        reply([
          call(
            'exec_command',
            { cmd: 'trap "" TERM; echo $$; sleep 300', login: false, yield_time_ms: 30_000 },
            { callId: 'c1' },
          ),
        ]),
        text('Back'),
      ],
    });
    const client = await scene.connect();
    const plain = await scene.connect({ encoding: 'json' });
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    const pid = Number.parseInt((await thread.event('item/commandExecution/outputDelta')).params.delta, 10);

    expect(await scene.daemon.stop()).toBe(0);

    await Promise.all([client.closed, plain.closed]);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(scene.daemon.socketPath)).toBe(false);
    expect(await thread.ended(turnId)).toMatchObject({ status: 'interrupted' });
    expect((await plain.notification('daemon/stopping')).params).toEqual({ reason: 'got SIGTERM' });
    expect(leftovers(scene.temp)).toEqual([]);

    await scene.start();
    const again = await attachThread(await scene.connect(), thread.id);
    expect(again.itemsOf('commandExecution')).toMatchObject([{ id: 'c1', status: 'failed' }]);
    await again.run('next');
  });

  test('that may wait lets the running turn end, and takes nobody new meanwhile', async () => {
    const scene = await startScene({ script: [text('whole answer', { chunks: 2, gate: 'step' })] });
    const client = await scene.connect();
    const thread = await startThread(client);
    const turnId = await thread.prompt('go');
    await scene.openai.waitForRequest(1);

    await client.request(daemonStop, { drainMs: 20_000 });
    await expect(scene.daemon.raw()).rejects.toThrow('503');
    scene.openai.gate('step').open();

    expect(await thread.ended(turnId)).toMatchObject({ status: 'completed', items: [{ text: 'whole answer' }] });
    await until('the daemon is gone', () => !isAlive(scene.daemon.pid));
    await scene.start();
  });

  test('by a client is answered first, and the others are told who asked', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const other = await scene.connect();

    expect(await client.request(daemonStop, {})).toEqual({});

    expect((await other.notification('daemon/stopping')).params).toEqual({ reason: 'asked by test-client' });
    await until('the daemon is gone', () => !isAlive(scene.daemon.pid));
    expect(existsSync(scene.daemon.socketPath)).toBe(false);
    await scene.start();
  });
});
