import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentRead } from '../../machines/protocol/methods/environment.ts';
import { startThread } from '../support/client-turns.ts';
import { call, outputsOf, patchCall, reply, text } from '../support/fake-openai.ts';
import { startScene } from '../support/scene.ts';
import { KEY } from '../support/temp-home.ts';

const exec = (cmd: string, callId: string) => call('exec_command', { cmd, login: false }, { callId });

/** What a command printed, without the head of its output. */
const printed = (output: string | undefined) => /\nOutput:\n([\s\S]*)$/.exec(output ?? '')?.[1];

describe('a turn runs in the surroundings of the client that sent it', () => {
  test('variables, PATH and folder: the client’s, and nothing of the daemon’s', async () => {
    const scene = await startScene({
      script: [reply([exec('env; pwd; only-here', 'c')]), text('ok')],
      daemon: { env: { DAEMON_ONLY: 'yes', LC_ALL: 'xx_XX' } },
    });
    const bin = join(scene.temp.root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'only-here'), '#!/bin/sh\necho found it\n');
    chmodSync(join(bin, 'only-here'), 0o755);
    const folder = join(scene.temp.root, 'élsewhere with space');
    mkdirSync(folder);
    const variables = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: scene.temp.root,
      SHELL: '/bin/bash',
      MINE: 'two\nlines',
      FAKE_KEY: KEY,
      CODEX_API_KEY: 'sk-codex-api',
      CODEX_ACCESS_TOKEN: 'access',
      CODEX_TEST_ROOT: scene.temp.root,
    };
    const thread = await startThread(await scene.connect({ environment: { cwd: folder, variables } }));

    await thread.run('look');

    const output = printed(outputsOf(await scene.openai.waitForRequest(2)).c) ?? '';
    expect(output).toContain('MINE=two\nlines\n');
    expect(output).toContain(`\n${folder}\n`);
    expect(output).toContain('found it\n');
    expect(output).toContain(`CODEX_THREAD_ID=${thread.id}\n`);
    expect(output).toContain('\nLC_ALL=C.UTF-8\n');
    for (const hidden of ['DAEMON_ONLY', 'FAKE_KEY', KEY, 'CODEX_API_KEY', 'CODEX_ACCESS_TOKEN', 'CODEX_HOME=']) {
      expect(output).not.toContain(hidden);
    }
    // What `/status` says is so.
    const told = await thread.client.request(environmentRead, { threadId: thread.id });
    expect(told).toMatchObject({ isOwn: true, cwd: folder, shell: '/bin/bash' });
    expect(told.withheld).toEqual(['CODEX_ACCESS_TOKEN', 'CODEX_API_KEY', 'FAKE_KEY']);
    for (const name of told.variables) expect(output).toMatch(new RegExp(`^${name}=`, 'm'));
    expect(JSON.stringify(told)).not.toContain(KEY);
    // The provider's key is the client's too.
    expect(scene.openai.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test('the mask for new files, of commands and of patches', async () => {
    const patch = '*** Begin Patch\n*** Add File: patched\n+x\n*** End Patch';
    const scene = await startScene({
      script: [reply([exec('touch made', 'c'), patchCall(patch, { callId: 'p' })]), text('ok')],
    });
    const thread = await startThread(await scene.connect({ environment: { umask: 0o027 } }));

    await thread.run('make files');

    const modeOf = (name: string) => statSync(join(scene.temp.workspace, name)).mode & 0o777;
    expect([modeOf('made'), modeOf('patched')]).toEqual([0o640, 0o640]);
    expect(readFileSync(join(scene.temp.workspace, 'patched'), 'utf8')).toBe('x\n');
  });

  test('each client’s own, on one thread', async () => {
    const script = [1, 2].flatMap((n) => [reply([exec('echo "$WHO"', `c${n}`)]), text('ok')]);
    const scene = await startScene({ script });
    const withName = (WHO: string) => ({
      environment: {
        variables: { PATH: process.env.PATH ?? '', FAKE_KEY: KEY, WHO, CODEX_TEST_ROOT: scene.temp.root },
      },
    });
    const left = await startThread(await scene.connect(withName('left')));
    const right = await scene.connect(withName('right'));
    await left.run('one');

    const { sendPrompt } = await import('../support/client-turns.ts');
    const { turn } = await sendPrompt(right, left.id, { text: 'two' });
    await left.ended(turn.id);

    const outputs = outputsOf(await scene.openai.waitForRequest(4));
    expect([printed(outputs.c1), printed(outputs.c2)]).toEqual(['left\n', 'right\n']);
    expect(left.itemsOf('userMessage').map((item) => item.sentBy?.clientId)).toEqual([
      left.client.clientId,
      right.clientId,
    ]);
  });

  test('the policy for variables is kept to', async () => {
    const scene = await startScene({
      script: [reply([exec('env', 'c')]), text('ok')],
      config: {
        tables: ['[shell_environment_policy]', 'inherit = "core"', '[shell_environment_policy.set]', 'ADDED = "1"'],
      },
    });
    const thread = await startThread(await scene.connect());

    await thread.run('look');

    const names = (printed(outputsOf(await scene.openai.waitForRequest(2)).c) ?? '')
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'HOME', 'SHELL', 'ADDED', 'CODEX_CI']));
    expect(names).not.toEqual(expect.arrayContaining(['TZ']));
  });

  test('a client of the reference names a folder and gets plain surroundings', async () => {
    const scene = await startScene({
      script: [reply([exec('pwd; umask; echo "[$DAEMON_ONLY]"', 'c')]), text('ok')],
      config: { envKey: null },
      daemon: { env: { DAEMON_ONLY: 'yes' } },
    });
    const client = await scene.connect({ isOurs: false, encoding: 'json' });
    const thread = await startThread(client, { cwd: scene.temp.workspace });

    await thread.run('look');

    expect(printed(outputsOf(await scene.openai.waitForRequest(2)).c)).toBe(`${scene.temp.workspace}\n0022\n[]\n`);
  });
});
