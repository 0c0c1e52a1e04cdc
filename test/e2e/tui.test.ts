import { describe, expect, test } from 'vitest';
import { type BuiltScene, buildScene, codexProgram } from '../support/built-scene.ts';
import { call, message, reply, text } from '../support/fake-openai.ts';
import { childrenOf, lacksTerminals, PLAIN_MODES, type Terminal } from '../support/terminal.ts';

const READY = 'Ask for anything';

async function openTui(scene: BuiltScene, args: readonly string[] = []): Promise<Terminal> {
  const terminal = scene.tui(args);
  await terminal.waitForText(READY);
  return terminal;
}

function send(terminal: Terminal, line: string): void {
  terminal.type(line);
  terminal.press('enter');
}

/** The foot is drawn last: what stands below it would still be that of the frame before. */
async function closeOverlay(terminal: Terminal): Promise<void> {
  terminal.press('escape');
  await terminal.waitForNoText('esc close');
}

describe.skipIf(lacksTerminals)('commands of the terminal interface', () => {
  test('/help, /status and /model open their screens and close again', async () => {
    const scene = await buildScene();
    const terminal = await openTui(scene);

    send(terminal, '/help');
    const help = await terminal.waitForText('esc close');
    expect(help).toContain('send; while a turn runs: steer it');
    await closeOverlay(terminal);

    send(terminal, '/status');
    const status = await terminal.waitForText('esc close');
    expect(status).toMatch(/provider +fake/);
    expect(status).toMatch(new RegExp(`operator +codex-tui on /dev/pts/\\d+ \\(pid ${terminal.pid}\\), this one`));
    await closeOverlay(terminal);

    send(terminal, '/model');
    expect(await terminal.waitForText('esc close')).toMatch(/› gpt-5\.5/i);
    await closeOverlay(terminal);
    expect(await terminal.waitForText(READY)).toContain('thread ');
  });

  test('/rename names the thread in every terminal; /resume goes to another one and back', async () => {
    const scene = await buildScene({ script: [text('one'), text('two')] });
    await scene.run(['exec', 'the older prompt']);
    const terminal = await openTui(scene);
    const watcher = await openTui(scene, ['attach']);
    send(terminal, 'the newer prompt');
    await watcher.waitForText('• two');

    send(terminal, '/rename release notes');
    await Promise.all([terminal, watcher].map((each) => each.waitForText('release notes')));
    expect((await scene.run(['threads'])).stdout).toContain('release notes');

    send(terminal, '/resume');
    await terminal.waitForText('esc close');
    expect(terminal.screenText()).toMatch(/release notes +2 attached +this one/);
    terminal.type('older');
    await terminal.waitForText('filter: older');
    terminal.press('enter');
    await terminal.waitForText('• one');
    expect(terminal.screenText()).toContain('› the older prompt');
    await watcher.waitForText('1 client');
  });
});

describe.skipIf(lacksTerminals)('what is typed', () => {
  test('a paste of 50 lines is shown as one label and sent whole', async () => {
    const scene = await buildScene({ script: [text('read')] });
    const terminal = await openTui(scene);
    const lines = Array.from({ length: 50 }, (_, at) => `line ${at + 1}`).join('\n');
    terminal.paste(lines);
    await terminal.waitForText('› [Pasted text #1, 50 lines]');
    expect(terminal.screenText()).not.toContain('line 50');
    terminal.press('enter');
    await terminal.waitForText('• read');
    expect(scene.openai.requests[0]?.body.input.at(-1)).toMatchObject({ content: [{ text: lines }] });
  });

  test('wide characters and emoji arrive whole, and stand in their cells', async () => {
    const prompt = '読む 한국어 👩‍👩‍👧 🇩🇪 ok';
    const scene = await buildScene({ script: [text(`答え: ${prompt} |`)] });
    const terminal = await openTui(scene);
    send(terminal, prompt);
    await terminal.waitForText(`• 答え: ${prompt} |`);
    expect(terminal.screenText()).toContain(`› ${prompt}`);
    expect(scene.openai.requests[0]?.body.input.at(-1)).toMatchObject({ content: [{ text: prompt }] });
  });

  test('survives a resize to 20x6 and back without garbage', async () => {
    const scene = await buildScene({ script: [text('A short answer.')] });
    const terminal = await openTui(scene);
    send(terminal, 'ask');
    await terminal.waitForText('• A short answer.');
    await terminal.waitForNoText('Working');
    terminal.type('half typed');
    const before = await terminal.waitForText('› half typed');

    terminal.resize(20, 6);
    const small = await terminal.waitForNoText('on-request');
    for (const row of small.split('\n')) expect(row.length).toBeLessThanOrEqual(20);
    expect(small.split('\n').length).toBeLessThanOrEqual(6);
    expect(small).toContain('› half typed');
    terminal.resize(100, 30);
    await terminal.waitForText('on-request');
    expect(terminal.screenText()).toBe(before);
  });

  test('is painted anew after a size that came and went at once', async () => {
    const scene = await buildScene({ script: [text('A short answer.')] });
    const terminal = await openTui(scene);
    send(terminal, 'ask');
    await terminal.waitForText('• A short answer.');
    const before = await terminal.waitForNoText('Working');

    for (let round = 0; round < 5; round += 1) {
      terminal.resize(20, 6);
      terminal.resize(100, 30);
    }

    const lastRow = before.trimEnd().split('\n').at(-1) ?? '';
    await terminal.waitForText(lastRow);
    expect(terminal.screenText()).toBe(before);
  });
});

