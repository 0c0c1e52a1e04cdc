import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configRead, configRequirementsRead, configTrustWrite } from '../../machines/protocol/methods/config.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { modelList } from '../../machines/protocol/methods/model.ts';
import { threadStart } from '../../machines/protocol/methods/thread.ts';
import { startThread } from '../support/client-turns.ts';
import { text } from '../support/fake-openai.ts';
import { makeRepository } from '../support/repository.ts';
import { startScene } from '../support/scene.ts';
import type { TempHome } from '../support/temp-home.ts';

/** Makes the workspace a project with settings of its own. */
function projectWith(lines: readonly string[]): (temp: TempHome) => void {
  return ({ workspace }) => {
    makeRepository(workspace);
    mkdirSync(join(workspace, '.codex'));
    writeFileSync(join(workspace, '.codex', 'config.toml'), `${lines.join('\n')}\n`);
  };
}

test.each(['work', '"work"'])('a profile is found when it is given as %s', async (profile) => {
  const scene = await startScene({
    prepare: ({ home }) => writeFileSync(join(home, 'work.config.toml'), 'model = "gpt-5.2"'),
  });
  const client = await scene.connect();

  expect(await client.request(threadStart, { config: { profile } })).toMatchObject({ model: 'gpt-5.2' });
});

describe('a configuration that cannot be read', () => {
  test.each([
    { name: 'bad TOML', line: 'model = "unclosed', place: /config\.toml:\d+:\d+: / },
    { name: 'a bad value', line: 'approval_policy = "sometimes"', place: /config\.toml:\d+:\d+: .*approval_policy/ },
  ])('$name: one line with the place; the daemon goes on, and mending it is enough', async ({ line, place }) => {
    const scene = await startScene({ script: [text('ok'), text('fine')] });
    const client = await scene.connect();
    const before = await startThread(client);
    const file = join(scene.temp.home, 'config.toml');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, `${line}\n${good.replace('model = "gpt-5.5"\n', '')}`);

    const attempts = await Promise.allSettled([
      client.request(threadStart, {}),
      client.request(configRead, {}),
      client.request(modelList, {}),
    ]);
    const message = expect.stringMatching(new RegExp(`${place.source}.*$`));
    const refusal = { status: 'rejected', reason: { errorName: 'configInvalid', message } };
    expect(attempts).toMatchObject([refusal, refusal, refusal]);
    expect(JSON.stringify(attempts)).not.toContain('\\n');
    expect(await before.run('hi')).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(place) },
    });
    expect((await client.request(daemonStatus, {})).pid).toBe(scene.daemon.pid);

    writeFileSync(file, good);
    expect(await before.run('hi')).toMatchObject({ status: 'completed' });
    expect(await (await startThread(client)).run('hi')).toMatchObject({ status: 'completed' });
  });

  test('does not keep the daemon from starting', async () => {
    const scene = await startScene({ prepare: ({ home }) => writeFileSync(join(home, 'config.toml'), '= broken') });
    const client = await scene.connect();

    await expect(client.request(threadStart, {})).rejects.toMatchObject({
      errorName: 'configInvalid',
      message: expect.stringContaining('config.toml:1:1'),
    });
  });
});

describe('overrides of a command line', () => {
  test('travel with the request, last over the files, and stay with their thread', async () => {
    const scene = await startScene({ script: [text('ok'), text('ok')] });
    const client = await scene.connect();
    const config = {
      model: 'gpt-5.4',
      model_reasoning_effort: 'high',
      'model_providers.fake.http_headers.x-mine': 'yes',
    };

    const { model, reasoningEffort } = await client.request(threadStart, { config });
    expect([model, reasoningEffort]).toEqual(['gpt-5.4', 'high']);
    await (await startThread(client, { config })).run('hi');
    await (await startThread(client)).run('hi');

    const [with_, without] = scene.openai.requests;
    expect([with_?.body.model, with_?.headers['x-mine'], with_?.body.reasoning]).toEqual([
      'gpt-5.4',
      'yes',
      expect.objectContaining({ effort: 'high' }),
    ]);
    expect([without?.body.model, without?.headers['x-mine']]).toEqual(['gpt-5.5', undefined]);
  });

  test('that do not fit are refused, and name the key', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    await expect(client.request(threadStart, { config: { sandbox_mode: 'none' } })).rejects.toMatchObject({
      errorName: 'configInvalid',
      message: expect.stringContaining('sandbox_mode'),
    });
  });
});

describe('a project’s own settings', () => {
  test('count only where the project is trusted; trust is written once, and the file keeps its comments', async () => {
    const scene = await startScene({ prepare: projectWith(['model = "gpt-5.2"', 'approval_policy = "never"']) });
    const client = await scene.connect();
    const file = join(scene.temp.home, 'config.toml');
    appendFileSync(file, '# my own words\n');

    const before = await client.request(threadStart, {});
    expect([before.model, before.approvalPolicy, before.sandbox.type]).toEqual(['gpt-5.5', 'on-request', 'readOnly']);
    expect(before.notices.join('\n')).toContain('not trusted');

    const { root } = await client.request(configTrustWrite, { cwd: scene.temp.workspace, level: 'trusted' });
    const after = await client.request(threadStart, {});

    expect(root).toBe(scene.temp.workspace);
    expect([after.model, after.approvalPolicy, after.sandbox.type]).toEqual(['gpt-5.2', 'never', 'workspaceWrite']);
    expect(after.notices).toEqual([]);
    expect(readFileSync(file, 'utf8')).toContain('# my own words');
    await expect(client.request(configTrustWrite, { cwd: '/no/such/folder', level: 'trusted' })).rejects.toMatchObject({
      errorName: 'folderMissing',
    });
  });
});

describe('config/read', () => {
  test('answers the merged configuration and its layers', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    const read = await client.request(configRead, { includeLayers: true, cwd: '.', config: { model: 'gpt-5.2' } });

    expect(read.config).toMatchObject({ model: 'gpt-5.2', model_provider: 'fake' });
    const version = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
    const user = { name: { type: 'user', file: join(scene.temp.home, 'config.toml'), profile: null }, version };
    expect(read.layers).toEqual([
      { name: { type: 'sessionFlags' }, version, config: { model: 'gpt-5.2' } },
      { ...user, config: expect.objectContaining({ model: 'gpt-5.5', model_provider: 'fake' }) },
    ]);
    expect(read.origins).toMatchObject({
      model: { name: { type: 'sessionFlags' } },
      'model_providers.fake.name': user,
    });
    expect(await client.request(configRequirementsRead, undefined)).toEqual({ requirements: null });
  });
});

describe('model/list', () => {
  test('lists the known models, one of them the default, and the configured one', async () => {
    const scene = await startScene();
    writeFileSync(
      join(scene.temp.home, 'config.toml'),
      readFileSync(join(scene.temp.home, 'config.toml'), 'utf8').replace('gpt-5.5', 'my-own-model'),
    );
    const client = await scene.connect();

    const { data } = await client.request(modelList, { includeHidden: true });

    expect(data.filter(({ isDefault }) => isDefault).map(({ id }) => id)).toEqual(['gpt-5.5']);
    expect(data.map(({ id }) => id)).toContain('my-own-model');
    expect((await client.request(modelList, { modelProvider: 'practice' })).data.map(({ id }) => id)).toEqual([
      'practice',
    ]);
  });
});
