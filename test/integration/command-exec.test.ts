import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  commandExec,
  commandExecResize,
  commandExecTerminate,
  commandExecWrite,
} from '../../machines/protocol/methods/command-exec.ts';
import type { DaemonClient } from '../support/daemon-client.ts';
import { makeRepository } from '../support/repository.ts';
import { startScene } from '../support/scene.ts';
import { processesOf, until } from '../support/start-daemon.ts';

const canSandbox = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', 'true']).status === 0;
const free = { sandboxPolicy: { type: 'dangerFullAccess' } } as const;
const KINDS = [
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const sh = (script: string): string[] => ['/bin/sh', '-c', script];

/** What came of one stream of one command so far. */
function streamed(client: DaemonClient, processId: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
  return deltasOf(client, processId, stream)
    .map(({ deltaBase64 }) => Buffer.from(deltaBase64, 'base64').toString('utf8'))
    .join('');
}

interface Delta {
  readonly processId: string;
  readonly stream: string;
  readonly deltaBase64: string;
  readonly capReached: boolean;
}

const deltasOf = (client: DaemonClient, processId: string, stream: string): Delta[] =>
  client.notifications
    .filter(({ method }) => method === 'command/exec/outputDelta')
    .map(({ params }) => params as Delta)
    .filter((delta) => delta.processId === processId && delta.stream === stream);

describe.each(KINDS)('a command of a client of $kind', ({ options }) => {
  test('runs without a thread and answers with both streams and the exit code', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const { workspace } = scene.temp;

    const answer = await client.request(commandExec, {
      ...free,
      command: sh('pwd; printenv MINE HOME; echo err >&2; exit 3'),
      cwd: workspace,
      env: { MINE: 'yes', HOME: null },
    });

    expect(answer).toEqual({ exitCode: 3, stdout: `${workspace}\nyes\n`, stderr: 'err\n' });
    expect(client.notifications.map(({ method }) => method)).not.toContain('command/exec/outputDelta');
  });

  test('can be written to and streams what it says, all of it before the answer', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const processId = 'p1';

    const answer = client.request(commandExec, {
      ...free,
      command: sh('echo ready; cat; echo bye >&2; exit 4'),
      processId,
      streamStdin: true,
      streamStdoutStderr: true,
    });
    await client.waitFor('its first words', () => streamed(client, processId) === 'ready\n');
    await client.request(commandExecWrite, { processId, deltaBase64: base64('typed ä\n') });
    await client.waitFor('the echo', () => streamed(client, processId) === 'ready\ntyped ä\n');
    await client.request(commandExecWrite, { processId, closeStdin: true });

    expect(await answer).toEqual({ exitCode: 4, stdout: '', stderr: '' });
    expect(streamed(client, processId, 'stderr')).toBe('bye\n');
  });

  test('has a terminal when it asks for one, and follows its size', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const processId = 'terminal';

    const answer = client.request(commandExec, {
      ...free,
      command: sh('stty size; read line; stty size; echo "got $line"; sleep 60'),
      processId,
      tty: true,
      size: { rows: 10, cols: 40 },
    });
    await client.waitFor('the size', () => streamed(client, processId).includes('10 40'));
    await client.request(commandExecResize, { processId, size: { rows: 20, cols: 50 } });
    await client.request(commandExecWrite, { processId, deltaBase64: base64('yo\n') });
    await client.waitFor('the end', () => streamed(client, processId).includes('got yo'));
    await client.request(commandExecTerminate, { processId });

    expect((await answer).exitCode).not.toBe(0);
    expect(streamed(client, processId)).toContain('20 50');
  });
});

