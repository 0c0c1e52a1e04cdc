import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { homePaths } from '../../daemon/store/paths.ts';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { message, reply, text } from '../support/fake-openai.ts';
import { isAlive, until } from '../support/start-daemon.ts';
import type { TempHome } from '../support/temp-home.ts';
import { lacksTerminals } from '../support/terminal.ts';

/** Ends the daemon as a crash would. */
async function killDaemon(scene: BuiltScene): Promise<void> {
  const pid = await scene.daemonPid();
  if (pid === null) throw new Error('no daemon runs');
  process.kill(pid, 'SIGKILL');
  await until('the killed daemon is gone', () => !isAlive(pid));
}

/** What is on disk of answers that are not complete. */
function partialTexts({ home }: TempHome): string {
  const folder = join(homePaths(home).daemonDir, 'partial');
  if (!existsSync(folder)) return '';
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

describe('a daemon that is killed between turns', () => {
  test('comes back with the next command, and the thread with its whole history', async () => {
    const scene = await buildScene({ script: [text('The first answer.'), text('The second answer.')] });
    expect((await scene.run(['exec', 'the first prompt'])).stdout).toBe('The first answer.\n');
    await killDaemon(scene);

    const listed = await scene.run(['threads', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ preview: 'the first prompt', state: 'stored', attached: [] }]);
    await killDaemon(scene);
    const second = await scene.run(['exec', 'resume', '--last', 'the second prompt']);
    expect(second).toMatchObject({ code: 0, stdout: 'The second answer.\n' });
    expect(scene.openai.requests[1]?.body.input.slice(-3)).toMatchObject([
      { role: 'user', content: [{ text: 'the first prompt' }] },
      { role: 'assistant', content: [{ text: 'The first answer.' }] },
      { role: 'user', content: [{ text: 'the second prompt' }] },
    ]);
  });

  test.skipIf(lacksTerminals)('shows the whole history in `codex resume --last`', async () => {
    const scene = await buildScene({ script: [text('The first answer.'), text('The second answer.')] });
    await scene.run(['exec', 'the first prompt']);
    await killDaemon(scene);

    const terminal = scene.tui(['resume', '--last']);
    await terminal.waitForText('The first answer.');
    expect(terminal.screenText()).toContain('› the first prompt');
    terminal.type('the second prompt');
    terminal.press('enter');
    await terminal.waitForText('The second answer.');
    expect(terminal.screenText()).toContain('The first answer.');
  });
});

describe.skipIf(lacksTerminals)('a daemon that is killed in the middle of an answer', () => {
  test('is started again by the terminal, which keeps the half answer and goes on', async () => {
    const scene = await buildScene({
      script: [
        reply([message('This half is known. This half never comes.', { chunks: 2, gate: 'words' })]),
        text('And on it goes.'),
      ],
    });
    const terminal = scene.tui(['Begin']);
    await scene.openai.gate('words').reached();
    scene.openai.gate('words').release();
    await terminal.waitForText('This half is known.');
    // The side file is at most 250 ms behind the screen (DESIGN §6).
    await until('the half answer is in a file', () => partialTexts(scene.temp).includes('This half is known.'));
    await killDaemon(scene);

    await terminal.waitForText('■ interrupted');
    expect(terminal.screenText()).toContain('› Begin');
    expect(terminal.screenText()).toContain('This half is known.');
    await terminal.waitForNoText('reconnecting');
    terminal.type('Go on');
    terminal.press('enter');
    await terminal.waitForText('And on it goes.');
    expect(terminal.screenText()).toContain('This half is known.');
    expect(await scene.daemonPid()).not.toBeNull();
  });
});
