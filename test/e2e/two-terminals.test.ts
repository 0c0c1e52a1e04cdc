import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildScene } from '../support/built-scene.ts';
import { call, message, reply, text } from '../support/fake-openai.ts';
import { lacksTerminals } from '../support/terminal.ts';

const PROMPT = 'Make the file';
const FIRST_HALF = 'I make the file ';
const SECOND_HALF = 'and then I look';
const ANSWER = 'The file is made.';

describe.skipIf(lacksTerminals)('two terminals on one thread', () => {
  test('see the same and decide together; when both are killed the turn goes on, and a third sees it all', async () => {
    const scene = await buildScene({
      script: [
        reply([
          message(FIRST_HALF + SECOND_HALF, { chunks: 2, gate: 'words' }),
          call('exec_command', { cmd: 'echo made > made.txt' }),
        ]),
        text(ANSWER, { gate: 'answer' }),
      ],
      config: { top: ['approval_policy = "untrusted"', 'sandbox_mode = "workspace-write"'] },
    });
    const first = scene.tui([]);
    await first.waitForText('Ask for anything');
    const second = scene.tui(['attach']);
    await Promise.all([first, second].map((terminal) => terminal.waitForText('2 clients')));

    first.type(PROMPT);
    first.press('enter');
    await scene.openai.gate('words').reached();
    scene.openai.gate('words').release();
    for (const terminal of [first, second]) {
      await terminal.waitForText(FIRST_HALF.trim());
      expect(terminal.screenText()).toContain(`› ${PROMPT}`);
      expect(terminal.screenText()).not.toContain(SECOND_HALF);
    }
    expect(second.screenText()).toMatch(/from codex-tui on \/dev\/pts\/\d+/);
    expect(first.screenText()).not.toContain('from codex-tui');

    scene.openai.gate('words').release();
    for (const terminal of [first, second]) {
      await terminal.waitForText('Run this command?');
      expect(terminal.screenText()).toContain('echo made > made.txt');
      expect(terminal.screenText()).toContain(FIRST_HALF + SECOND_HALF);
    }
    expect(existsSync(join(scene.temp.workspace, 'made.txt'))).toBe(false);
    second.type('y');
    await first.waitForText(new RegExp(`✔ approved by codex-tui on /dev/pts/\\d+ \\(pid ${second.pid}\\) after`));
    await second.waitForText('✔ approved by you after');

    await scene.openai.gate('answer').reached();
    expect(existsSync(join(scene.temp.workspace, 'made.txt'))).toBe(true);
    first.kill('SIGKILL');
    second.kill('SIGKILL');
    await Promise.all([first.exited, second.exited]);
    scene.openai.gate('answer').open();
    await scene.threadIs('idle');

    const third = scene.tui(['attach']);
    await third.waitForText(ANSWER);
    const screen = await third.waitForText('1 client');
    expect(screen).toContain(`› ${PROMPT}`);
    expect(screen).toContain(FIRST_HALF + SECOND_HALF);
    expect(screen).toContain('echo made > made.txt');
    expect(screen).toMatch(new RegExp(`✔ approved by codex-tui on /dev/pts/\\d+ \\(pid ${second.pid}\\) after`));
    expect(screen).not.toContain('Working');
  });
});
