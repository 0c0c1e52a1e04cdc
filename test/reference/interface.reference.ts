import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { call, outputsOf, patchCall, type RecordedRequest, reply, text, userTexts } from '../support/fake-openai.ts';
import type { Terminal } from '../support/terminal.ts';
import { type ReferenceScene, referenceScene } from './reference-scene.ts';

const READY = 'Ask Codex to do anything';

/** Sends a prompt: pasted, so that the interface does not take quick typing for something else. */
async function prompt(terminal: Terminal, words: string): Promise<void> {
  terminal.paste(words);
  await terminal.waitForText(`› ${words}`);
  terminal.press('enter');
}

const ESCAPE = String.fromCharCode(27);
/** A change of colour to red, whatever else it changes, and the text behind it. */
const RED = new RegExp(`${ESCAPE}\\[(?:(?!38;|48;)\\d+;)*(?:31|91|38;5;1|38;5;9)(?:;\\d+)*m([^${ESCAPE}]*)`, 'g');

/** What was ever written in red: the interface's errors. */
const redTexts = (terminal: Terminal): string[] =>
  [...terminal.output().matchAll(RED)].map((match) => match[1] ?? '').filter((words) => words.trim() !== '');

const start = (scene: ReferenceScene): Terminal => scene.attach('-C', scene.temp.workspace);

describe('the reference’s interface on our daemon', () => {
  test('starts without an error, runs a prompt, leaves, and resumes with all that was said', async () => {
    const scene = await referenceScene((request) => text(`Answer ${userTexts(request).at(-1)}`));
    const terminal = start(scene);
    await terminal.waitForText(READY);

    await prompt(terminal, 'number one');
    await terminal.waitForText('• Answer number one');
    await terminal.waitForText('Worked for');
    await prompt(terminal, '/quit');
    expect(await terminal.exited).toEqual({ exitCode: 0, signal: 0 });
    expect(redTexts(terminal)).toEqual([]);
    const threadId = / resume ([0-9a-f-]{36})/.exec(terminal.screenText())?.[1] ?? '';

    const again = scene.attach('resume', threadId);
    await again.waitForText('• Answer number one');
    expect(again.screenText()).toContain('› number one');
    await prompt(again, 'number two');
    await again.waitForText('• Answer number two');
    expect(redTexts(again)).toEqual([]);
  });

  test('asks before a command: what is accepted runs, what is declined does not, and every screen sees it', async () => {
    const scene = await referenceScene(commandOnce);
    const terminal = start(scene);
    await terminal.waitForText(READY);

    await prompt(terminal, 'make yes.txt');
    await terminal.waitForText('Would you like to run the following command?');
    expect(existsSync(join(scene.temp.workspace, 'yes.txt'))).toBe(false);
    const second = scene.attach('resume', '--last');
    await second.waitForText('Would you like to run the following command?');
    terminal.type('y');
    for (const each of [terminal, second]) {
      await each.waitForText('Ran echo > yes.txt');
      await each.waitForText('• Done: make yes.txt');
    }
    expect(existsSync(join(scene.temp.workspace, 'yes.txt'))).toBe(true);

    await prompt(second, 'make no.txt');
    for (const each of [terminal, second]) {
      await each.waitForText('$ echo > no.txt');
    }
    second.type('d');
    for (const each of [terminal, second]) {
      await each.waitForText('• Done: make no.txt');
    }
    expect(existsSync(join(scene.temp.workspace, 'no.txt'))).toBe(false);
  });

  test('asks before a patch, applies it, and shows what changed', async () => {
    const scene = await referenceScene((request) =>
      outputsOf(request).edit === undefined
        ? reply([patchCall('*** Begin Patch\n*** Add File: song.txt\n+la la\n*** End Patch', { callId: 'edit' })])
        : text('Sung'),
    );
    const terminal = start(scene);
    await terminal.waitForText(READY);

    await prompt(terminal, 'sing');
    await terminal.waitForText('Would you like to make the following edits?');
    // The interface takes no key right after it asked; until a second one is up, that time is over.
    const second = scene.attach('resume', '--last');
    await second.waitForText('Would you like to make the following edits?');
    terminal.type('y');
    await terminal.waitForText('• Sung');
    expect(terminal.screenText()).toContain('Added song.txt (+1 -0)');
    expect(readFileSync(join(scene.temp.workspace, 'song.txt'), 'utf8')).toBe('la la\n');
  });

  test('joins in mid-answer without losing a word, follows live, and interrupts for both', async () => {
    const scene = await referenceScene(() => text('one two three four five six ', { chunks: 7, gate: 'words' }));
    const { reached, release } = scene.openai.gate('words');
    const terminal = start(scene);
    await terminal.waitForText(READY);
    await prompt(terminal, 'count');
    release(3);
    await terminal.waitForText('• one two thr');
    await reached(4);

    const second = scene.attach('resume', '--last');
    await second.waitForText('• one two thr');
    release(2);
    for (const each of [terminal, second]) {
      const screen = await each.waitForText('• one two three four f');
      expect(screen.match(/one two/g)).toHaveLength(1);
    }

    second.press('escape');
    for (const each of [terminal, second]) {
      await each.waitForText('Conversation interrupted');
      expect(each.screenText()).toContain('• one two three four f');
    }
  });
});

/** A prompt `make FILE` runs one command; when its output is there, the turn ends. */
function commandOnce(request: RecordedRequest) {
  const last = userTexts(request).at(-1) ?? '';
  const callId = last.replaceAll(' ', '-');
  if (outputsOf(request)[callId] !== undefined) return text(`Done: ${last}`);
  return reply([call('exec_command', { cmd: last.replace('make', 'echo >'), login: false }, { callId })]);
}
