import * as v from 'valibot';

/** What a `package.json` says; null for anything that is none. */
export interface Manifest {
  readonly name: string | null;
  readonly description: string | null;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
}

const text = v.fallback(v.nullable(v.string()), null);
const names = v.fallback(v.record(v.string(), v.string()), {});
const packageJson = v.object({
  name: v.optional(text, null),
  description: v.optional(text, null),
  scripts: v.optional(names, {}),
  dependencies: v.optional(names, {}),
});

export function parseManifest(json: string): Manifest | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), packageJson), json);
  if (!parsed.success) return null;
  return { ...parsed.output, dependencies: Object.keys(parsed.output.dependencies) };
}

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
}

/** The entries of an `ls -la` output, without `.` and `..`, in its order. Lines of another form are passed over. */
export function parseListing(output: string): readonly Entry[] {
  return output.split('\n').flatMap((line) => {
    const match = /^([-dlbcps])\S{9,10}\s+\d+\s+\S+\s+\S+\s+(\d+)\s+\S+\s+\S+\s+\S+\s(.+)$/.exec(line);
    const name = match?.[3]?.split(' -> ')[0] ?? '';
    if (!match || name === '.' || name === '..' || name === '') return [];
    return [{ name, kind: entryKind(match[1] ?? ''), bytes: Number(match[2]) }];
  });
}

function entryKind(letter: string): Entry['kind'] {
  if (letter === '-') return 'file';
  if (letter === 'd') return 'folder';
  return letter === 'l' ? 'link' : 'other';
}

/** The first paragraph of a README that is not a heading, a badge or a rule, on one line. */
export function firstParagraph(markdown: string): string | null {
  const paragraphs = markdown
    .replaceAll('\r', '')
    .split(/\n\s*\n/)
    .map((part) => part.replace(/^#{1,6} [^\n]*\n?/gm, '').trim());
  const first = paragraphs.find((part) => part !== '' && !/^(?:\[?!\[|<|---|===|```)/.test(part));
  return first === undefined ? null : first.replace(/\s+/g, ' ').slice(0, 400);
}

export type TestCommand = { readonly command: string; readonly because: string };

/**
 * How a project's tests are run, seen from its files. Null when there is no sign of tests.
 * @param read the texts of the files that were read, by name
 */
export function findTestCommand(entries: readonly Entry[], read: ReadonlyMap<string, string>): TestCommand | null {
  const has = (name: string): boolean => entries.some((entry) => entry.name === name);
  const script = parseManifest(read.get('package.json') ?? '')?.scripts.test;
  if (script !== undefined && !script.includes('no test specified')) {
    return { command: 'npm test', because: `\`package.json\` names \`${script}\` as its test script` };
  }
  if (/^test\s*:/m.test(read.get('Makefile') ?? ''))
    return { command: 'make test', because: 'the `Makefile` has a `test` target' };
  if (has('Cargo.toml')) return { command: 'cargo test', because: 'there is a `Cargo.toml`' };
  if (has('go.mod')) return { command: 'go test ./...', because: 'there is a `go.mod`' };
  if (['pytest.ini', 'pyproject.toml', 'conftest.py', 'tox.ini'].some(has)) {
    return { command: 'python3 -m pytest', because: 'it looks like a Python project' };
  }
  const hasNodeTests = has('package.json') || entries.some(({ name }) => /[.-]test\.[cm]?js$/.test(name));
  return hasNodeTests
    ? { command: 'node --test', because: 'it looks like a Node project without a test script' }
    : null;
}
