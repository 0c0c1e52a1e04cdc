import { describe, expect, test } from 'vitest';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { type RecordedRequest, text, userTexts } from '../support/fake-openai.ts';

const words = (request: RecordedRequest): string => userTexts(request).at(-1) ?? '';
/** A thread whose turn runs until the gate `hold` is opened. */
async function busyScene() {
  const scene = await buildScene({
    script: (request) => (words(request) === 'hold' ? text('held', { gate: 'hold' }) : text(`done ${words(request)}`)),
  });
  const first = scene.start(['exec', 'hold']);
  await scene.openai.waitForRequest(1);
  return { scene, first };
}

/** Runs `codex queue --last …`; answers what it says. */
const queue = async (scene: BuiltScene, ...args: readonly string[]) => {
  const { code, stdout, stderr } = await scene.run(['queue', '--last', ...args]);
  return { code, stdout, stderr: stderr.trimEnd() };
};
const ran = (scene: BuiltScene) => scene.openai.requests.map(words);

describe('codex queue', () => {
  test('adds, lists, changes, moves and removes what is in line, and it runs as it stands then', async () => {
    const { scene, first } = await busyScene();
    expect(await queue(scene)).toEqual({ code: 0, stdout: '', stderr: 'nothing is in line' });
    for (const [at, prompt] of ['one', 'two', 'three'].entries())
      expect(await queue(scene, prompt)).toEqual({ code: 0, stdout: '', stderr: `number ${at + 1} in line` });

    expect(await queue(scene, 'one in other words', '--edit', '1')).toMatchObject({ code: 0, stderr: 'changed' });
    expect(await queue(scene, '--move', '3', '--to', '1')).toMatchObject({ code: 0, stderr: 'moved to 1' });
    expect(await queue(scene, '--remove', '3')).toMatchObject({ code: 0, stderr: 'removed' });
    const { stdout } = await queue(scene);
    const columns = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(columns.map(([number, , , from, prompt]) => [number, from, prompt])).toEqual([
      ['#', 'FROM', 'PROMPT'],
      ['1', 'codex-cli', 'three'],
      ['2', 'codex-cli', 'one in other words'],
    ]);
    const json = JSON.parse((await queue(scene, '--json')).stdout);
    expect(json).toMatchObject({ held: false, prompts: [{ sentBy: { name: 'codex-cli' } }, {}] });
    expect(await queue(scene, '--remove', json.prompts[1].id.slice(0, 13), '--json')).toMatchObject({ code: 0 });

    scene.openai.gate('hold').open();
    expect(await first.ended).toMatchObject({ code: 0, stdout: 'held\n' });
    await scene.openai.waitForRequest(2);
    await scene.threadIs('idle');
    expect(ran(scene)).toEqual(['hold', 'three']);
    expect(await queue(scene, 'four')).toMatchObject({ code: 0, stderr: 'started' });
    await scene.openai.waitForRequest(3);
    await scene.threadIs('idle');
  });

  test('starts a line that is held, and takes a prompt whose environment was lost', async () => {
    const { scene, first } = await busyScene();
    await queue(scene, 'one');
    first.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 1 });
    expect(await queue(scene, 'two')).toMatchObject({ stderr: expect.stringContaining('the line is held') });
    expect(ran(scene)).toEqual(['hold']);
    expect(await queue(scene, '--take', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has its environment'),
    });
    await scene.run(['daemon', 'stop']);

    const line = await queue(scene);
    expect(line.stdout).toContain('(waits for a client) one');
    expect(line.stderr).toContain('--take ID');
    expect(await queue(scene, '--take', '2')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('of this shell'),
    });
    await scene.openai.waitForRequest(2);
    await scene.threadIs('idle');
    expect(await queue(scene, '--start')).toMatchObject({ code: 0, stderr: 'started' });
    await scene.openai.waitForRequest(3);
    await scene.threadIs('idle');
    expect(ran(scene)).toEqual(['hold', 'two', 'one']);
  });

  test('tells by its exit status and in one line why it cannot be done', async () => {
    const scene = await buildScene({ script: [text('ok')] });
    await scene.run(['exec', 'first']);
    const cases = [
      {
        name: 'for a prompt that is not in line',
        args: ['--last', '--remove', '7'],
        code: 1,
        says: 'no prompt in line begins with 7',
      },
      { name: 'for an empty line that shall start', args: ['--last', '--start'], code: 1, says: 'queue is empty' },
      {
        name: 'for an unknown thread',
        args: ['nobody', 'hello'],
        code: 1,
        says: 'no rollout found for thread id nobody',
      },
      { name: 'without a thread', args: [], code: 2, says: 'say which thread' },
      {
        name: 'for two things at once',
        args: ['--last', '--remove', '1', '--edit', '2'],
        code: 2,
        says: 'only one of',
      },
      { name: 'for new words that are missing', args: ['--last', '--edit', '1'], code: 2, says: 'say the new words' },
      { name: 'for a place that is missing', args: ['--last', '--move', '1'], code: 2, says: 'say the place too' },
      {
        name: 'for a place that is none',
        args: ['--last', '--move', '1', '--to', '0'],
        code: 2,
        says: 'a whole number from 1',
      },
    ];
    for (const { name, args, code, says } of cases) {
      const { stderr, ...rest } = await scene.run(['queue', ...args]);
      expect([name, rest]).toEqual([name, { code, signal: null, stdout: '' }]);
      expect([name, stderr]).toEqual([name, expect.stringMatching(new RegExp(`^[^\n]*${says}[^\n]*\n$`))]);
    }
  });
});
