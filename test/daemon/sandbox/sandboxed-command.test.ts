import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SpawnRequest } from '../../../daemon/exec/spawn-command.ts';
import {
  type CommandHarness,
  createCommandHarness,
  createOutputWatch,
  fullAccess,
  lacksSandbox,
  readOnly,
  workspaceWrite,
} from '../exec/command-harness.ts';

const withNetwork = { ...workspaceWrite, networkAccess: true };
const PROTECTED = ['.git', '.codex', '.agents', '.aws'];

/** Prints `connected`, or the error's code. */
const CONNECT = `
const socket = require('node:net').connect(JSON.parse(process.argv[1]));
socket.on('connect', () => { console.log('connected'); socket.destroy(); });
socket.on('error', (error) => console.log(error.code));`;

const closing: Server[] = [];
let harness: CommandHarness;
beforeEach(() => {
  harness = createCommandHarness();
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((server) => new Promise((done) => server.close(done))));
  harness.remove();
});

async function listen(where: { path: string } | { port: 0; host: string }): Promise<AddressInfo | string | null> {
  const server = createServer((socket) => socket.end());
  closing.push(server);
  await new Promise<void>((ready) => server.listen(where, ready));
  return server.address();
}

async function connect(to: object, changes: Partial<SpawnRequest>): Promise<string> {
  const argv = [process.execPath, '-e', CONNECT, JSON.stringify(to)];
  return (await harness.run('', { argv, ...changes })).output.trim();
}

