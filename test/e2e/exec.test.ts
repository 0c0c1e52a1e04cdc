import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BuiltSceneOptions, buildScene, type RunOptions } from '../support/built-scene.ts';
import { call, httpError, reply, text, userTexts } from '../support/fake-openai.ts';
import { isAlive, until } from '../support/start-daemon.ts';
import { lacksTerminals } from '../support/terminal.ts';

describe('codex review', () => {
  const verdict = {
    findings: [
      {
        title: '[P1] Sum is off',
        body: 'It stops early.',
        confidence_score: 1,
        priority: 1,
        code_location: { absolute_file_path: '/repo/sum.js', line_range: { start: 3, end: 4 } },
      },
    ],
    overall_correctness: 'patch is incorrect',
    overall_explanation: 'Sums are wrong.',
    overall_confidence_score: 1,
  };
  const FOUND = 'Sums are wrong.\n\nReview comment:\n\n- [P1] Sum is off — /repo/sum.js:3-4\n  It stops early.';

  test.each([
    { name: 'of uncommitted changes', args: ['review', '--uncommitted'], stdin: '', asks: /not committed yet/ },
    { name: 'against a branch', args: ['exec', 'review', '--base', 'main'], stdin: '', asks: /into 'main'/ },
    { name: 'of a commit', args: ['review', '--commit', 'abc1', '--title', 'T'], stdin: '', asks: /abc1 \("T"\)/ },
    { name: 'by words', args: ['review', 'the sums'], stdin: '', asks: /^the sums$/ },
    { name: 'by words of stdin', args: ['review', '-'], stdin: 'the sums', asks: /^the sums$/ },
  ])('$name prints the findings alone', async ({ args, stdin, asks }) => {
    const scene = await buildScene({ script: [text(JSON.stringify(verdict))] });
    const ran = await scene.run(args, { stdin });
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: `${FOUND}\n` });
    const [asked] = scene.openai.requests.map((request) => userTexts(request).at(-1));
    expect(asked).toMatch(asks);
  });

  test('prints events with --json', async () => {
    const scene = await buildScene({ script: [text(JSON.stringify(verdict))] });
    const { stdout } = await scene.run(['review', '--uncommitted', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'thread.started' },
      { type: 'turn.started' },
      { type: 'item.completed', item: { type: 'agent_message', text: FOUND } },
      { type: 'turn.completed' },
    ]);
  });

  test.each([
    { args: ['review'] },
    { args: ['review', '--uncommitted', '--base', 'main'] },
    { args: ['review', '--uncommitted', 'and this'] },
    { args: ['review', '--uncommitted', '--title', 'T'] },
  ])('$args is refused in one line, as wrong usage', async ({ args }) => {
    const scene = await buildScene({ script: [] });
    const { code, stdout, stderr } = await scene.run(args);
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 2, stdout: '', lines: 1 });
  });
});

