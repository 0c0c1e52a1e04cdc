import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import { type BuiltScene, buildScene, codexProgram } from '../support/built-scene.ts';
import { call, outputsOf, reply, text } from '../support/fake-openai.ts';
import { startPipeClient } from '../support/pipe-client.ts';
import { writeSelfSigned } from '../support/self-signed.ts';
import { isAlive, until } from '../support/start-daemon.ts';

const unsafe = ['approval_policy = "never"', 'sandbox_mode = "danger-full-access"'];
const say = (words: string) => [{ type: 'text' as const, text: words }];
const lookAround = call(
  'exec_command',
  { cmd: 'echo "in $PWD as $MARKED $CODEX_REMOTE_TOKEN."', login: false },
  { callId: 'look' },
);

/** Starts `codex app-server --json ARGS` and answers where it listens. */
async function listening(scene: BuiltScene, args: readonly string[]) {
  const program = scene.start(['app-server', '--json', ...args]);
  const opened = JSON.parse(await program.line()) as { readonly address: string; readonly tokenFile: string | null };
  return { program, ...opened };
}

describe('codex app-server on its pipes', () => {
  test('starts the daemon, runs a turn in its own folder and variables, and ends with its input', async () => {
    const scene = await buildScene({ script: [reply([lookAround]), text('Done')], config: { top: unsafe } });
    const editor = await startPipeClient(scene);

    const { thread } = await editor.peer.request(threadStart, {});
    await editor.peer.request(turnStart, { threadId: thread.id, input: say('look around') });
    const { params } = await editor.notified('turn/completed');
    editor.end();

    expect(thread.cwd).toBe(scene.temp.workspace);
    expect(params).toMatchObject({ threadId: thread.id, turn: { status: 'completed' } });
    const request = scene.openai.requests.at(-1);
    expect(request && outputsOf(request).look).toContain(`in ${scene.temp.workspace} as by the pipe .`);
    expect(editor.odd).toEqual([]);
    expect(await editor.ended).toEqual({ code: 0, stderr: '' });
  });

  test('asks the other program for approvals in its own way, and passes large messages', async () => {
    const scene = await buildScene({
      script: [reply([call('exec_command', { cmd: 'touch made', login: false }, { callId: 'c' })]), text('Done')],
      config: { top: ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'] },
    });
    const asked: string[] = [];
    const editor = await startPipeClient(scene, ['--listen', 'stdio://'], (method) => {
      asked.push(method);
      return { decision: 'accept' };
    });

    const { thread } = await editor.peer.request(threadStart, {});
    await editor.peer.request(turnStart, { threadId: thread.id, input: say(`make it ${'x'.repeat(2_000_000)}`) });
    const { params } = await editor.notified('turn/completed');

    expect(params).toMatchObject({ turn: { status: 'completed', error: null } });
    expect(asked).toEqual(['item/commandExecution/requestApproval']);
    expect(existsSync(join(scene.temp.workspace, 'made'))).toBe(true);
  });

  test('answers what was asked before its input ended', async () => {
    const scene = await buildScene();
    const lines = [
      { id: 1, method: 'initialize', params: { clientInfo: { name: 'a-script', version: '1' } } },
      { id: 2, method: 'thread/list', params: {} },
    ].map((message) => JSON.stringify(message));

    const { code, stdout } = await scene.run(['app-server'], { stdin: `${lines.join('\n')}\n` });

    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly id: number });
    expect(answers).toMatchObject([
      { id: 1, result: { platformFamily: 'unix' } },
      { id: 2, result: { data: [] } },
    ]);
  });

  test('ends with one line when the daemon goes', async () => {
    const scene = await buildScene();
    const editor = await startPipeClient(scene);

    await scene.run(['daemon', 'stop']);

    expect(await editor.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: the daemon is gone: .+\n$/),
    });
  });
});

