import { describe, expect, test } from 'vitest';
import {
  processExited,
  processKill,
  processResizePty,
  processSpawn,
  processWriteStdin,
} from '../../machines/protocol/methods/command-exec.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { startScene } from '../support/scene.ts';
import { processesOf, until } from '../support/start-daemon.ts';
import { KEY_NAME } from '../support/temp-home.ts';

const sh = (script: string): string[] => ['/bin/sh', '-c', script];
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const endOf = (client: DaemonClient, handle: string) =>
  client.waitFor(`the end of ${handle}`, () =>
    client.notifications
      .filter(({ method }) => method === processExited.method)
      .map(({ params }) => params as { processHandle: string })
      .find(({ processHandle }) => processHandle === handle),
  );

const streamed = (client: DaemonClient, handle: string): string =>
  client.notifications
    .filter(({ method }) => method === 'process/outputDelta')
    .map(({ params }) => params as { processHandle: string; deltaBase64: string })
    .filter(({ processHandle }) => processHandle === handle)
    .map(({ deltaBase64 }) => Buffer.from(deltaBase64, 'base64').toString('utf8'))
    .join('');

describe.each([
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const)('a process of a client of $kind', ({ options }) => {
  test('answers when it runs, and tells its end with what it said', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const cwd = scene.temp.workspace;

    const answer = await client.request(processSpawn, {
      command: sh(`echo 123456789; echo e >&2; printenv ${KEY_NAME}; exit 4`),
      cwd,
      processHandle: 'h1',
      outputBytesCap: 4,
    });

    expect(answer).toEqual({});
    expect(await endOf(client, 'h1')).toEqual({
      processHandle: 'h1',
      exitCode: 4,
      stdout: '1234',
      stdoutCapReached: true,
      stderr: 'e\n',
      stderrCapReached: false,
      outputDrainTimedOut: false,
    });
  });

  test('in a terminal sees its size, and a change of it', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const processHandle = 'h3';
    await client.request(processSpawn, {
      ...{ command: ['/bin/sh', '-c', 'stty size; read x; stty size'], cwd: scene.temp.workspace, processHandle },
      ...{ tty: true, streamStdin: true, streamStdoutStderr: true, size: { rows: 20, cols: 70 } },
    });
    await client.waitFor('the first size', () => streamed(client, processHandle).includes('20 70'));

    await client.request(processResizePty, { processHandle, size: { rows: 30, cols: 90 } });
    await client.request(processWriteStdin, { processHandle, deltaBase64: base64('\n') });

    await client.waitFor('the second size', () => streamed(client, processHandle).includes('30 90'));
    expect(await endOf(client, processHandle)).toMatchObject({ exitCode: 0 });
  });

  test('is written to, streams, and ends when it is told to', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const cwd = scene.temp.workspace;
    const processHandle = 'h2';
    await client.request(processSpawn, {
      ...{ command: ['cat'], cwd, processHandle, timeoutMs: null },
      ...{ streamStdin: true, streamStdoutStderr: true },
    });
    await expect(client.request(processSpawn, { command: ['cat'], cwd, processHandle })).rejects.toThrow(
      'duplicate active process handle: "h2"',
    );
    await expect(client.request(processResizePty, { processHandle, size: { rows: 3, cols: 5 } })).rejects.toThrow(
      'failed to resize PTY: process is not attached to a PTY',
    );

    await client.request(processWriteStdin, { processHandle, deltaBase64: base64('zz\n') });
    await client.waitFor('the echo', () => streamed(client, processHandle) === 'zz\n');
    await client.request(processKill, { processHandle });

    expect(await endOf(client, processHandle)).toMatchObject({ exitCode: 143, stdout: '' });
    await expect(client.request(processKill, { processHandle })).rejects.toThrow(
      'no active process for process handle "h2"',
    );
  });
});

test('limits and mistakes are told by name', async () => {
  const scene = await startScene();
  const client = await scene.connect();
  const cwd = scene.temp.workspace;
  const spawn = (params: object) =>
    client.request(processSpawn, { command: ['true'], cwd, processHandle: 'h', ...params });

  await spawn({ command: ['sleep', '60'], processHandle: 'late', timeoutMs: 200 });
  expect(await endOf(client, 'late')).toMatchObject({ exitCode: 124 });
  const tty = 'tty';
  const command = sh('stty size; read line; stty size');
  await spawn({ command, processHandle: tty, tty: true, size: { rows: 7, cols: 33 } });
  await client.waitFor('its size', () => streamed(client, tty).includes('7 33'));
  await client.request(processResizePty, { processHandle: tty, size: { rows: 8, cols: 44 } });
  await client.request(processWriteStdin, { processHandle: tty, deltaBase64: base64('\n') });
  await endOf(client, tty);
  expect(streamed(client, tty)).toContain('8 44');
  await spawn({ command: ['sleep', '60'], processHandle: 'deaf', timeoutMs: null });
  await expect(client.request(processWriteStdin, { processHandle: 'deaf', closeStdin: true })).rejects.toThrow(
    'stdin streaming is not enabled for this process',
  );
  await expect(client.request(processWriteStdin, { processHandle: 'deaf' })).rejects.toThrow('requires deltaBase64');
  await expect(spawn({ command: [] })).rejects.toThrow('command must not be empty');
  await expect(spawn({ processHandle: '' })).rejects.toThrow('processHandle must not be empty');
  await expect(spawn({ cwd: 'here' })).rejects.toMatchObject({ errorName: 'invalidParams' });
  await expect(spawn({ command: ['no-such'] })).rejects.toThrow(/^failed to spawn process: No such file/);
  await expect(spawn({ size: { rows: 1, cols: 1 } })).rejects.toMatchObject({ errorName: 'invalidArgument' });

  await client.close();
  await until('it is gone', () => !processesOf(scene.temp).some((line) => line.includes('sleep')));
});

test('a daemon that stops leaves no process of a client behind', async () => {
  const scene = await startScene();
  const client = await scene.connect();
  const cwd = scene.temp.workspace;
  await client.request(processSpawn, { command: ['sleep', '60'], cwd, processHandle: 'h', timeoutMs: null });
  await until('it runs', () => processesOf(scene.temp).some((line) => line.includes('sleep')));

  await scene.daemon.stop();

  expect(processesOf(scene.temp)).toEqual([]);
});
