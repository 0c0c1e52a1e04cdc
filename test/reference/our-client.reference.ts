import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { call, outputsOf, type RecordedRequest, reply, text, userTexts } from '../support/fake-openai.ts';
import { until } from '../support/start-daemon.ts';

const program = join(dirname(fileURLToPath(import.meta.url)), 'node_modules', '.bin', 'codex');
const READY = 'Ask for anything';

/** Starts the reference's own server with the scene's model, and answers how our client finds it. */
async function referenceServer({ temp, openai, env }: BuiltScene): Promise<readonly string[]> {
  const home = join(temp.root, 'reference-home');
  const path = join(temp.root, 'reference', 'x.sock');
  for (const folder of [home, dirname(path)]) mkdirSync(folder, { mode: 0o700 });
  const lines = [
    'check_for_update_on_startup = false',
    'model = "gpt-5.5"',
    'model_provider = "fake"',
    'approval_policy = "on-request"',
    'sandbox_mode = "workspace-write"',
    '[model_providers.fake]',
    'name = "Fake"',
    `base_url = "${openai.baseUrl}"`,
    'wire_api = "responses"',
  ];
  writeFileSync(join(home, 'config.toml'), `${lines.join('\n')}\n`);
  const server = spawn(program, ['app-server', '--listen', `unix://${path}`], {
    env: env({ CODEX_HOME: home }),
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  onTestFinished(async () => {
    process.kill(-(server.pid ?? 0), 'SIGKILL');
    await ended;
  });
  await until('the reference listens', () => existsSync(path), 30_000);
  return ['--remote', `unix://${path}`];
}

function askOnce(request: RecordedRequest) {
  const last = userTexts(request).at(-1) ?? '';
  if (!last.startsWith('make')) return text(`Answer ${last}`);
  if (outputsOf(request).made !== undefined) return text('It is made');
  const args = { cmd: 'touch made.txt', sandbox_permissions: 'require_escalated', justification: 'to show it' };
  return reply([call('exec_command', args, { callId: 'made' })]);
}

describe('our client on the reference’s own server', () => {
  test('runs prompts, resumes, asks for an approval in two terminals, and comes back with all of it', async () => {
    const scene = await buildScene({ script: askOnce });
    const remote = await referenceServer(scene);

    expect(await scene.run(['exec', ...remote, 'one'])).toMatchObject({ code: 0, stdout: 'Answer one\n' });
    const again = scene.tui(['resume', '--last', ...remote]);
    await again.waitForText('Answer one');
    const terminal = scene.tui(remote);
    await terminal.waitForText(READY);
    terminal.type('make it');
    terminal.press('enter');
    await terminal.waitForText('Run this command?');
    const second = scene.tui(['attach', ...remote]);
    await second.waitForText('Run this command?');
    second.type('y');
    for (const each of [terminal, second]) await each.waitForText('It is made');

    expect(existsSync(join(scene.temp.workspace, 'made.txt'))).toBe(true);
    const third = scene.tui(['resume', '--last', ...remote]);
    await third.waitForText('It is made');
    expect(third.screenText()).toContain('make it');
  });
});
