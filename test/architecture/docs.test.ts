import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const { scripts, dependencies, optionalDependencies, devDependencies } = JSON.parse(
  readFileSync('package.json', 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>;

const found = (page: string, pattern: RegExp): readonly string[] =>
  [...readFileSync(page, 'utf8').matchAll(pattern)].map((match) => match[1] ?? '');

describe.each(pages)('%s', (page) => {
  test('names only files that are there', () => {
    const files = found(page, /`((?:machines|daemon|client|test)\/[\w./-]+\.(?:ts|mjs))`/g);
    // NAME stands for a file that is still to be written.
    expect(files.filter((file) => !file.includes('NAME') && !existsSync(file))).toEqual([]);
  });

  test('links only to files that are there', () => {
    const targets = found(page, /\]\((?!https?:)([^)#]+)/g);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });

  test('names only scripts that are there', () => {
    const names = found(page, /npm run ([a-z]+)/g);
    expect(names.filter((name) => scripts?.[name] === undefined)).toEqual([]);
  });
});

test('every package has its reason, with its version', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  const packages = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies });
  const unexplained = packages.filter(([name, version]) => {
    if (name.startsWith('@types/')) return false;
    const rows = [...text.matchAll(new RegExp(`(?:\\| |, )${name} (\\d+(?:\\.\\d+)?)[ ,]`, 'g'))];
    return !rows.some(([, told]) => version === told || version.startsWith(`${told}.`));
  });
  expect(unexplained).toEqual([]);
});
