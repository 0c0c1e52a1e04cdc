import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  skillsChanged,
  skillsConfigWrite,
  skillsExtraRootsSet,
  skillsList,
} from '../../machines/protocol/methods/skills.ts';
import { startThread } from '../support/client-turns.ts';
import { text, userTexts } from '../support/fake-openai.ts';
import { makeRepository } from '../support/repository.ts';
import { startScene } from '../support/scene.ts';
import type { TempHome } from '../support/temp-home.ts';

function writeSkill(folder: string, name: string, head = `name: ${name}\ndescription: Does ${name}`): string {
  const path = join(folder, name, 'SKILL.md');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `---\n${head}\n---\n\nbody of ${name}\n`);
  return path;
}

const prepare = ({ workspace, home, root }: TempHome) => {
  makeRepository(workspace);
  writeSkill(join(workspace, '.agents', 'skills'), 'ours');
  writeSkill(join(workspace, '.agents', 'skills'), 'broken', 'name: broken');
  writeSkill(join(root, '.agents', 'skills'), 'mine');
  writeSkill(join(home, 'skills'), 'older');
  writeSkill(join(root, 'extra'), 'more');
};

describe.each([
  { kind: 'ours', options: {} },
  { kind: 'the reference', options: { isOurs: false, encoding: 'json' } },
] as const)('a client of $kind', ({ options }) => {
  test('lists the skills of a folder and switches them on and off for all', async () => {
    const scene = await startScene({ prepare });
    const client = await scene.connect(options);
    const { workspace, home, root } = scene.temp;
    const file = join(home, 'config.toml');
    const before = readFileSync(file, 'utf8');
    const list = async () => (await client.request(skillsList, { cwds: [workspace], forceReload: true })).data[0];
    const enabled = async () => (await list())?.skills.map(({ name, enabled: on }) => (on ? name : `not ${name}`));

    const first = await list();
    const ours = join(workspace, '.agents', 'skills', 'ours', 'SKILL.md');
    expect(first?.skills.find(({ name }) => name === 'ours')).toEqual({
      ...{ name: 'ours', description: 'Does ours', shortDescription: null },
      ...{ path: ours, scope: 'repo', enabled: true, pluginId: null },
    });
    expect(first?.errors).toEqual([
      { path: join(workspace, '.agents', 'skills', 'broken', 'SKILL.md'), message: 'missing field `description`' },
    ]);
    await client.request(skillsExtraRootsSet, { extraRoots: [join(root, 'extra')] });
    expect(await enabled()).toEqual(expect.arrayContaining(['ours', 'more', 'older']));

    const write = (params: object) => client.request(skillsConfigWrite, { enabled: false, ...params });
    expect(await write({ path: ours })).toEqual({ effectiveEnabled: false });
    expect(await write({ name: 'older' })).toEqual({ effectiveEnabled: false });
    expect(await enabled()).toEqual(expect.arrayContaining(['not ours', 'more', 'not older']));
    expect(await write({ path: ours, enabled: true })).toEqual({ effectiveEnabled: true });
    expect(await write({ name: 'older', enabled: true })).toEqual({ effectiveEnabled: true });
    expect(await enabled()).toEqual(expect.arrayContaining(['ours', 'more', 'older']));
    expect(readFileSync(file, 'utf8').trim()).toBe(before.trim());
    await client.waitFor('the news', () => client.notifications.some(({ method }) => method === skillsChanged.method));

    const wrong = { errorName: 'invalidArgument', message: 'skills/config/write requires exactly one of path or name' };
    await expect(write({})).rejects.toMatchObject(wrong);
    await expect(write({ path: ours, name: 'ours' })).rejects.toMatchObject(wrong);
    await expect(client.request(skillsExtraRootsSet, { extraRoots: ['here'] })).rejects.toMatchObject({
      errorName: 'invalidParams',
    });
  });
});

test('a skill that a prompt calls by name is read to the model behind it, once and whole', async () => {
  const scene = await startScene({ prepare, script: [text('one'), text('two')] });
  const thread = await startThread(await scene.connect());
  await thread.run('use $ours and $ours, not $HOME, x$mine or $missing');
  await thread.run('plain words');

  const said = scene.openai.requests.map((request) => userTexts(request).filter((each) => !each.startsWith('<env')));
  const path = join(scene.temp.workspace, '.agents', 'skills', 'ours', 'SKILL.md');
  const skill = `<skill>\n<name>ours</name>\n<path>${path}</path>\n${readFileSync(path, 'utf8')}\n</skill>`;
  const first = ['use $ours and $ours, not $HOME, x$mine or $missing', skill];
  expect(said).toEqual([first, [...first, 'plain words']]);
  expect(thread.itemsOf('userMessage')).toHaveLength(2);
});

test('the model is told of the skills that are on, and again when that changes', async () => {
  const scene = await startScene({ prepare, script: [text('one'), text('two'), text('three')] });
  const client = await scene.connect();
  const { root } = scene.temp;
  const thread = await startThread(client);
  await thread.run('hello');
  await thread.run('again');
  await client.request(skillsConfigWrite, { name: 'mine', enabled: false });
  await thread.run('once more');

  const told = scene.openai.requests.map(({ body }) => JSON.stringify(body).split('<skills_instructions>').length - 1);
  expect(told).toEqual([1, 1, 2]);
  const [request] = scene.openai.requests;
  const said = JSON.stringify(request?.body);
  expect(said).toContain(`- mine: Does mine (file: ${join(root, '.agents', 'skills', 'mine', 'SKILL.md')})`);
  expect(said).not.toContain('body of mine');
  const [, , last] = JSON.stringify(scene.openai.requests.at(-1)?.body).split('<skills_instructions>');
  expect(last).not.toContain('- mine:');
});
