import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseTomlValue, readConfigFile } from '../../../daemon/config/config-layer.ts';
import { loadConfig } from '../../../daemon/config/load-config.ts';
import { ConfigError } from '../../../machines/config/config-error.ts';
import { makeRepository } from '../../support/repository.ts';

let top: string;
let home: string;
let repo: string;

beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), 'config-')));
  home = join(top, 'home');
  repo = join(top, 'repo');
  await mkdir(home);
  makeRepository(repo);
  await mkdir(join(repo, 'sub'));
});

afterEach(async () => rm(top, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const userFile = (text: string) => write(join(home, 'config.toml'), text);
const trusted = (text = '') => userFile(`${text}\n[projects."${repo}"]\ntrust_level = "trusted"\n`);

async function failure(run: () => Promise<unknown>): Promise<ConfigError> {
  const error: unknown = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError but ${String(error)}`);
  return error;
}

describe('layers', () => {
  test('a home without files is an empty configuration', async () => {
    expect(await loadConfig({ home, cwd: repo })).toEqual({
      config: {},
      layers: [],
      origins: {},
      warnings: [],
      projectRoot: repo,
      trust: { root: repo, level: null },
    });
  });

  test('rise from home over profile and project folders to overrides', async () => {
    await trusted('model = "user"\ncompact_prompt = "user"\nmodel_verbosity = "low"\nservice_tier = "user"');
    await write(
      join(home, 'work.config.toml'),
      'model = "profile"\ncompact_prompt = "profile"\nservice_tier = "profile"',
    );
    await write(join(repo, '.codex/config.toml'), 'model = "root"\ncompact_prompt = "root"');
    await write(join(repo, 'sub/.codex/config.toml'), 'compact_prompt = "sub"');

    const cwd = join(repo, 'sub');
    const loaded = await loadConfig({ home, cwd, profile: 'work', overrides: { model: 'override' } });
    expect(loaded.config).toMatchObject({
      model: 'override',
      compact_prompt: 'sub',
      model_verbosity: 'low',
      service_tier: 'profile',
    });
    expect(loaded.layers.map(({ name, file }) => [name, file])).toEqual([
      ['user', join(home, 'config.toml')],
      ['profile', join(home, 'work.config.toml')],
      ['project', join(repo, '.codex/config.toml')],
      ['project', join(repo, 'sub/.codex/config.toml')],
      ['overrides', null],
    ]);
    expect(loaded.origins).toMatchObject({ model: 'overrides', compact_prompt: 'project', model_verbosity: 'user' });
  });

  test.each([
    ['untrusted', '[projects."REPO"]\ntrust_level = "untrusted"\n'],
    ['never asked about', ''],
  ])('a project that is %s is ignored with a warning, also when its file is broken', async (_, text) => {
    await userFile(text.replace('REPO', repo));
    const file = await write(join(repo, '.codex/config.toml'), 'model = = "evil"');
    const loaded = await loadConfig({ home, cwd: repo });
    expect(loaded.config.model).toBeUndefined();
    expect(loaded.warnings).toEqual([`${file} is ignored because the project is not trusted.`]);
  });

  test('trust is keyed by the real git root, whatever link and subfolder the work starts in', async () => {
    await trusted();
    await write(join(repo, '.codex/config.toml'), 'model = "project"');
    await symlink(repo, join(top, 'link'));
    const loaded = await loadConfig({ home, cwd: join(top, 'link', 'sub') });
    expect([loaded.config.model, loaded.trust]).toEqual(['project', { root: repo, level: 'trusted' }]);
  });

  test('a trusted project cannot decide about trust, sign-in or the daemon', async () => {
    await trusted();
    const text =
      'model = "m"\nforced_login_method = "api"\nforced_chatgpt_workspace_id = "w"\n[daemon]\nidle_exit_minutes = 0\n[projects."/x"]\ntrust_level = "trusted"\n';
    const file = await write(join(repo, '.codex/config.toml'), text);
    const loaded = await loadConfig({ home, cwd: repo });
    expect(loaded.config).toEqual({ model: 'm', projects: { [repo]: { trust_level: 'trusted' } } });
    expect(loaded.warnings).toEqual(
      ['projects', 'forced_login_method', 'forced_chatgpt_workspace_id', 'daemon'].map(
        (key) => `${file}: "${key}" is ignored here; only the home's config.toml may set it.`,
      ),
    );
  });

  test('a trusted project cannot decide where prompts and keys are sent, nor what runs after a turn', async () => {
    await trusted();
    const text = [
      'model = "m"',
      'model_provider = "other"',
      'openai_base_url = "http://elsewhere/v1"',
      'chatgpt_base_url = "http://elsewhere/"',
      'notify = ["touch", "it"]',
      '[model_providers.other]',
      'name = "Other"',
      'base_url = "http://elsewhere/v1"',
    ].join('\n');
    const file = await write(join(repo, '.codex/config.toml'), text);
    const loaded = await loadConfig({ home, cwd: repo });
    expect(loaded.config).toEqual({ model: 'm', projects: { [repo]: { trust_level: 'trusted' } } });
    expect(loaded.warnings).toEqual(
      ['model_provider', 'model_providers', 'openai_base_url', 'chatgpt_base_url', 'notify'].map(
        (key) => `${file}: "${key}" is ignored here; only the home's config.toml may set it.`,
      ),
    );
  });

  test('the home is no project layer of the folder that holds it', async () => {
    const own = join(repo, '.codex');
    await write(join(own, 'config.toml'), 'model = "user"');
    const loaded = await loadConfig({ home: own, cwd: repo });
    expect(loaded.layers.map((layer) => layer.name)).toEqual(['user']);
    expect(loaded.warnings).toEqual([]);
  });

  test('root markers of the configuration find the project root', async () => {
    await write(join(top, 'WORKSPACE'), '');
    const overrides = { project_root_markers: '["WORKSPACE"]' };
    expect((await loadConfig({ home, cwd: join(repo, 'sub'), overrides })).projectRoot).toBe(top);
    expect((await loadConfig({ home, cwd: repo, overrides: { project_root_markers: [] } })).projectRoot).toBeNull();
  });

  test('relative paths start at their file, those of overrides at the working folder', async () => {
    await userFile(
      'model_instructions_file = "mine.md"\n[sandbox_workspace_write]\nwritable_roots = ["~/w", "../x", "/y/"]\n',
    );
    const { config } = await loadConfig({ home, cwd: repo, overrides: {} });
    expect(config.model_instructions_file).toBe(join(home, 'mine.md'));
    expect(config.sandbox_workspace_write?.writable_roots).toEqual([join(homedir(), 'w'), join(top, 'x'), '/y']);
    const over = await loadConfig({ home, cwd: repo, overrides: { model_instructions_file: 'sub/a.md' } });
    expect(over.config.model_instructions_file).toBe(join(repo, 'sub/a.md'));
  });

  test('warns of what is read another way than it was meant', async () => {
    const file = await userFile('profile = "x"\n[approval_policy.granular]\nrules = true\n');
    const { config, warnings } = await loadConfig({ home, cwd: repo });
    expect(config.approval_policy).toBe('on-request');
    expect(warnings).toEqual([
      `${file}: granular approval policies are not supported; "on-request" is used.`,
      `${file}: "profile" and "profiles" are not read; put a profile's settings into NAME.config.toml.`,
    ]);
  });
});

