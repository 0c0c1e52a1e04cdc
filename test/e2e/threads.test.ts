import { describe, expect, test } from 'vitest';
import { type BuiltScene, buildScene } from '../support/built-scene.ts';
import { text, userTexts } from '../support/fake-openai.ts';

const answering = () => buildScene({ script: (request) => text(`Answer to ${userTexts(request).at(-1)}`) });

interface Listed {
  readonly id: string;
  readonly preview: string;
}

async function listed(scene: BuiltScene, ...args: readonly string[]): Promise<readonly Listed[]> {
  return JSON.parse((await scene.run(['threads', '--json', ...args])).stdout) as readonly Listed[];
}

const previews = (threads: readonly Listed[]) => threads.map(({ preview }) => preview);

describe('codex threads', () => {
  test('puts threads away, takes them out again, and removes them only when it is sure', async () => {
    const scene = await answering();
    await scene.run(['exec', 'one']);
    await scene.run(['exec', 'two']);
    const [two] = await listed(scene);
    const id = two?.id ?? '';

    expect(await scene.run(['threads', 'archive', id.slice(0, -2)])).toMatchObject({
      code: 0,
      stderr: `put away: ${id}\n`,
    });
    expect(previews(await listed(scene))).toEqual(['one']);
    expect(previews(await listed(scene, '--archived'))).toEqual(['two']);
    const refused = await scene.run(['exec', 'resume', id, 'go on']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`codex threads unarchive ${id}`);

    expect(await scene.run(['threads', 'unarchive', id.slice(0, -2), '--json'])).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify([id])}\n`,
    });
    expect(previews(await listed(scene, '--search', 'TWO'))).toEqual(['two']);
    expect(await scene.run(['threads', '--search', 'seven'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'no thread has these words in its name or first prompt\n',
    });

    expect(await scene.run(['threads', 'delete', id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('add --yes'),
    });
    expect(previews(await listed(scene))).toEqual(['two', 'one']);
    expect(await scene.run(['threads', 'delete', id, '--yes'])).toMatchObject({ code: 0, stderr: `removed: ${id}\n` });
    expect(previews(await listed(scene))).toEqual(['one']);
  });

  test('says which thread it does not know, and touches none', async () => {
    const scene = await answering();
    await scene.run(['exec', 'one']);
    const [one] = await listed(scene);

    const { code, stderr } = await scene.run(['threads', 'archive', one?.id ?? '', 'nonsense']);

    expect(code).toBe(1);
    expect(stderr).toContain('nonsense');
    expect(previews(await listed(scene))).toEqual(['one']);
  });
});

describe('codex fork', () => {
  test('goes on with a copy; the thread itself stays as it is', async () => {
    const scene = await answering();
    await scene.run(['exec', 'first']);
    const [source] = await listed(scene);

    const terminal = scene.tui(['fork', '--last', 'second'], { columns: 100, rows: 30 });
    await terminal.waitForText('Answer to second');

    expect(terminal.screenText()).toContain('Answer to first');
    const threads = await listed(scene);
    expect(threads).toHaveLength(2);
    expect(threads.some(({ id }) => id === source?.id)).toBe(true);
    const { stdout } = await scene.run(['exec', 'resume', source?.id ?? '', 'third']);
    expect(stdout).toBe('Answer to third\n');
    const asked = scene.openai.requests.map((request) => userTexts(request).filter((words) => /^\w+$/.test(words)));
    expect(asked.slice(1)).toEqual([
      ['first', 'second'],
      ['first', 'third'],
    ]);
  });

  test('without a thread to copy says so', async () => {
    const scene = await answering();
    expect(await scene.run(['fork'])).toMatchObject({ code: 1, stderr: expect.stringContaining('say which thread') });
  });
});
