import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** esbuild's own account of what went into a file (`npm run build` writes it). */
interface Metafile {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, unknown>>;
        readonly imports: readonly { readonly path: string; readonly external?: boolean }[];
      }
    >
  >;
}

const packageOf = (path: string): string | null =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? null;

/** Packages inside a bundle and packages that it loads from outside when it runs. */
function contentsOf(meta: string, output: string) {
  const file = (JSON.parse(readFileSync(`dist/meta-${meta}.json`, 'utf8')) as Metafile).outputs[`dist/${output}`];
  if (file === undefined) throw new Error(`dist/meta-${meta}.json does not describe ${output}`);
  const inside = Object.keys(file.inputs).map(packageOf);
  const outside = file.imports.filter(({ external }) => external === true).map(({ path }) => path);
  return { files: Object.keys(file.inputs), bytes: file.bytes, packages: new Set([...inside, ...outside]) };
}

/** What a client must not carry: it would start slower, and could not act on it anyway (ARCHITECTURE.md). */
const DAEMON_ONLY = ['xstate', 'openai', 'zod', 'keytar', 'pino', 'proper-lockfile', 'smol-toml', '@lydell/node-pty'];

const bundles = [
  {
    meta: 'client',
    output: 'codex.cjs',
    never: [...DAEMON_ONLY, 'blessed', 'marked', 'fuzzysort', 'diff', '@xterm/headless'],
    folders: /^(client|machines\/(core|protocol)|node_modules)\//,
    maxBytes: 1_000_000,
  },
  {
    meta: 'tui',
    output: 'tui.cjs',
    never: [...DAEMON_ONLY, 'commander'],
    folders: /^(client|machines\/(core|protocol)|node_modules)\//,
    maxBytes: 1_500_000,
  },
  {
    meta: 'schema',
    output: 'schema.cjs',
    never: [...DAEMON_ONLY, 'commander', 'blessed', 'ws', 'msgpackr'],
    folders: /^(client|machines\/(core|protocol)|node_modules)\//,
    maxBytes: 500_000,
  },
  {
    meta: 'daemon',
    output: 'daemon.cjs',
    never: ['blessed', 'commander', 'marked', 'fuzzysort', 'keytar', 'zod', 'undici', '@modelcontextprotocol/sdk'],
    folders: /^(daemon|machines|node_modules)\//,
    maxBytes: 3_000_000,
  },
  {
    meta: 'daemon',
    output: 'patch-writer.cjs',
    never: [...DAEMON_ONLY, 'blessed', 'commander', 'valibot', 'msgpackr', 'ws'],
    folders: /^(daemon|machines)\//,
    maxBytes: 50_000,
  },
  {
    meta: 'daemon',
    output: 'keychain-process.cjs',
    never: ['xstate', 'openai', 'zod', 'blessed', 'commander', 'msgpackr', 'ws'],
    folders: /^(daemon|machines|node_modules)\//,
    maxBytes: 100_000,
  },
];

describe('what is in each program', () => {
  test.each(bundles)('$output holds none of the packages it must do without', ({ meta, output, never }) => {
    const { packages } = contentsOf(meta, output);
    expect(never.filter((name) => packages.has(name))).toEqual([]);
  });

  test.each(bundles)('$output is made of its own folders only', ({ meta, output, folders }) => {
    expect(contentsOf(meta, output).files.filter((file) => !/^</.test(file) && !folders.test(file))).toEqual([]);
  });

  test.each(bundles)('$output stays small', ({ meta, output, maxBytes }) => {
    expect(contentsOf(meta, output).bytes).toBeLessThan(maxBytes);
  });

  test('the client loads the terminal interface as a program of its own', () => {
    expect(contentsOf('client', 'codex.cjs').packages).toContain('./tui.cjs');
  });
});
