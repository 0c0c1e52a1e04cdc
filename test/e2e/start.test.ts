import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probeSandbox } from '../../daemon/sandbox/probe.ts';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { lacksTerminals } from '../support/terminal.ts';

const example = (scene: BuiltScene, file: string): string =>
  readFileSync(join(scene.temp.home, 'practice', 'example-1', file), 'utf8');

const sandbox = await probeSandbox();
/** Words before a command that hide the sandbox's program from all that it starts. */
const withoutSandbox =
  sandbox.available && sandbox.kind === 'bubblewrap'
    ? [sandbox.program, '--dev-bind', '/', '/', '--bind', '/dev/null', sandbox.program]
    : [];

describe('codex try', () => {
  test.skipIf(!sandbox.available && process.env.CI !== 'true')(
    'without a terminal repairs the example with the practice model and prints the answer',
    async () => {
      const scene = await buildScene({ config: null });
      const { code, stdout, stderr } = await scene.run(['try'], { env: { FAKE_KEY: '' } });

      expect(code).toBe(0);
      expect(stdout).toMatch(/^Fixed\. /);
      expect(stdout).toContain('6 passed, 0 failed');
      expect(stderr).toContain('Practice model: no account is configured');
      expect(stderr).toContain('codex login');
      expect(example(scene, 'src/cart.js')).toContain('index < lines.length; index += 1');
      expect(scene.openai.requests).toEqual([]);
    },
  );

  test.skipIf(lacksTerminals)(
    'in a terminal opens the interface, says what the practice model is, and answers',
    async () => {
      const scene = await buildScene({ config: null });
      const terminal = scene.tui(['try']);
      await terminal.waitForText('Ask for anything');
      expect(terminal.screenText()).toContain('Practice model: no account is configured');
      expect(terminal.screenText().replace(/\s+/g, ' ')).toContain('ask it "what can you do?"');
      terminal.type('what can you do?');
      terminal.press('enter');
      await terminal.waitForText('• I am the practice model');
      await terminal.waitForNoText('Working');
    },
  );

  test('without a sandbox still answers, and says what could not run and how to mend it', async () => {
    const scene = await buildScene({ config: null });
    const { code, stdout, stderr } = await scene.run(['try'], { via: withoutSandbox });

    expect(code).toBe(0);
    expect(stdout).toMatch(/bubblewrap|bwrap/);
    expect(stdout).toMatch(/install/);
    expect(stderr).toContain(' failed in 0ms:\nno sandbox can be had on this machine, so nothing was run: ');
    expect(example(scene, 'src/cart.js')).toContain('lines.length - 1');
  });
});
