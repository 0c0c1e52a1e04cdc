import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setTrust } from '../../../daemon/config/trust.ts';
import { ConfigError } from '../../../machines/config/config-error.ts';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trust-'));
  file = join(home, 'config.toml');
});

afterEach(async () => rm(home, { recursive: true, force: true }));

test.each([
  { name: 'starts a file', before: null, after: '[projects."/r"]\ntrust_level = "trusted"\n' },
  {
    name: 'appends and keeps comments',
    before: '# mine\nmodel = "m" # why',
    after: '# mine\nmodel = "m" # why\n\n[projects."/r"]\ntrust_level = "trusted"\n',
  },
  {
    name: 'stands beside other projects',
    before: '[projects."/q"]\ntrust_level = "untrusted"\n',
    after: '[projects."/q"]\ntrust_level = "untrusted"\n\n[projects."/r"]\ntrust_level = "trusted"\n',
  },
  {
    name: 'changes a level in place',
    before: '[projects."/r"] # seen\ntrust_level = "untrusted"\n\n[tui]\ntheme = "x"\n',
    after: '[projects."/r"] # seen\ntrust_level = "trusted"\n\n[tui]\ntheme = "x"\n',
  },
  {
    name: 'leaves a file alone that says it already',
    before: '[projects]\n"/r" = { trust_level = "trusted", x = 1 }',
    after: '[projects]\n"/r" = { trust_level = "trusted", x = 1 }',
  },
])('$name', async ({ before, after }) => {
  if (before !== null) await writeFile(file, before);
  await setTrust(home, '/r', 'trusted');
  expect(await readFile(file, 'utf8')).toBe(after);
  expect(await readdir(home)).toEqual(['config.toml']);
});

test('goes into an inline table, too', async () => {
  await writeFile(file, 'projects = { "/q" = { trust_level = "trusted" } }\n');
  await setTrust(home, '/r', 'untrusted');
  expect(parse(await readFile(file, 'utf8'))).toEqual(
    parse('[projects]\n"/q" = { trust_level = "trusted" }\n"/r" = { trust_level = "untrusted" }\n'),
  );
});

test.each(['/a "b" \\ c', '/tab\tline\nend', '/ünï/日本', '/x]y#z', '/del\u007f'])(
  'quotes the root %j',
  async (root) => {
    await setTrust(home, root, 'trusted');
    expect(parse(await readFile(file, 'utf8'))).toEqual({ projects: { [root]: { trust_level: 'trusted' } } });
  },
);

test('loses none of many answers at once', async () => {
  const roots = Array.from({ length: 12 }, (_, index) => `/r${index}`);
  await Promise.all(roots.map((root) => setTrust(home, root, 'trusted')));
  const { projects } = parse(await readFile(file, 'utf8'));
  expect(Object.keys(projects ?? {})).toEqual(roots);
});

test('leaves a broken file as it was', async () => {
  await writeFile(file, 'model = \n');
  await expect(setTrust(home, '/r', 'trusted')).rejects.toBeInstanceOf(ConfigError);
  expect(await readFile(file, 'utf8')).toBe('model = \n');
});

test('keeps mode and link of the file', async () => {
  const real = join(home, 'dotfiles.toml');
  await writeFile(real, '');
  await chmod(real, 0o644);
  await symlink(real, file);
  await setTrust(home, '/r', 'trusted');
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect((await stat(real)).mode & 0o777).toBe(0o644);
  expect(await readFile(real, 'utf8')).toContain('[projects."/r"]');
});
