import { describe, expect, test } from 'vitest';
import { clientRequests } from '../../machines/protocol/index.ts';
import { checkGovCloudRequirements } from '../../machines/protocol/methods/account-limits.ts';
import {
  collaborationModeList,
  experimentalFeatureList,
  hooksList,
  modelProviderList,
  permissionProfileList,
  pluginInstalled,
} from '../../machines/protocol/methods/catalog.ts';
import { mcpServerStatusList } from '../../machines/protocol/methods/mcp-server.ts';
import { skillsList } from '../../machines/protocol/methods/skills.ts';
import { vendorMethods } from '../../machines/protocol/vendor-methods.ts';
import { startScene } from '../support/scene.ts';

describe('what the reference’s interface asks for at its start', () => {
  test('is answered for the folders that it names, or for the client’s own', async () => {
    const scene = await startScene();
    const client = await scene.connect();
    const cwds = ['/one', '/two'];

    expect(await client.request(skillsList, { cwds, forceReload: true })).toEqual({
      data: cwds.map((cwd) => ({ cwd, skills: [], errors: [] })),
    });
    expect(await client.request(hooksList, { cwds })).toEqual({
      data: cwds.map((cwd) => ({ cwd, hooks: [], warnings: [], errors: [] })),
    });
    expect(await client.request(skillsList, {})).toEqual({
      data: [{ cwd: scene.temp.workspace, skills: [], errors: [] }],
    });
  });

  test('is nothing where there is nothing', async () => {
    const scene = await startScene();
    const client = await scene.connect({ isOurs: false, encoding: 'json' });
    const none = { data: [], nextCursor: null };

    expect(await client.request(pluginInstalled, {})).toEqual({ marketplaces: [], marketplaceLoadErrors: [] });
    expect(await client.request(mcpServerStatusList, {})).toEqual(none);
    expect(await client.request(experimentalFeatureList, {})).toEqual(none);
    expect(await client.request(permissionProfileList, {})).toEqual(none);
    expect(await client.request(checkGovCloudRequirements, {})).toEqual({ isGovCloud: false, shouldWarn: false });
    expect(await client.request(collaborationModeList, {})).toEqual({
      data: [
        { name: 'Plan', mode: 'plan', model: null, reasoning_effort: null },
        { name: 'Default', mode: 'default', model: null, reasoning_effort: null },
      ],
    });
  });
});

test('the providers are listed without what must stay secret', async () => {
  const secret = ['[model_providers.secret]', 'base_url = "https://me:pass@example.org/v1?key=k"'];
  const scene = await startScene({ config: { tables: secret } });
  const client = await scene.connect();

  const { data, ...rest } = await client.request(modelProviderList, {});

  expect(rest).toEqual({ defaultProviderId: 'fake', canChangeDefault: false });
  const of = (id: string) => data.find((provider) => provider.id === id);
  expect(data.map(({ id }) => id)).toEqual(['openai', 'practice', 'ollama', 'lmstudio', 'fake', 'secret']);
  expect(of('openai')).toMatchObject({ name: 'OpenAI', canEdit: false, settings: { type: 'openai' } });
  expect(of('practice')).toMatchObject({ baseUrl: null });
  expect(of('fake')).toEqual({
    id: 'fake',
    name: 'Fake',
    canEdit: false,
    baseUrl: scene.openai.baseUrl,
    settings: { type: 'customGateway', auth: { mode: 'environmentVariable', envKey: 'FAKE_KEY' } },
  });
  expect(of('secret')).toMatchObject({ baseUrl: null, settings: { type: 'customGateway', auth: { mode: 'none' } } });
});

describe('a method of the maker’s own', () => {
  test('is none of ours', () => {
    expect([...vendorMethods].filter((method) => Object.hasOwn(clientRequests, method))).toEqual([]);
    expect(vendorMethods.size).toBe(93);
  });

  test('is refused as known and not supported', async () => {
    const scene = await startScene();
    const client = await scene.connect();

    for (const method of ['plugin/list', 'thread/realtime/start', 'windowsSandbox/readiness']) {
      await expect(client.request({ ...skillsList, method }, {})).rejects.toMatchObject({
        errorName: 'notSupported',
        code: -32601,
        message: `${method} is not supported by this daemon`,
      });
    }
  });
});
