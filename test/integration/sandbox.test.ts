import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SandboxMode } from '../../machines/protocol/types/policy.ts';
import { startThread } from '../support/client-turns.ts';
import { call, outputsOf, patchCall, reply, text } from '../support/fake-openai.ts';
import { makeRepository } from '../support/repository.ts';
import { type Scene, startScene } from '../support/scene.ts';
import type { TempHome } from '../support/temp-home.ts';

const canSandbox = spawnSync('bwrap', ['--ro-bind', '/', '/', '--unshare-net', 'true']).status === 0;
/** The tests' homes lie in the temporary folder, which a sandboxed command may write otherwise. */
const closed = ['[sandbox_workspace_write]', 'exclude_slash_tmp = true', 'exclude_tmpdir_env_var = true'];
const SECRET = 'sk-proj-SECRETSECRET';

const prepare = ({ home, workspace }: TempHome) => {
  writeFileSync(join(home, 'auth.json'), JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: SECRET }), {
    mode: 0o600,
  });
  writeFileSync(join(home, '.credentials.json'), JSON.stringify({ 'box|0': { access_token: SECRET } }), {
    mode: 0o600,
  });
  makeRepository(workspace);
};

/** Runs commands in one turn and answers what each printed. */
async function runIn(scene: Scene, sandbox: SandboxMode, commands: Readonly<Record<string, string>>) {
  const parts = Object.entries(commands).map(([callId, cmd]) =>
    call('exec_command', { cmd, login: false }, { callId }),
  );
  scene.openai.push(reply(parts), text('ok'));
  const thread = await startThread(await scene.connect(), { sandbox });
  await thread.run('try');
  const request = scene.openai.requests.at(-1);
  return request ? outputsOf(request) : {};
}

/** A program that tries to reach a socket and says what came of it. */
const reach = (socketPath: string) =>
  `${process.execPath} -e "require('net').connect(process.argv[1]).on('connect', () => { console.log('REACHED'); process.exit() }).on('error', (e) => console.log('BLOCKED ' + e.code))" ${socketPath}`;