describe.skipIf(lacksTerminals)('a running turn', () => {
  const half = (gate: string) => reply([message('First half. Second half.', { chunks: 2, gate })]);

  test('is interrupted by Esc', async () => {
    const scene = await buildScene({ script: [half('words'), text('Next.')] });
    const terminal = await openTui(scene);
    send(terminal, 'go');
    await scene.openai.gate('words').reached();
    await terminal.waitForText('esc to interrupt');
    terminal.press('escape');
    await terminal.waitForText('■ interrupted');
    expect(await scene.openai.requests[0]?.ended).toBe('aborted');
    send(terminal, 'and now');
    await terminal.waitForText('• Next.');
  });

  test('goes on when ctrl+c twice detaches; the terminal is as it was, with the way back', async () => {
    const scene = await buildScene({ script: [half('words')] });
    const terminal = await openTui(scene);
    send(terminal, 'go');
    await scene.openai.gate('words').reached();
    scene.openai.gate('words').release();
    await terminal.waitForText('First half.');
    terminal.press('ctrl+c');
    await terminal.waitForText('press ctrl+c again to quit (the turn goes on)');
    terminal.press('ctrl+c');

    expect(await terminal.exited).toEqual({ exitCode: 0, signal: 0 });
    expect(terminal.modes()).toEqual(PLAIN_MODES);
    expect(terminal.screenText()).toMatch(
      /^The turn goes on in the daemon\.\nTo come back to this thread: codex resume \S+$/,
    );
    await scene.threadIs('works');
    scene.openai.gate('words').open();
    await scene.threadIs('idle');

    const again = scene.tui(['attach']);
    await again.waitForText('First half. Second half.');
  });

  test('can be watched, not answered, by an observer', async () => {
    const scene = await buildScene({
      script: [reply([call('exec_command', { cmd: 'echo made > made.txt' })]), text('Done.')],
      config: { top: ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'] },
    });
    const operator = await openTui(scene);
    const observer = scene.tui(['attach', '--watch']);
    await observer.waitForText('Watching: prompts are for operators');
    send(operator, 'make it');
    await Promise.all([operator, observer].map((terminal) => terminal.waitForText('Run this command?')));
    expect(observer.screenText()).toContain('An operator has to answer.');

    observer.type('y');
    // The last key has an effect that is seen: the others have been read by then.
    observer.press('enter', 'ctrl+c');
    await observer.waitForText('press ctrl+c again to quit');
    expect(operator.screenText()).toContain('Run this command?');
    operator.type('n');
    await observer.waitForText(new RegExp(`✘ declined by codex-tui on /dev/pts/\\d+ \\(pid ${operator.pid}\\)`));
    await observer.waitForText('• Done.');
  });
});

describe.skipIf(lacksTerminals)('the terminal is given back,', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('when %s ends the interface', async (signal) => {
    const scene = await buildScene();
    const terminal = await openTui(scene);
    expect(terminal.modes()).toMatchObject({ screen: 'alternate', bracketedPaste: true, kittyDepth: 1 });
    terminal.kill(signal);
    await terminal.exited;
    expect(terminal.modes()).toEqual(PLAIN_MODES);
    expect(terminal.screenText()).toContain(`ended by ${signal}`);
  });

  test('to the shell, with its line mode and echo', async () => {
    const scene = await buildScene();
    const shell = scene.terminal('/bin/sh', [
      '-c',
      `"$0" "$1"; echo "ended with $?"; stty -a`,
      process.execPath,
      codexProgram,
    ]);
    await shell.waitForText(READY);
    const [pid] = childrenOf(shell.pid);
    if (pid === undefined) throw new Error('the shell runs nothing');
    process.kill(pid, 'SIGTERM');
    await shell.exited;
    expect(shell.screenText()).toMatch(/ended with \d+/);
    expect(shell.screenText()).toMatch(/(?<!-)icanon/);
    expect(shell.screenText()).toMatch(/(?<!-)echo /);
  });

  test('and never taken where TERM says that it can do nothing', async () => {
    const scene = await buildScene();
    const terminal = scene.tui([], { env: { TERM: 'dumb' } });
    expect(await terminal.exited).toEqual({ exitCode: 1, signal: 0 });
    expect(terminal.output()).toMatch(/^error: TERM is "dumb": [^\n]+\n$/);
  });

  test('and never taken for a thread that is not there', async () => {
    const scene = await buildScene();
    const terminal = scene.tui(['attach', 'nowhere']);
    await terminal.exited;
    expect(terminal.modes()).toEqual(PLAIN_MODES);
    expect(terminal.screenText()).toMatch(
      /^error: no rollout found for thread id nowhere; `codex threads` lists them$/,
    );
  });
});
