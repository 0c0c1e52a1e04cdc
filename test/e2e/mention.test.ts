import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildScene } from '../support/built-scene.ts';
import { text, userTexts } from '../support/fake-openai.ts';
import { lacksTerminals } from '../support/terminal.ts';

describe.skipIf(lacksTerminals)('an @ in the composer', () => {
  test('finds the files of the folder, and tab puts one into the prompt', async () => {
    const scene = await buildScene({ script: [text('read')] });
    mkdirSync(join(scene.temp.workspace, 'src'));
    writeFileSync(join(scene.temp.workspace, 'src/alphabet soup.ts'), 'x');
    const terminal = scene.tui([]);
    await terminal.waitForText('Ask for anything');

    terminal.type('explain @soup');
    await terminal.waitForText(/^ {2}src\/alphabet soup\.ts$/m);
    terminal.press('tab');
    await terminal.waitForText('› explain "src/alphabet soup.ts"');
    terminal.press('enter');
    await terminal.waitForText('• read');

    const request = await scene.openai.waitForRequest(1);
    expect(userTexts(request).at(-1)).toBe('explain "src/alphabet soup.ts"');
  });
});
