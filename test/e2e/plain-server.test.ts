import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { type BuiltScene, type BuiltSceneOptions, buildScene } from '../support/built-scene.ts';
import { call, outputsOf, type RecordedRequest, reply, text, userTexts } from '../support/fake-openai.ts';
import { startPlainProxy } from '../support/plain-proxy.ts';
import { until } from '../support/start-daemon.ts';

const READY = 'Ask for anything';

/** A scene whose daemon is reached as a server of the reference is: without our subprotocol and our extensions. */
async function plainScene(options: BuiltSceneOptions) {
  const scene = await buildScene({
    ...options,
    config: { envKey: null, top: ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'] },
  });
  await scene.run(['daemon', 'start']);
  const path = join(scene.temp.root, 'plain', 'x.sock');
  const proxy = await startPlainProxy(path, homePaths(scene.temp.home).socketPath);
  return { scene, proxy, remote: ['--remote', `unix://${path}`] };
}

/** A prompt `make FILE` runs one command; when its output is there, the turn ends. */
function commandOnce(request: RecordedRequest) {
  const last = userTexts(request).at(-1) ?? '';
  const callId = last.replaceAll(' ', '-');
  if (outputsOf(request)[callId] !== undefined) return text(`Done: ${last}`);
  return reply([call('exec_command', { cmd: last.replace('make', 'echo >'), login: false }, { callId })]);
}

const made = (scene: BuiltScene, name: string): boolean => existsSync(join(scene.temp.workspace, name));

describe('a server that speaks only the reference’s protocol', () => {
  test('runs prompts of scripts, and goes on with what they began', async () => {
    const { scene, remote } = await plainScene({ script: [text('One'), text('Two')] });

    const first = await scene.run(['exec', ...remote, 'say one']);
    const second = await scene.run(['exec', ...remote, 'resume', '--last', 'say two']);

    expect(first).toMatchObject({ code: 0, stdout: 'One\n' });
    expect(second).toMatchObject({ code: 0, stdout: 'Two\n' });
    expect(userTexts(scene.openai.requests[1] ?? ({} as RecordedRequest)).slice(-2)).toEqual(['say one', 'say two']);
  });

  test('shows an approval in every terminal; the first answer closes it in all, and shells can answer too', async () => {
    const { scene, remote } = await plainScene({ script: commandOnce });
    const first = scene.tui(remote);
    await first.waitForText(READY);
    first.type('make yes.txt');
    first.press('enter');
    await first.waitForText('Run this command?');
    const second = scene.tui(['attach', ...remote]);
    await second.waitForText('Run this command?');

    second.type('y');
    for (const each of [first, second]) await each.waitForText('Done: make yes.txt');
    expect(made(scene, 'yes.txt')).toBe(true);

    second.type('make no.txt');
    second.press('enter');
    for (const each of [first, second]) await each.waitForText('echo > no.txt');
    const listed = await scene.run(['approvals', ...remote]);
    const denied = await scene.run(['approvals', ...remote, 'deny', listed.stdout.split(' ')[0] ?? '']);
    expect(denied).toMatchObject({ code: 0, stderr: expect.stringMatching(/^denied: .*no\.txt/) });
    for (const each of [first, second]) await each.waitForText('Done: make no.txt');
    expect(made(scene, 'no.txt')).toBe(false);
    expect(first.screenText()).not.toMatch(/\d clients?/);
  });

  test('asks the questions of a model that plans; a shell may answer, and esc stops the turn', async () => {
    const questions = [
      { id: 'q', header: 'Store', question: 'Where to?', options: [{ label: 'A file', description: 'Simple.' }] },
    ];
    const ask = (callId: string) => reply([call('request_user_input', { questions }, { callId })]);
    const { scene, remote } = await plainScene({ script: [ask('one'), text('So be it'), ask('two')] });
    const terminal = scene.tui(remote);
    await terminal.waitForText(READY);
    terminal.type('/plan it');
    terminal.press('enter');
    await terminal.waitForText('Where to?');

    const listed = await scene.run(['approvals', ...remote]);
    expect(listed.stdout).toContain('Where to?');
    const answered = await scene.run(['approvals', ...remote, 'answer', listed.stdout.split(' ')[0] ?? '', '1']);
    expect(answered).toMatchObject({ code: 0, stderr: 'answered: Where to?\n' });
    await terminal.waitForText('So be it');
    expect(outputsOf(await scene.openai.waitForRequest(2)).one).toBe('{"answers":{"q":{"answers":["A file"]}}}');

    terminal.type('again');
    terminal.press('enter');
    await terminal.waitForText('Where to?');
    terminal.press('escape');
    await terminal.waitForText('interrupted');
    expect(scene.openai.requests).toHaveLength(3);
  });

  test('is attached to again after a cut, without loss or double, in mid-answer', async () => {
    const { scene, proxy, remote } = await plainScene({
      script: [text('one two three four five six ', { chunks: 7, gate: 'words' })],
    });
    const { release, open } = scene.openai.gate('words');
    const terminal = scene.tui(remote);
    await terminal.waitForText(READY);
    terminal.type('count');
    terminal.press('enter');
    release(2);
    await terminal.waitForText('one two');

    proxy.cut();
    await until('it has attached again', () => proxy.asked.includes('thread/resume'));
    open();
    const screen = await terminal.waitForText('one two three four five six');

    expect(screen.match(/one two/g)).toHaveLength(1);
    expect(proxy.asked.filter((method) => method === 'thread/resume')).toHaveLength(1);
  });

  test('is told what it lacks in one line each, and keeps a prompt that it would take for steering', async () => {
    const { scene, remote } = await plainScene({ script: [text('Done', { gate: 'end' })] });
    const terminal = scene.tui(remote);
    await terminal.waitForText(READY);
    const trusted = await scene.run(['trust', ...remote]);
    terminal.type('work');
    terminal.press('enter');
    await scene.openai.gate('end').reached();

    const busy = await scene.run(['exec', ...remote, 'resume', '--last', 'and this']);
    scene.openai.gate('end').open();
    await terminal.waitForText('Done');

    expect(trusted).toMatchObject({
      code: 1,
      stderr: 'error: this server cannot do that (config/trust/write); our own daemon can\n',
    });
    expect(busy).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ERROR: this server keeps no line of prompts; '),
    });
    expect(scene.openai.requests).toHaveLength(1);
  });
});
