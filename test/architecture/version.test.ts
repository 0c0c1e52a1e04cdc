import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VERSION } from '../../machines/core/version.ts';

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

test('the program, its package and the lock file name one version', () => {
  const lock = read('package-lock.json');
  expect(read('package.json')).toMatchObject({ version: VERSION });
  expect(lock).toMatchObject({ version: VERSION, packages: { '': { version: VERSION } } });
});

test('the lock file names no registry', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
});

test('every dependency has one exact version', () => {
  const manifest = read('package.json') as Record<string, Record<string, string> | undefined>;
  const versions = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}),
  );
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