describe('codex exec', () => {
  test('writes exactly the answer to stdout, and to the file of -o', async () => {
    const scene = await buildScene({ script: [text('It is **forty-two**.')] });
    const ran = await scene.run(['exec', '-o', 'answer.txt', 'what is it?']);

    expect({ ...ran, stderr: '' }).toEqual({ code: 0, signal: null, stdout: 'It is **forty-two**.\n', stderr: '' });
    expect(ran.stderr).toContain('user\nwhat is it?\n');
    expect(readFileSync(join(scene.temp.workspace, 'answer.txt'), 'utf8')).toBe('It is **forty-two**.');
  });

  test('prints events as JSON lines with --json', async () => {
    const scene = await buildScene({ script: [reply([call('exec_command', { cmd: 'echo hi' })]), text('Done.')] });
    const { code, stdout } = await scene.run(['exec', '--json', 'say hi']);

    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines).toMatchObject([
      { type: 'thread.started' },
      { type: 'turn.started' },
      { type: 'item.started', item: { type: 'command_execution', status: 'in_progress' } },
      { type: 'item.completed', item: { type: 'command_execution', aggregated_output: 'hi\n', exit_code: 0 } },
      { type: 'item.completed', item: { type: 'agent_message', text: 'Done.' } },
      { type: 'turn.completed', usage: { input_tokens: 20, output_tokens: 10 } },
    ]);
  });

  test.each([
    { name: 'an argument alone', args: ['explain'], stdin: '', prompt: 'explain' },
    { name: 'stdin alone', args: [], stdin: 'from the pipe\n', prompt: 'from the pipe\n' },
    { name: 'stdin for -', args: ['-'], stdin: 'from the pipe', prompt: 'from the pipe' },
    { name: 'both', args: ['explain'], stdin: 'a\nb', prompt: 'explain\n\n<stdin>\na\nb\n</stdin>' },
  ])('takes its prompt from $name', async ({ args, stdin, prompt }) => {
    const scene = await buildScene({ script: [text('ok')] });
    expect(await scene.run(['exec', ...args], { stdin })).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(scene.openai.requests[0]?.body.input.at(-1)).toMatchObject({ content: [{ text: prompt }] });
  });

  const endings: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly scene?: BuiltSceneOptions;
    readonly run?: RunOptions;
    readonly code: number;
    readonly says: RegExp;
  }[] = [
    {
      name: '1 for a failed turn',
      args: ['hello'],
      scene: { script: [httpError(400, { message: 'that model is not known' })] },
      code: 1,
      says: /^ERROR: .*that model is not known/m,
    },
    { name: '2 for an unknown option', args: ['--colour', 'x'], code: 2, says: /^error: unknown option '--colour'/m },
    { name: '2 for a wrong choice', args: ['-s', 'none', 'x'], code: 2, says: /Allowed choices are read-only/ },
    { name: '1 without a prompt', args: [], code: 1, says: /^ERROR: No prompt provided via stdin\.$/m },
    {
      name: '1 outside of a git repository',
      args: ['x'],
      scene: { isRepository: false },
      code: 1,
      says: /^ERROR: .* is neither in a git repository nor trusted; add --skip-git-repo-check/m,
    },
    {
      name: '0 outside of a git repository when told so',
      args: ['--skip-git-repo-check', 'x'],
      scene: { isRepository: false, script: [text('ok')] },
      code: 0,
      says: /tokens used/,
    },
    {
      name: '1 for a folder that is not there',
      args: ['-C', 'nowhere', 'x'],
      code: 1,
      says: /there is no folder .*nowhere/,
    },
  ];
  test.each(endings)('exits with $name', async ({ args, scene: options, run, code, says }) => {
    const scene = await buildScene(options);
    const ran = await scene.run(['exec', ...args], run);
    expect(ran.stderr).toMatch(says);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: code === 0 ? 'ok\n' : '' });
  });

  test('names file, line and column of a broken config.toml in one line', async () => {
    const scene = await buildScene();
    const path = join(scene.temp.home, 'config.toml');
    writeFileSync(path, 'model = "x"\nsandbox_mode = = "read-only"\n');
    const ran = await scene.run(['exec', 'x']);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/^[^\n]*\nERROR: [^\n]+\n$/);
    expect(ran.stderr).toContain(`ERROR: ${path}:2:16: not valid TOML`);
    expect((await scene.run(['threads'])).code).toBe(0);
  });

  test.each([
    { signal: 'SIGINT' as const, ends: { code: 1, signal: null } },
    { signal: 'SIGTERM' as const, ends: { code: null, signal: 'SIGTERM' } },
  ])('ends the running command on $signal, and the thread can be resumed', async ({ signal, ends }) => {
    const scene = await buildScene({
      script: [
        reply([call('exec_command', { cmd: 'echo $$ > pid.txt; sleep 600', yield_time_ms: 30_000 })]),
        text('Here again.'),
      ],
      config: { top: ['sandbox_mode = "danger-full-access"'] },
    });
    const pidFile = join(scene.temp.workspace, 'pid.txt');
    const started = scene.start(['exec', 'run it']);
    await until('the command runs', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() !== '');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    started.kill(signal);

    const ran = await started.ended;
    expect(ran).toMatchObject({ ...ends, stdout: '' });
    expect(ran.stderr).toMatch(/the turn was interrupted; `codex exec resume \S+ PROMPT` goes on from there\n$/);
    await until('the command is gone', () => !isAlive(pid));
    const resumed = await scene.run(['exec', 'resume', '--last', 'are you there?']);
    expect(resumed).toMatchObject({ code: 0, stdout: 'Here again.\n' });
  });

  test.skipIf(lacksTerminals)('resume --last passes by a thread that was only opened', async () => {
    const scene = await buildScene({ script: [text('one'), text('two')] });
    await scene.run(['exec', 'the first prompt']);
    const terminal = scene.tui([]);
    await terminal.waitForText('Ask for anything');

    expect((await scene.run(['exec', 'resume', '--last', 'go on'])).stdout).toBe('two\n');
    expect(JSON.stringify(scene.openai.requests[1]?.body.input)).toContain('the first prompt');
  });
});