describe('limits of a command', () => {
  test('time: it ends with 124, and what it said before is kept', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    const answer = await client.request(commandExec, {
      ...free,
      command: sh('echo before; sleep 60'),
      timeoutMs: 300,
    });

    expect(answer).toEqual({ exitCode: 124, stdout: 'before\n', stderr: '' });
  });

  test('output: each stream is kept up to the cap, whole without one', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const long = sh('head -c 3000000 /dev/zero | tr "\\0" x; echo 123456789 >&2');

    const capped = await client.request(commandExec, { ...free, command: long, outputBytesCap: 5 });
    const usual = await client.request(commandExec, { ...free, command: long });
    const open = await client.request(commandExec, { ...free, command: long, disableOutputCap: true });

    expect(capped).toEqual({ exitCode: 0, stdout: 'xxxxx', stderr: '12345' });
    expect([usual.stdout.length, open.stdout.length]).toEqual([1024 * 1024, 3_000_000]);
  });

  test('streamed output ends at the cap, and the last piece says so', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    await client.request(commandExec, {
      ...free,
      command: sh('head -c 200000 /dev/zero | tr "\\0" x'),
      processId: 'capped',
      streamStdoutStderr: true,
      outputBytesCap: 100_000,
    });

    const deltas = deltasOf(client, 'capped', 'stdout');
    expect(streamed(client, 'capped')).toHaveLength(100_000);
    expect(deltas.filter(({ capReached }) => capReached)).toEqual([deltas.at(-1)]);
  });

  test('number: one connection runs 64 at a time', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const waiting = { ...free, command: ['cat'], streamStdin: true, disableTimeout: true };
    const all = Array.from({ length: 64 }, (_, index) =>
      client.request(commandExec, { ...waiting, processId: `c${index}` }).catch(() => null),
    );

    await until('all of them run', () => processesOf(scene.temp).filter((line) => / cat\b/.test(line)).length === 64);

    await expect(client.request(commandExec, { ...free, command: ['true'] })).rejects.toMatchObject({
      errorName: 'limitReached',
    });

    await client.close();
    await Promise.all(all);
  });
});

const refused = [
  {
    name: 'nothing',
    params: { command: [] },
    error: 'invalidRequest',
    code: -32600,
    message: 'command must not be empty',
  },
  {
    name: 'no such program',
    params: { command: ['no-such-program'] },
    error: 'commandNotStarted',
    code: -32603,
    message: /^failed to spawn command: No such file or directory \(os error 2\): the program no-such-program$/,
  },
  {
    name: 'no such folder',
    params: { command: ['true'], cwd: '/no/such/folder' },
    error: 'commandNotStarted',
    code: -32603,
    message: /^failed to spawn command: No such file or directory/,
  },
  {
    name: 'a stream without a name',
    params: { command: ['true'], streamStdoutStderr: true },
    error: 'invalidRequest',
    code: -32600,
    message: 'command/exec tty or streaming requires a client-supplied processId',
  },
  {
    name: 'a size without a terminal',
    params: { command: ['true'], size: { rows: 1, cols: 1 } },
    error: 'invalidArgument',
    code: -32602,
    message: 'command/exec size requires tty: true',
  },
  {
    name: 'a time limit and none',
    params: { command: ['true'], timeoutMs: 5, disableTimeout: true },
    error: 'invalidArgument',
    code: -32602,
    message: 'command/exec cannot set both timeoutMs and disableTimeout',
  },
  {
    name: 'a negative time limit',
    params: { command: ['true'], timeoutMs: -5 },
    error: 'invalidArgument',
    code: -32602,
    message: 'command/exec timeoutMs must be non-negative, got -5',
  },
  {
    name: 'a cap and none',
    params: { command: ['true'], outputBytesCap: 5, disableOutputCap: true },
    error: 'invalidArgument',
    code: -32602,
    message: 'command/exec cannot set both outputBytesCap and disableOutputCap',
  },
  {
    name: 'an unknown profile',
    params: { command: ['true'], sandboxPolicy: null, permissionProfile: 'mine' },
    error: 'invalidRequest',
    code: -32600,
    message: /^invalid permission profile: there is no mine/,
  },
  {
    name: 'a profile beside a policy',
    params: { command: ['true'], permissionProfile: ':read-only' },
    error: 'invalidRequest',
    code: -32600,
    message: '`permissionProfile` cannot be combined with `sandboxPolicy`',
  },
];

