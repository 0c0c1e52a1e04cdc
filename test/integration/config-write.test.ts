import { lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  configBatchWrite,
  configMcpServerReload,
  configRead,
  configValueWrite,
} from '../../machines/protocol/methods/config.ts';
import { threadStart } from '../../machines/protocol/methods/thread.ts';
import { makeRepository } from '../support/repository.ts';
import { startScene } from '../support/scene.ts';

const KINDS = [
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const;

describe.each(KINDS)('a client of $kind', ({ options }) => {
  test('writes a value: the next thread has it, comments stay', async () => {
    const scene = await startScene();
    const file = join(scene.temp.home, 'config.toml');
    writeFileSync(file, `# mine\n${readFileSync(file, 'utf8')}`);
    const client = await scene.connect(options);

    const answer = await client.request(configValueWrite, {
      keyPath: 'model_reasoning_effort',
      value: 'high',
      mergeStrategy: 'upsert',
    });

    expect(answer).toEqual({
      filePath: file,
      status: 'ok',
      version: expect.stringMatching(/^sha256:/),
      overriddenMetadata: null,
    });
    const { layers } = await client.request(configRead, { includeLayers: true });
    expect(layers?.at(-1)?.version).toBe(answer.version);
    expect((await client.request(threadStart, { cwd: scene.temp.workspace })).reasoningEffort).toBe('high');
    expect(readFileSync(file, 'utf8').startsWith('# mine\n')).toBe(true);
    expect(await client.request(configMcpServerReload, undefined)).toEqual({});
  });

  test('writes the trust of a folder as its trust screen does, and many values at once', async () => {
    const scene = await startScene();
    const client = await scene.connect(options);
    const { workspace, home } = scene.temp;

    await client.request(configBatchWrite, {
      edits: [
        { keyPath: 'projects', value: { [workspace]: { trust_level: 'trusted' } }, mergeStrategy: 'upsert' },
        { keyPath: 'approval_policy', value: 'never', mergeStrategy: 'replace' },
      ],
      reloadUserConfig: true,
    });

    const started = await client.request(threadStart, { cwd: workspace });
    expect([started.approvalPolicy, started.sandbox.type]).toEqual(['never', 'workspaceWrite']);
    expect(readFileSync(join(home, 'config.toml'), 'utf8')).toContain(`[projects."${workspace}"]`);
  });
});

describe('a write that cannot be made', () => {
  const refused = (error: string, code: string, message: unknown) => ({
    errorName: error,
    code: -32600,
    message,
    data: { config_write_error_code: code },
  });
  const write = (keyPath: string, value: unknown, more: object = {}) => ({
    keyPath,
    value,
    mergeStrategy: 'replace' as const,
    ...more,
  });

  test.each([
    {
      name: 'a value that is not allowed names its field',
      params: write('approval_policy', 'sometimes'),
      error: refused('configInvalid', 'configValidationError', expect.stringMatching(/approval_policy must be one of/)),
    },
    {
      name: 'an empty key',
      params: write('', 1),
      error: refused('configInvalid', 'configValidationError', 'keyPath must not be empty'),
    },
    {
      name: 'a key below a text',
      params: write('model.x', 1),
      error: refused('configInvalid', 'configValidationError', 'cannot set value on non-table parent'),
    },
    {
      name: 'an old version',
      params: write('model', 'x', { expectedVersion: 'sha256:00' }),
      error: refused('configVersionConflict', 'configVersionConflict', expect.stringMatching(/modified since/)),
    },
    {
      name: 'another file',
      params: write('model', 'x', { filePath: '/etc/codex/config.toml' }),
      error: refused('configLayerReadonly', 'configLayerReadonly', 'Only writes to the user config are allowed'),
    },
  ])('$name', async ({ params, error }) => {
    const scene = await startScene();
    const file = join(scene.temp.home, 'config.toml');
    const before = readFileSync(file, 'utf8');
    const client = await scene.connect();

    await expect(client.request(configValueWrite, params)).rejects.toMatchObject(error);

    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a file that is broken stays as it is, and its place is named', async () => {
    const scene = await startScene();
    const file = join(scene.temp.home, 'config.toml');
    writeFileSync(file, 'model = "open\n');
    const client = await scene.connect();

    await expect(client.request(configValueWrite, write('model', 'x'))).rejects.toMatchObject({
      errorName: 'configInvalid',
      message: expect.stringContaining('config.toml:1:'),
    });
    expect(readFileSync(file, 'utf8')).toBe('model = "open\n');
  });

  test('another name of the same file is no other file', async () => {
    const scene = await startScene();
    const { home, root } = scene.temp;
    symlinkSync(join(home, 'config.toml'), join(root, 'other.toml'));
    const client = await scene.connect();

    const filePath = join(root, 'other.toml');
    await client.request(configValueWrite, write('model', 'x', { filePath }));

    expect(readFileSync(join(home, 'config.toml'), 'utf8')).toContain('model = "x"\n');
    expect(lstatSync(filePath).isSymbolicLink()).toBe(true);
  });
});

test('a value that a trusted project sets too is written, and the answer says who decides here', async () => {
  const scene = await startScene({
    config: { top: ['model_reasoning_effort = "low"'] },
    prepare: ({ workspace }) => {
      makeRepository(workspace);
      mkdirSync(join(workspace, '.codex'));
      writeFileSync(join(workspace, '.codex', 'config.toml'), 'model_reasoning_effort = "medium"\n');
    },
  });
  const client = await scene.connect();
  const { workspace, home } = scene.temp;
  const replace = (keyPath: string, value: unknown) => ({ keyPath, value, mergeStrategy: 'replace' as const });
  await client.request(configValueWrite, replace(`projects."${workspace}".trust_level`, 'trusted'));

  const answer = await client.request(configValueWrite, replace('model_reasoning_effort', 'high'));

  expect(answer).toMatchObject({
    status: 'okOverridden',
    overriddenMetadata: {
      message: expect.stringContaining(join(workspace, '.codex', 'config.toml')),
      overridingLayer: { name: { type: 'project', dotCodexFolder: join(workspace, '.codex') } },
      effectiveValue: 'medium',
    },
  });
  expect(readFileSync(join(home, 'config.toml'), 'utf8')).toContain('model_reasoning_effort = "high"');
});

test('a home without a file gets one that only its owner can read', async () => {
  const scene = await startScene();
  const file = join(scene.temp.home, 'config.toml');
  rmSync(file);
  const client = await scene.connect();
  const before = await client.request(configRead, { includeLayers: true });
  expect(before.layers).toMatchObject([{ name: { type: 'user', file }, config: {} }]);

  await client.request(configValueWrite, {
    keyPath: 'model',
    value: 'm',
    mergeStrategy: 'replace',
    expectedVersion: before.layers?.[0]?.version ?? '',
  });

  expect(readFileSync(file, 'utf8')).toBe('model = "m"\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
