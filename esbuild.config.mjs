/** Builds the programs: one CommonJS file each, so that a client starts fast (node esbuild.config.mjs [--watch]). */
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { build, context } from 'esbuild';

/**
 * blessed finds its widgets by computed names, which no bundler follows: written out as plain requires. And it reads
 * its terminal descriptions beside its own files: copied beside ours.
 */
const blessedBundled = {
  name: 'blessed-bundled',
  setup({ onLoad }) {
    onLoad({ filter: /blessed[/\\]lib[/\\]tput\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll("__dirname + '/../usr/", "__dirname + '/terminals/"),
      loader: 'js',
    }));
    onLoad({ filter: /blessed[/\\]lib[/\\]widget\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const names = [...(source.match(/widget\.classes = \[([^\]]*)\]/)?.[1] ?? '').matchAll(/'([^']+)'/g)].map(
        (match) => match[1],
      );
      const lines = names.map(
        (name) => `widget['${name}'] = widget['${name.toLowerCase()}'] = require('./widgets/${name.toLowerCase()}');`,
      );
      return {
        contents: `var widget = exports;\n${lines.join('\n')}\nwidget.classes = ${JSON.stringify(names)};\n`,
        loader: 'js',
      };
    });
  },
};

/** Parts that are loaded when they are wanted are program files of their own: the TUI, the printer of schemas, requests through a proxy. */
const apart = (filter, path) => ({
  name: `apart ${path}`,
  setup({ onResolve }) {
    onResolve({ filter }, ({ kind }) => (kind === 'dynamic-import' ? { path, external: true } : null));
  },
});

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  logLevel: 'warning',
  external: ['keytar', '@lydell/node-pty', '@vscode/ripgrep', 'term.js', 'pty.js'],
  plugins: [blessedBundled],
};

const groups = [
  {
    name: 'client',
    options: {
      entryPoints: { codex: 'client/main.ts' },
      plugins: [apart(/\/tui\/app\.ts$/, './tui.cjs'), apart(/\/schema\/print\.ts$/, './schema.cjs')],
      banner: { js: '#!/usr/bin/env node' },
    },
  },
  { name: 'tui', options: { entryPoints: { tui: 'client/tui/app.ts' } } },
  { name: 'schema', options: { entryPoints: { schema: 'client/schema/print.ts' } } },
  {
    name: 'daemon',
    options: {
      entryPoints: {
        daemon: 'daemon/main.ts',
        'patch-writer': 'daemon/tools/patch-writer.ts',
        'keychain-process': 'daemon/store/keychain-process.ts',
        'file-matcher': 'daemon/search/file-matcher.ts',
        undici: 'daemon/undici.ts',
        mcp: 'daemon/mcp/sdk.ts',
      },
      plugins: [apart(/\/undici\.ts$/, './undici.cjs'), apart(/\/mcp\/sdk\.ts$|^\.\/sdk\.ts$/, './mcp.cjs')],
    },
  },
];

/** Whole files only, old or new: a daemon or a test may be running from this folder. */
function put(path, contents) {
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, contents);
  renameSync(fresh, path);
}

mkdirSync('dist', { recursive: true });
cpSync('daemon/model/practice/example', 'dist/example', { recursive: true });
cpSync('node_modules/blessed/usr', 'dist/terminals', { recursive: true });

if (process.argv.includes('--watch')) {
  for (const { options } of groups) await (await context({ ...common, ...options })).watch();
} else {
  const results = await Promise.all(
    groups.map(({ options }) => build({ ...common, ...options, metafile: true, write: false })),
  );
  for (const [at, { metafile, outputFiles }] of results.entries()) {
    for (const { path, contents } of outputFiles) put(path, contents);
    put(`dist/meta-${groups[at].name}.json`, JSON.stringify(metafile));
  }
  chmodSync('dist/codex.cjs', 0o755);
}