describe('codex app-server --listen', () => {
  test('serves a socket until it is ended, and takes it away then', async () => {
    const scene = await buildScene({ script: [text('Hello')] });
    const path = join(scene.temp.root, 'door', 'x.sock');

    const { program, address } = await listening(scene, ['--listen', `unix://${path}`]);
    const ran = await scene.run(['exec', '--remote', address, '--skip-git-repo-check', 'hello']);
    program.kill('SIGTERM');

    expect(address).toBe(`unix://${path}`);
    expect(ran).toMatchObject({ code: 0, stdout: 'Hello\n' });
    expect((await program.ended).signal).toBe('SIGTERM');
    expect(existsSync(path)).toBe(false);
  });

  test('ends with one line when the daemon goes, and refuses what it cannot do', async () => {
    const scene = await buildScene();
    const { program } = await listening(scene, ['--listen', 'ws://127.0.0.1:0']);
    const refused = await scene.run(['app-server', '--listen', 'ws://0.0.0.0:0']);

    await scene.run(['daemon', 'stop']);

    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: 0\.0\.0\.0 can be reached .*\n$/),
    });
    expect(await program.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: the daemon is gone, and the listener with it: .+\n$/),
    });
  });

  test('off opens no door and keeps the daemon up; --stay leaves a door to the daemon', async () => {
    const scene = await buildScene();
    const off = scene.start(['app-server', '--listen', 'off']);
    await off.saw(/listening nowhere else/);
    const staying = await listening(scene, ['--listen', `unix://${join(scene.temp.root, 'door', 'x.sock')}`, '--stay']);

    expect((await staying.program.ended).code).toBe(0);
    expect((await scene.run(['daemon', 'status'])).stdout).toMatch(/also at .*x\.sock \(0 clients; stays\)/);
    off.kill('SIGINT');
    expect((await off.ended).code).toBe(130);
  });
});

describe('--remote', () => {
  test('ws takes its token from a file or a variable, and no command ever sees it', async () => {
    const scene = await buildScene({
      script: [reply([lookAround]), text('Done')],
      config: { top: unsafe, envKey: null },
    });
    const tokenFile = join(scene.temp.root, 'token');
    writeFileSync(tokenFile, 'a-token-of-my-own-choice\n', { mode: 0o600 });
    const { address } = await listening(scene, ['--listen', 'ws://127.0.0.1:0', '--ws-token-file', tokenFile]);
    const remote = ['--remote', address];
    const env = { CODEX_REMOTE_TOKEN: 'a-token-of-my-own-choice' };

    const without = await scene.run(['threads', ...remote]);
    const wrong = await scene.run(['threads', ...remote], { env: { CODEX_REMOTE_TOKEN: 'wrong' } });
    const fromFile = await scene.run(['threads', ...remote, '--remote-token-file', tokenFile]);
    chmodSync(tokenFile, 0o644);
    const open = await scene.run(['threads', ...remote, '--remote-token-file', tokenFile]);
    const ran = await scene.run(['exec', ...remote, '-C', scene.temp.workspace, 'look'], { env });

    for (const refused of [without, wrong]) {
      expect(refused).toMatchObject({
        code: 1,
        stderr: `error: ${address}/ does not take this token; put its token into CODEX_REMOTE_TOKEN or give --remote-token-file\n`,
      });
    }
    expect(fromFile.code).toBe(0);
    expect(open.stderr).toMatch(/others may read .*run `chmod 600/);
    expect(ran).toMatchObject({ code: 0, stdout: 'Done\n' });
    const request = scene.openai.requests.at(-1);
    expect(request && outputsOf(request).look).toContain(`in ${scene.temp.workspace} as  .`);
    expect(JSON.stringify(scene.openai.requests)).not.toContain('a-token-of-my-own-choice');
    expect(readFileSync(homePaths(scene.temp.home).logPath, 'utf8')).not.toContain('a-token-of-my-own-choice');
  });

  test('wss shows its certificate first: the token goes to no other', async () => {
    const scene = await buildScene();
    const { certFile, keyFile } = writeSelfSigned(scene.temp.root);
    const { address, tokenFile } = await listening(scene, [
      ...['--listen', 'wss://127.0.0.1:0', '--tls-cert', certFile, '--tls-key', keyFile],
    ]);
    const args = ['threads', '--remote', address, '--remote-token-file', tokenFile ?? ''];

    const trusting = await scene.run(args, { env: { NODE_EXTRA_CA_CERTS: certFile } });
    const doubting = await scene.run(args);

    expect(address).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
    expect(trusting.code).toBe(0);
    expect(doubting).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: cannot reach .*self[- ]signed.*\n$/),
    });
  });

  test('starts nothing, and says in one line what to do', async () => {
    const scene = await buildScene();
    const cases: readonly (readonly [string, RegExp])[] = [
      [`unix://${scene.temp.root}/none.sock`, /^error: nothing listens on .*; `codex app-server --listen unix:/],
      ['unix://', /^error: nothing listens on .*app-server-control\.sock; /],
      ['ws://127.0.0.1:1', /^error: nothing listens at ws:\/\/127\.0\.0\.1:1\//],
      ['ws://example.org:1', /^error: --remote: ws:\/\/ would send everything readable to example\.org; use wss:\/\//],
      ['ssh://-oProxyCommand=x', /^error: --remote: .*/],
      ['nonsense', /^error: --remote: cannot use nonsense; write unix:\/\/PATH, /],
    ];

    for (const [address, why] of cases) {
      const { code, stderr } = await scene.run(['threads', '--remote', address]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(why) });
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
    expect(await scene.daemonPid()).toBeNull();
  });
});

/** A program that is called `ssh`: it runs what it is told on this machine, in a home folder of its own. */
function farMachine(scene: BuiltScene, hasCodex = true): Record<string, string> {
  const bin = join(scene.temp.root, 'bin');
  const put = (path: string, lines: readonly string[]) => writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o755 });
  const far = join(scene.temp.root, 'far');
  for (const folder of [bin, far, join(far, 'bin')]) mkdirSync(folder);
  put(join(bin, 'ssh'), [
    '#!/bin/sh',
    `echo "$@" >> ${scene.temp.root}/ssh.log`,
    `echo $$ > ${scene.temp.root}/ssh.pid`,
    'for last; do :; done',
    'case "$*" in *nowhere*) echo "ssh: Could not resolve hostname nowhere" >&2; exit 255;; esac',
    'echo "Welcome to the far machine"',
    `cd ${far} && HOME=${far} PATH=${far}/bin:/usr/bin:/bin MARKED=afar exec /bin/sh -c "$last"`,
  ]);
  if (hasCodex) put(join(far, 'bin', 'codex'), ['#!/bin/sh', `exec ${process.execPath} ${codexProgram} "$@"`]);
  return { PATH: `${bin}:${process.env.PATH}` };
}

