import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { draftTake } from '../../machines/protocol/methods/draft.ts';
import { buildScene } from '../support/built-scene.ts';
import { text } from '../support/fake-openai.ts';
import { until } from '../support/start-daemon.ts';
import { lacksTerminals } from '../support/terminal.ts';

describe.skipIf(lacksTerminals)('a terminal that is killed while somebody types', () => {
  test(`loses no words: the next one on that thread has them (${draftTake.method})`, async () => {
    const scene = await buildScene({ script: [text('one'), text('two')] });
    await scene.run(['exec', 'first']);
    const folder = join(scene.temp.home, 'daemon', 'drafts');
    const kept = () =>
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('');
    const first = scene.tui(['attach']);
    await first.waitForText('Ask for anything');
    first.type('half a thought 你好');
    await until('the daemon has the words', () => {
      try {
        return kept().includes('half a thought 你好');
      } catch {
        return false;
      }
    });
    const [name = ''] = readdirSync(folder);
    expect([statSync(folder).mode & 0o777, statSync(join(folder, name)).mode & 0o777]).toEqual([0o700, 0o600]);
    process.kill(first.pid, 'SIGKILL');
    await first.exited;

    const second = scene.tui(['attach']);
    await second.waitForText('› half a thought 你好');
    second.type(' made whole');
    second.press('enter');
    await second.waitForText('• two');
    expect(JSON.stringify(scene.openai.requests.at(-1)?.body.input)).toContain('half a thought 你好 made whole');
    await until('nothing is kept of what was sent', () => readdirSync(folder).length === 0);
  });
});