describe('errors', () => {
  test.each([
    { name: 'broken TOML', text: 'model = "a"\nx = = 1', at: [2, 5], problem: 'not valid TOML: invalid value' },
    {
      name: 'a forbidden value',
      text: '\n[history]\n persistence = "some"',
      at: [3, 2],
      problem: 'history.persistence must be one of "save-all", "none", not "some"',
    },
    { name: 'a wrong type', text: 'model = 5', at: [1, 1], problem: 'model must be a text' },
    {
      name: 'a huge number',
      text: 'model_context_window = 99999999999999999999',
      at: [1, 24],
      problem: 'not valid TOML: integer value cannot be represented losslessly',
    },
  ])('name file, line and column of $name', async ({ text, at, problem }) => {
    const file = await userFile(text);
    const { message, line, column } = await failure(() => loadConfig({ home, cwd: repo }));
    expect({ message, at: [line, column] }).toEqual({ message: `${file}:${at[0]}:${at[1]}: ${problem}`, at });
  });

  test('never quote the file around a broken line', async () => {
    await userFile('key = "sk-secret-value-0001" oops');
    expect((await failure(() => loadConfig({ home, cwd: repo }))).message).not.toContain('secret');
  });

  test('a folder in the place of the file cannot be read', async () => {
    await mkdir(join(home, 'config.toml'));
    expect((await failure(() => loadConfig({ home, cwd: repo }))).message).toMatch(
      /config\.toml: cannot be read: EISDIR/,
    );
  });

  test.each([
    [{ overrides: { 'a..b': '1' } }, 'override: cannot read the override key "a..b"'],
    [
      { overrides: { sandbox_mode: 'nothing' } },
      'override: sandbox_mode must be one of "read-only", "workspace-write", "danger-full-access", not "nothing"',
    ],
    [{ profile: '../x' }, 'HOME/../x.config.toml: a profile name holds letters, digits, - and _ only'],
    [{ profile: 'none' }, 'HOME/none.config.toml: there is no profile "none": write its settings to this file'],
  ])('of a request %j', async (request, message) => {
    const error = await failure(() => loadConfig({ home, cwd: repo, ...request }));
    expect(error.message.replace(dirname(join(home, 'x')), 'HOME').replace(`${top}/`, 'HOME/../')).toBe(message);
  });
});

describe('the memory of parsed files', () => {
  test('gives the same table while the file stays, and a new one after every kind of change', async () => {
    const file = await userFile('model = "a"');
    const first = await readConfigFile(file);
    expect(await readConfigFile(file)).toBe(first);
    await writeFile(file, 'model = "bb"');
    expect(await readConfigFile(file)).toEqual({ model: 'bb' });
    await rm(file);
    expect(await readConfigFile(file)).toBeNull();
    await writeFile(file, 'model = "cc"');
    expect(await readConfigFile(file)).toEqual({ model: 'cc' });
  });

  test('does not remember a broken file', async () => {
    const file = await userFile('model = ');
    await failure(() => readConfigFile(file));
    await writeFile(file, 'model = "mended"');
    expect(await readConfigFile(file)).toEqual({ model: 'mended' });
  });
});

test.each([
  ['true', true],
  ['"text"', 'text'],
  ['[1, "a"]', [1, 'a']],
  ['{ a = 1 }', { a: 1 }],
  ['plain words', undefined],
  ['1\nmodel = "x"', undefined],
  ['', undefined],
])('parseTomlValue(%j) is %j', (raw, value) => {
  expect(parseTomlValue(raw)).toEqual(value);
});
