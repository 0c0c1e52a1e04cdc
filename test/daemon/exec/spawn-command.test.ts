import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/deps.ts';
import { startTimeOf } from '../../../daemon/exec/process-tree.ts';
import { CommandNotStartedError, createSpawnCommand } from '../../../daemon/exec/spawn-command.ts';
import { SandboxUnavailableError } from '../../../daemon/sandbox/errors.ts';
import {
  type CommandHarness,
  createCommandHarness,
  createOutputWatch,
  fullAccess,
  lacksSandbox,
  readOnly,
  workspaceWrite,
} from './command-harness.ts';

let harness: CommandHarness;
beforeEach(() => {
  harness = createCommandHarness();
});
afterEach(() => harness.remove());

const policies = [fullAccess, ...(lacksSandbox ? [] : [workspaceWrite])];

describe.each(policies.map((policy) => ({ name: policy.type, policy })))('a command under $name', ({ policy }) => {
  test.each([
    { name: 'exit code', script: 'exit 3', exitCode: 3, output: '' },
    { name: 'both channels in order', script: 'echo a; echo b >&2; echo c', exitCode: 0, output: 'a\nb\nc\n' },
    { name: 'closed stdin', script: 'cat; echo end', exitCode: 0, output: 'end\n' },
    { name: 'death by signal', script: 'kill -KILL $$', exitCode: 137, output: '' },
    { name: 'bytes that are no text', script: "printf 'a\\377b'", exitCode: 0, output: 'a\ufffdb' },
  ])('$name', async ({ script, exitCode, output }) => {
    expect(await harness.run(script, { policy })).toEqual({ exitCode, output });
  });

  test('the turn’s umask, cwd and words reach it untouched', async () => {
    const argv = ['/bin/sh', '-c', 'touch made; umask; pwd; printf "%s|" "$@"', 'x', "$(id) 'a", '', '-n', 'ü\n;'];
    const { output } = await harness.run('', { argv, policy, umask: 0o077 });
    expect(output).toBe(`0077\n${harness.workspace}\n$(id) 'a||-n|ü\n;|`);
    expect(statSync(join(harness.workspace, 'made')).mode & 0o777).toBe(0o600);
  });

  test('the environment is the one given, with names that no shell would keep', async () => {
    const env = { PATH: process.env.PATH ?? '', 'BASH_FUNC_f%%': '() { echo hi; }', 'odd-name': '1 2', PLAIN: "a'b" };
    const argv = [process.execPath, '-p', 'JSON.stringify(process.env)'];
    const { output } = await harness.run('', { argv, env, policy });
    expect(JSON.parse(output)).toMatchObject(env);
  });

  test('input is written to stdin, which then ends', async () => {
    const input = 'line\n'.repeat(50_000);
    expect(await harness.run('wc -c', { input, policy })).toMatchObject({ output: expect.stringContaining('250000') });
  });

  test('a background process ends with it', async () => {
    const { output } = await harness.run('trap "" HUP; sleep 300 & echo; exec sleep 0', { policy });
    expect(output).toBe('\n');
    expect(harness.ledger.list()).toEqual([]);
  });

  test('kill ends grandchildren, also those in a session of their own', async () => {
    const watch = createOutputWatch();
    // The marker is in the environment of all descendants and of nobody else.
    const marker = `MARK=${harness.folder}`;
    const script = '(setsid sh -c "sleep 300; true" & sleep 300) & sleep 300 & echo ready; wait';
    const env = { PATH: process.env.PATH ?? '', MARK: harness.folder };
    const running = await harness.spawnCommand(harness.request(script, { policy, env, onOutput: watch.onOutput }));
    await watch.saw('ready');
    running.kill();
    await running.exited;
    await expect.poll(() => marked(marker)).toEqual([]);
  });
});

/** Live processes with `marker` in their environment. */
function marked(marker: string): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker) && startTimeOf(Number(pid)) !== null
      );
    } catch {
      return false;
    }
  });
}

describe('a terminal', () => {
  test.each(policies.map((policy) => ({ name: policy.type, policy })))('under $name it is one', async ({ policy }) => {
    const watch = createOutputWatch();
    const script = 'test -t 0 && test -t 1 && stty size; read line; echo "got $line"; exit 4';
    const size = { columns: 91, rows: 33 };
    const running = await harness.spawnCommand(
      harness.request(script, { policy, tty: true, size, onOutput: watch.onOutput }),
    );
    await watch.saw('33 91\r\n');
    expect(running.write('hé\n')).toBe(true);
    expect(await running.exited).toBe(4);
    expect(watch.all()).toBe('33 91\r\nhé\r\ngot hé\r\n');
    expect(running.write('late')).toBe(false);
  });

  test.each(policies.map((policy) => ({ name: policy.type, policy })))(
    'under $name Ctrl-C reaches the program, which may live on',
    async ({ policy }) => {
      const watch = createOutputWatch();
      const script = `trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.05; done`;
      const running = await harness.spawnCommand(
        harness.request(script, { policy, tty: true, onOutput: watch.onOutput }),
      );
      await watch.saw('ready');
      running.write('\u0003');
      expect(await running.exited).toBe(7);
      expect(watch.all()).toContain('interrupted');
    },
  );

  test('all that it said is read, also when nobody looked before it had gone', async () => {
    const watch = createOutputWatch();
    const script = 'echo ready; read line; seq 1 3000';
    const running = await harness.spawnCommand(harness.request(script, { tty: true, onOutput: watch.onOutput }));
    await watch.saw('ready');
    running.write('go\n');
    blockUntilGone(running.pid);

    expect(await running.exited).toBe(0);
    expect(watch.all()).toMatch(/\r\n3000\r\n$/);
    expect(running.isCutShort()).toBe(false);
  });

  test('without the optional package it runs on pipes and says so', async () => {
    const spawnCommand = createSpawnCommand({
      clock: systemClock,
      ledger: harness.ledger,
      probe: async () => ({ available: false, reason: '', mend: '' }),
      loadPty: async () => null,
    });
    const watch = createOutputWatch();
    const running = await spawnCommand(
      harness.request('read line; echo "got $line"', { tty: true, onOutput: watch.onOutput }),
    );
    expect(running.note).toBe('No pseudo terminal is available on this machine: the command runs on plain pipes.');
    expect(running.write('it\n')).toBe(true);
    expect(await running.exited).toBe(0);
    expect(watch.all()).toBe('got it\n');
  });
});

describe('what is not started', () => {
  test('never runs unsandboxed: it rejects with the reason and how to mend it', async () => {
    const spawnCommand = createSpawnCommand({
      clock: systemClock,
      ledger: harness.ledger,
      probe: async () => ({ available: false, reason: 'none here', mend: 'get one' }),
      loadPty: async () => null,
    });
    const rejected = expect(spawnCommand(harness.request('touch ran', { policy: readOnly }))).rejects;
    await rejected.toThrow(new SandboxUnavailableError('none here', 'get one'));
    expect(() => statSync(join(harness.workspace, 'ran'))).toThrow('ENOENT');
  });

  test('a missing folder is named', async () => {
    const cwd = join(harness.folder, 'missing');
    await expect(harness.spawnCommand(harness.request('true', { cwd }))).rejects.toThrow(
      new CommandNotStartedError(`the folder ${cwd} does not exist`),
    );
  });
});

/** Keeps this thread from doing anything else until a process has ended. */
function blockUntilGone(pid: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + 10_000;
  while (existsSync(`/proc/${pid}`)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} did not end`);
    Atomics.wait(sleeper, 0, 0, 5);
  }
}