describe('a command that cannot run', () => {
  test('is refused in words that say why, and the connection goes on', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    for (const { name, params, error, code, message } of refused) {
      const refusal = client.request(commandExec, { ...free, ...params });
      await expect(refusal, name).rejects.toMatchObject({ errorName: error, code });
      await expect(refusal, name).rejects.toThrow(message);
    }
    expect(await client.request(commandExec, { ...free, command: ['true'] })).toMatchObject({ exitCode: 0 });
  });

  test('names hold for one connection and while it runs', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const other = await scene.connect();
    const processId = 'one';
    const running = client.request(commandExec, { ...free, command: ['sleep', '60'], processId });
    const unknown = 'no active command/exec for process id "one"';
    await until('it runs', () => processesOf(scene.temp).some((line) => line.includes('sleep')));

    await expect(client.request(commandExec, { ...free, command: ['true'], processId })).rejects.toThrow(
      'duplicate active command/exec process id: "one"',
    );
    await expect(client.request(commandExecWrite, { processId, deltaBase64: 'eA==' })).rejects.toThrow(
      'stdin streaming is not enabled for this command/exec',
    );
    await expect(client.request(commandExecWrite, { processId, deltaBase64: '!!' })).rejects.toThrow(
      'invalid deltaBase64: Invalid symbol 33, offset 0.',
    );
    await expect(client.request(commandExecWrite, { processId })).rejects.toThrow('requires deltaBase64 or closeStdin');
    await expect(client.request(commandExecResize, { processId, size: { rows: 1, cols: 1 } })).rejects.toThrow(
      'failed to resize PTY: process is not attached to a PTY',
    );
    await expect(client.request(commandExecResize, { processId, size: { rows: 0, cols: 1 } })).rejects.toThrow(
      'rows and cols must be greater than 0',
    );
    await expect(other.request(commandExecTerminate, { processId })).rejects.toThrow(unknown);

    await client.request(commandExecTerminate, { processId });
    expect((await running).exitCode).toBe(143);
    await expect(client.request(commandExecTerminate, { processId })).rejects.toThrow(unknown);
  });
});

test.each(['close', 'cut'] as const)('a client that leaves (%s) takes its commands with it', async (how) => {
  const scene = await startScene();
  const client = await scene.connect();
  const left = client
    .request(commandExec, { ...free, command: sh('trap "" HUP; sleep 77 & wait'), disableTimeout: true })
    .catch(() => null);
  const sleeps = () => processesOf(scene.temp).filter((line) => line.includes('sleep'));
  await until('it runs', () => sleeps().length > 0);
  const ledger = () => readFileSync(join(scene.temp.home, 'daemon', 'children.jsonl'), 'utf8');
  await until('it is written down', () => ledger().includes('client-1'));

  await client[how]();

  await until('it is gone', () => sleeps().length === 0);
  await left;
  await until('its line is gone', () => ledger() === '');
});

// Without bubblewrap there is nothing to look at; in CI that is a failure.
describe.skipIf(!canSandbox && process.env.CI !== 'true')('the sandbox of a command', () => {
  const prepare = ({ home }: { home: string }) =>
    writeFileSync(join(home, 'auth.json'), '{"OPENAI_API_KEY":"sk-SECRET"}', { mode: 0o600 });

  test('is the configured one when none is named: a folder that is not trusted is only read', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    const answer = await client.request(commandExec, { command: sh('touch made; echo "$?"') });

    expect(answer).toMatchObject({ exitCode: 0, stdout: '1\n' });
    expect(answer.stderr).toContain('Read-only file system');
    expect(existsSync(join(scene.temp.workspace, 'made'))).toBe(false);
  });

  test('is what the client names, and never shows the daemon or the sign-in', async () => {
    const scene = await startScene({ prepare });
    const client = await scene.connect();
    const { home, workspace } = scene.temp;
    makeRepository(workspace);

    const answer = await client.request(commandExec, {
      command: sh(
        `echo x > made; cat made; touch .git/x; echo "git $?"; cat ${home}/auth.json; ls -A ${home}/daemon; echo "$CODEX_SANDBOX_NETWORK_DISABLED"`,
      ),
      sandboxPolicy: { type: 'workspaceWrite' },
    });

    expect(answer.stdout).toBe('x\ngit 1\n1\n');
    expect(JSON.stringify(answer)).not.toContain('sk-SECRET');
  });
});