describe.skipIf(lacksSandbox)('a sandboxed command', () => {
  test('cannot reach a live Unix socket, in a hidden folder or elsewhere', async () => {
    const hiddenFolder = join(harness.folder, 'daemon');
    mkdirSync(hiddenFolder);
    const hidden = { path: join(hiddenFolder, 'd.sock') };
    const visible = { path: join(harness.workspace, 'v.sock') };
    await Promise.all([listen(hidden), listen(visible)]);

    for (const policy of [readOnly, workspaceWrite, withNetwork]) {
      const changes = { policy, hidden: [hiddenFolder] };
      expect(await connect(hidden, changes)).toBe('EPERM');
      expect(await connect(visible, changes)).toBe('EPERM');
      expect(await harness.run(`ls -A ${hiddenFolder}`, changes)).toEqual({ exitCode: 0, output: '' });
    }
    expect(await connect(hidden, { policy: fullAccess, hidden: [hiddenFolder] })).toBe('connected');
  });

  test('reaches loopback TCP only with the network on', async () => {
    const address = await listen({ port: 0, host: '127.0.0.1' });
    const to = typeof address === 'object' && address !== null ? { port: address.port, host: '127.0.0.1' } : {};

    expect(await connect(to, { policy: readOnly })).toBe('EPERM');
    expect(await connect(to, { policy: workspaceWrite })).toBe('EPERM');
    expect(await connect(to, { policy: withNetwork })).toBe('connected');
    expect(await connect(to, { policy: fullAccess })).toBe('connected');
  });

  test('can make connected pairs of sockets', async () => {
    // Node talks to a forked child over a socketpair.
    const script = `
      if (process.send) process.send('pair works');
      else require('node:child_process').fork(process.argv[1]).on('message', (text) => console.log(text));`;
    const file = join(harness.workspace, 'pair.cjs');
    writeFileSync(file, script);
    const argv = [process.execPath, file];
    expect(await harness.run('', { argv, policy: workspaceWrite })).toEqual({ exitCode: 0, output: 'pair works\n' });
  });

  test('cannot read a hidden file, also after another program has replaced or made it', async () => {
    const home = join(harness.folder, 'home');
    mkdirSync(home);
    const [auth, token] = [join(home, 'auth.json'), join(home, 'token')];
    writeFileSync(auth, 'secret');
    writeFileSync(join(home, 'auth.json.1.tmp'), 'secret');
    writeFileSync(join(home, 'config.toml'), 'open');
    symlinkSync('config.toml', join(home, 'link'));

    const watch = createOutputWatch();
    const script = `cd ${home}; cat auth.json 2>&1; echo ready; read go < ${harness.workspace}/go; ls -A; cat auth.json token link config.toml 2>&1`;
    const pipe = join(harness.workspace, 'go');
    await harness.run(`mkfifo ${pipe}`);
    const running = await harness.spawnCommand(
      harness.request(script, { policy: readOnly, hidden: [auth, token], onOutput: watch.onOutput }),
    );
    await watch.saw('ready');
    writeFileSync(join(home, 'new'), 'secret');
    renameSync(join(home, 'new'), auth);
    writeFileSync(token, 'secret');
    await harness.run(`echo > ${pipe}`);

    await running.exited;
    expect(watch.all()).not.toContain('secret');
    expect(watch.all()).toContain('ready\nconfig.toml\nlink\n');
    expect(watch.all()).toContain('openopen');
    expect((await harness.run(`cat ${auth}`, { hidden: [auth] })).output).toBe('secret');
  });

  test('writes inside its roots and nowhere else', async () => {
    const outside = join(harness.folder, 'outside');
    const extra = join(harness.folder, 'extra');
    mkdirSync(extra);
    const script = `echo 1 > in; echo 1 > ${extra}/in; echo 1 > ${outside}`;

    const first = await harness.run(script, {
      policy: { ...workspaceWrite, writableRoots: [extra, '/does/not/exist'] },
    });
    expect(first.output).toContain('Read-only file system');
    expect([join(harness.workspace, 'in'), join(extra, 'in'), outside].map((path) => existsSync(path))).toEqual([
      true,
      true,
      false,
    ]);
    const second = await harness.run('echo 2 > in', { policy: readOnly });
    expect(second.output).toContain('Read-only file system');
    expect(readFileSync(join(harness.workspace, 'in'), 'utf8')).toBe('1\n');
    await harness.run(`echo 1 > ${outside}`);
    expect(existsSync(outside)).toBe(true);
  });

  test('cannot change the protected folders a workspace has', async () => {
    for (const name of PROTECTED) mkdirSync(join(harness.workspace, name));
    const scripts = PROTECTED.map((name) => `echo 1 > ${name}/config; mv ${name} moved; rm -rf ${name}`);
    await harness.run(scripts.join('; '), { policy: workspaceWrite });
    expect(readdirSync(harness.workspace, { recursive: true }).sort()).toEqual([...PROTECTED].sort());
  });

  test('cannot create those that it lacks, and leaves no trace of the trial', async () => {
    const scripts = PROTECTED.map((name) => `rmdir ${name}; mkdir -p ${name}/hooks; echo 1 > ${name}/config`);
    const { output } = await harness.run(`${scripts.join('; ')}; ls -A .git .codex; true`, { policy: workspaceWrite });
    expect(output).not.toContain('config\n');
    expect(output).toContain('Read-only file system');
    expect(readdirSync(harness.workspace)).toEqual([]);
  });

  test('two at once in one workspace share the placeholders until the last one ends', async () => {
    const watch = createOutputWatch();
    const pipe = join(harness.folder, 'go');
    await harness.run(`mkfifo ${pipe}`);
    const script = `echo ready; read go < ${pipe}; mkdir .git/hooks || echo refused`;
    const long = await harness.spawnCommand(
      harness.request(script, { policy: workspaceWrite, onOutput: watch.onOutput }),
    );
    await watch.saw('ready');
    await Promise.all([1, 2, 3].map(() => harness.run('true', { policy: workspaceWrite })));
    expect(readdirSync(harness.workspace).sort()).toEqual([...PROTECTED].sort());

    await harness.run(`echo > ${pipe}`);
    await long.exited;
    expect(watch.all()).toContain('refused');
    expect(readdirSync(harness.workspace)).toEqual([]);
  });

  test('a protected name that is a link cannot be replaced', async () => {
    mkdirSync(join(harness.workspace, 'real'));
    symlinkSync('real', join(harness.workspace, '.git'));
    writeFileSync(join(harness.workspace, 'file'), '');
    const script = 'rm .git; mkdir .git; echo 1 > real/config; echo 1 > .git/config; echo 1 > file';
    await harness.run(script, { policy: workspaceWrite });
    expect(readdirSync(harness.workspace, { recursive: true }).sort()).toEqual(['.git', 'file', 'real']);
    expect(readFileSync(join(harness.workspace, 'file'), 'utf8')).toBe('1\n');
  });

  test('a worktree’s git folder is protected too', async () => {
    const git = join(harness.workspace, 'store', 'worktrees', 'one');
    mkdirSync(git, { recursive: true });
    writeFileSync(join(git, 'commondir'), '../..\n');
    writeFileSync(join(harness.workspace, '.git'), `gitdir: ${git}\n`);
    await harness.run(`echo 1 > ${git}/config; echo 1 > store/config; mv store gone`, { policy: workspaceWrite });
    expect(existsSync(join(git, 'config'))).toBe(false);
    expect(existsSync(join(harness.workspace, 'store', 'config'))).toBe(false);
  });

  test('a folder above a nested root cannot be moved away', async () => {
    const policy = { ...workspaceWrite, writableRoots: [harness.folder] };
    const nested = join(harness.workspace, 'deep');
    mkdirSync(nested);
    const { output } = await harness.run(`mv ${harness.workspace} ${harness.folder}/gone`, { policy, cwd: nested });
    expect(output).toContain('busy');
    expect(existsSync(nested)).toBe(true);
  });

  test('sees no other processes and has no way to more rights', async () => {
    const { output } = await harness.run(
      'grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status; ls /proc/self/fd',
      {
        policy: readOnly,
      },
    );
    expect(output.split('\n')).toEqual(
      expect.arrayContaining(['NoNewPrivs:\t1', 'Seccomp:\t2', 'CapEff:\t0000000000000000']),
    );
    const others = await harness.run(`ls -d /proc/${process.pid}/cwd || echo gone`, { policy: readOnly });
    expect(others.output).toContain('gone');
  });
});