// Without bubblewrap there is nothing to look at; in CI that is a failure.
describe.skipIf(!canSandbox && process.env.CI !== 'true')('a sandboxed command', () => {
  test.each(['read-only', 'workspace-write'] as const)(
    'in %s cannot reach the daemon or read credentials',
    async (sandbox) => {
      const scene = await startScene({ prepare });
      const { home } = scene.temp;

      const outputs = await runIn(scene, sandbox, {
        socket: reach(scene.daemon.socketPath),
        folder: `ls -A ${home}/daemon; ls -A ${home}/daemon/daemon.sock`,
        auth: `cat ${home}/auth.json; cat ${home}/.credentials.json; echo end`,
        proc: `cat /proc/${scene.daemon.pid}/environ | tr '\\0' '\\n'; echo end`,
      });

      expect(outputs.socket).toMatch(/BLOCKED E[A-Z]+/);
      expect(outputs.folder).not.toMatch(/^(daemon\.log|daemon\.sock)$/m);
      expect(outputs.auth).toContain('end');
      expect(JSON.stringify(outputs)).not.toContain(SECRET);
      expect(outputs.proc).not.toContain('CODEX_HOME');
    },
  );

  test('in read-only writes nothing', async () => {
    const scene = await startScene({ prepare });

    const outputs = await runIn(scene, 'read-only', {
      write: 'touch made; echo "code $?"',
      tmp: `touch ${scene.temp.root}/x`,
    });

    expect(outputs.write).toMatch(/Read-only file system[\s\S]*code 1/);
    expect(readdirSync(scene.temp.workspace)).toEqual(['.git']);
    expect(existsSync(join(scene.temp.root, 'x'))).toBe(false);
  });

  test('in workspace-write never changes the home, also when that lies in a folder it may write', async () => {
    const scene = await startScene({ prepare });
    const { home } = scene.temp;
    const config = readFileSync(join(home, 'config.toml'), 'utf8');

    const outputs = await runIn(scene, 'workspace-write', {
      tmp: `echo free > ${scene.temp.root}/free; cat ${scene.temp.root}/free; rm ${scene.temp.root}/free`,
      config: `echo 'sandbox_mode = "danger-full-access"' >> ${home}/config.toml; echo "code $?"`,
      rules: `touch ${home}/AGENTS.md; echo "code $?"`,
      renamed: `mv ${home} ${home}-gone; echo "code $?"`,
    });

    expect(outputs.tmp).toContain('free');
    expect(outputs.config).toMatch(/code 1/);
    expect(outputs.rules).toMatch(/code 1/);
    expect(outputs.renamed).toMatch(/code 1/);
    expect(readFileSync(join(home, 'config.toml'), 'utf8')).toBe(config);
  });

  test('in workspace-write writes the workspace, and neither .git nor .codex nor the home', async () => {
    const scene = await startScene({ prepare, config: { tables: closed } });
    const { home, workspace } = scene.temp;

    const outputs = await runIn(scene, 'workspace-write', {
      work: 'echo fine > made; cat made',
      git: 'mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit; echo "code $?"',
      codex: 'mkdir .codex && echo x > .codex/config.toml; echo "code $?"',
      home: `echo 'approval_policy = "never"' >> ${home}/config.toml; echo "code $?"`,
    });

    expect(outputs.work).toContain('fine');
    expect(outputs.git).toContain('code 1');
    expect(outputs.codex).toContain('code 1');
    expect(readdirSync(join(workspace, '.git'))).toEqual(['HEAD']);
    expect(existsSync(join(workspace, '.codex'))).toBe(false);
    expect(outputs.home).toContain('code 1');
    expect(readFileSync(join(home, 'config.toml'), 'utf8')).not.toContain('never');
  });

  test('has no network in workspace-write, unless the configuration opens it', async () => {
    const scene = await startScene({ prepare });
    const url = new URL(scene.openai.baseUrl);
    const tryIt = `${process.execPath} -e "require('net').connect(${url.port}, '127.0.0.1').on('connect', () => { console.log('REACHED'); process.exit() }).on('error', (e) => console.log('BLOCKED ' + e.code))"`;

    const closed = await runIn(scene, 'workspace-write', { net: tryIt });
    expect(closed.net).toMatch(/BLOCKED E[A-Z]+/);
    const open = await runIn(scene, 'danger-full-access', { net: tryIt });
    expect(open.net).toContain('REACHED');
  });

  test('with full access may do all of it', async () => {
    const scene = await startScene({ prepare });
    const { home } = scene.temp;

    const outputs = await runIn(scene, 'danger-full-access', {
      socket: reach(scene.daemon.socketPath),
      auth: `cat ${home}/auth.json`,
      git: 'echo x > .git/y && cat .git/y',
    });

    expect(outputs.socket).toContain('REACHED');
    expect(outputs.auth).toContain(SECRET);
    expect(outputs.git).toContain('code 0');
  });

  test('a patch cannot leave the workspace through a link', async () => {
    const scene = await startScene({
      prepare: (temp) => {
        prepare(temp);
        mkdirSync(join(temp.root, 'outside'));
        symlinkSync('../outside', join(temp.workspace, 'link'));
      },
      config: { tables: closed },
    });
    const patch = '*** Begin Patch\n*** Add File: link/escaped.txt\n+x\n*** End Patch';
    scene.openai.push(reply([patchCall(patch, { callId: 'p' })]), text('ok'));
    const thread = await startThread(await scene.connect(), { sandbox: 'workspace-write', approvalPolicy: 'never' });

    await thread.run('try');

    expect(existsSync(join(scene.temp.root, 'outside', 'escaped.txt'))).toBe(false);
    expect(outputsOf(await scene.openai.waitForRequest(2)).p).toMatch(/^(patch rejected: |Exit code: 1)/);
  });
});
