import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { versionOf, writeConfig } from '../../../daemon/config/write-config.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-config-'));
  file = join(folder, 'config.toml');
});

afterEach(async () => rm(folder, { recursive: true, force: true }));

const BEFORE = `# mine
model = "a" # why
date = 2024-01-02

[tui]
# a look
theme = "x"
`;

test.each([
  {
    name: 'a value in place, with its comment',
    path: ['model'],
    value: 'b',
    after: BEFORE.replace('model = "a"', 'model = "b"'),
  },
  {
    name: 'a key at the end of its table',
    path: ['tui', 'animations'],
    value: false,
    after: `${BEFORE}animations = false\n`,
  },
  {
    name: 'a new key above the tables',
    path: ['notify'],
    value: ['say', 'done'],
    after: BEFORE.replace('date = 2024-01-02\n', 'date = 2024-01-02\nnotify = [ "say", "done" ]\n'),
  },
  {
    name: 'a new table at the end',
    path: ['shell_environment_policy', 'set', 'A B'],
    value: '1',
    after: `${BEFORE}\n[shell_environment_policy.set]\n"A B" = "1"\n`,
  },
  {
    name: 'a whole new table',
    path: ['mcp_servers', 'my one'],
    value: { command: 'c', args: ['a'] },
    after: `${BEFORE}\n[mcp_servers."my one"]\ncommand = "c"\nargs = [ "a" ]\n`,
  },
  { name: 'what is there already: nothing', path: ['model'], value: 'a', after: BEFORE },
])('writes $name', async ({ path, value, after }) => {
  await writeFile(file, BEFORE, { mode: 0o640 });

  const version = await writeConfig(file, [{ path, value }]);

  expect(await readFile(file, 'utf8')).toBe(after);
  expect(version).toMatch(/^sha256:/);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(folder)).toEqual(['config.toml']);
});

test('removes a key and leaves the rest', async () => {
  await writeFile(file, BEFORE);
  await writeConfig(file, [{ path: ['tui', 'theme'], value: null }]);
  expect(await readFile(file, 'utf8')).toContain('model = "a" # why\n');
  expect(await readFile(file, 'utf8')).not.toContain('theme');
});

test('starts a file that only its owner can read', async () => {
  await writeConfig(file, [{ path: ['model'], value: 'm' }]);
  expect(await readFile(file, 'utf8')).toBe('model = "m"\n');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.each([
  {
    name: 'a bad value',
    changes: [{ path: ['approval_policy'], value: 'sometimes' }],
    message: /^Invalid configuration: approval_policy must/,
  },
  {
    name: 'a bad value beside a good one',
    changes: [
      { path: ['model'], value: 'b' },
      { path: ['sandbox_mode'], value: 5 },
    ],
    message: /^Invalid configuration: sandbox_mode must/,
  },
])('$name is refused and the file stays as it was', async ({ changes, message }) => {
  await writeFile(file, BEFORE);
  await expect(writeConfig(file, changes)).rejects.toThrow(message);
  expect(await readFile(file, 'utf8')).toBe(BEFORE);
});

test('a version that is old by now is refused, the one that was answered is taken', async () => {
  const version = await writeConfig(file, [{ path: ['model'], value: 'a' }]);
  const next = await writeConfig(file, [{ path: ['model'], value: 'b' }], version);
  await expect(writeConfig(file, [{ path: ['model'], value: 'c' }], version)).rejects.toMatchObject({
    errorName: 'configVersionConflict',
  });
  expect(await writeConfig(file, [], next)).toBe(next);
});

test('a version is of the content, as the reference counts it', () => {
  expect(versionOf({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  const table = { model: 'gpt-x', approval_policy: 'on-request', sandbox_workspace_write: { network_access: false } };
  const projects = { '/tmp/foo': { trust_level: 'trusted' } };
  const expected = 'sha256:e4eddc0bac6b11dab2a8480ab7fe70ff258bac620b43fb1026e86ec0c7dcce34';
  expect(versionOf({ ...table, projects })).toBe(expected);
  expect(versionOf({ projects, ...table })).toBe(expected);
});
