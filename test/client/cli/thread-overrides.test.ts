import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeScene } from '../../support/exec-scene.ts';

const scene = (config: Readonly<Record<string, unknown>>) =>
  makeScene({ answers: { 'config/read': () => ({ config, origins: {} }) } });

describe('--add-dir', () => {
  test('adds to the folders of the configuration, each once', async () => {
    const { run, paramsOf, cwd } = await scene({ sandbox_workspace_write: { writable_roots: ['/opt', '/srv'] } });
    await run('exec', '--add-dir', 'extra', '--add-dir', '/srv', '-c', 'x=1', 'do it').done;

    expect(paramsOf('config/read')).toEqual([{ cwd, config: { x: '1' } }]);
    expect(paramsOf('thread/start')).toMatchObject([
      {
        config: {
          x: '1',
          'sandbox_workspace_write.writable_roots': `["${join(cwd, 'extra')}", "/srv", "/opt"]`,
        },
      },
    ]);
  });

  test('adds to nothing where nothing is configured', async () => {
    const { run, paramsOf, cwd } = await scene({});
    await run('exec', '--add-dir', 'ex"tra', 'do it').done;

    expect(paramsOf('thread/start')).toMatchObject([
      { config: { 'sandbox_workspace_write.writable_roots': `[${JSON.stringify(join(cwd, 'ex"tra'))}]` } },
    ]);
  });
});

describe('the sandbox of a run that names none', () => {
  test.each([
    { config: {}, sandbox: 'read-only' },
    { config: { trust: { level: null } }, sandbox: 'read-only' },
    { config: { trust: { level: 'untrusted' } }, sandbox: 'read-only' },
    { config: { trust: { level: 'trusted' } }, sandbox: 'workspace-write' },
    { config: { trust: { level: 'trusted' }, sandbox_mode: 'read-only' }, sandbox: 'read-only' },
  ])('is $sandbox with $config', async ({ config, sandbox }) => {
    const { run, paramsOf } = await scene(config);
    await run('exec', 'do it').done;

    expect(paramsOf('thread/start')).toMatchObject([{ sandbox }]);
  });
});