describe('--remote ssh://', () => {
  test('works in the far login’s folder and variables, and its ssh ends with it', async () => {
    const scene = await buildScene({ script: [reply([lookAround]), text('Done')], config: { top: unsafe } });
    const env = farMachine(scene);

    const ran = await scene.run(['exec', '--remote', 'ssh://me@far:2222', 'look'], { env });

    expect(ran).toMatchObject({ code: 0, stdout: 'Done\n' });
    const request = scene.openai.requests.at(-1);
    expect(request && outputsOf(request).look).toContain(`in ${scene.temp.root}/far as afar .`);
    expect(readFileSync(join(scene.temp.root, 'ssh.log'), 'utf8')).toBe(
      '-T -p 2222 me@far codex app-server --listen stdio://\n',
    );
    const pid = Number(readFileSync(join(scene.temp.root, 'ssh.pid'), 'utf8'));
    await until('ssh is gone', () => !isAlive(pid));
  });

  test('says whether it was ssh or the far machine that failed', async () => {
    const scene = await buildScene();
    const env = farMachine(scene, false);

    const nowhere = await scene.run(['threads', '--remote', 'ssh://nowhere'], { env });
    const lacking = await scene.run(['threads', '--remote', 'ssh://far'], { env });
    const noSsh = await scene.run(['threads', '--remote', 'ssh://far'], {
      env: { PATH: join(scene.temp.root, 'far') },
    });

    expect([nowhere, lacking, noSsh].map(({ code, stderr }) => [code, stderr])).toEqual([
      [1, 'error: ssh cannot reach nowhere: ssh: Could not resolve hostname nowhere\n'],
      [1, 'error: there is no `codex` on the PATH of far; install it there\n'],
      [1, 'error: cannot run ssh: there is no `ssh` on PATH; install OpenSSH\n'],
    ]);
  });
});
