/** Who may import whom (ARCHITECTURE.md). The same table, over the text of the imports, is test/architecture/imports.test.ts. */

/** The packages that each folder may import; everything not named here is refused. */
const packagesOf = {
  machines: ['xstate', 'valibot', 'msgpackr'],
  daemon: [
    'xstate',
    'valibot',
    'ws',
    'openai',
    'pino',
    'proper-lockfile',
    'smol-toml',
    '@decimalturn/toml-patch',
    '@lydell/node-pty',
    'keytar',
    'yaml',
    '@vscode/ripgrep',
    'fuzzysort',
    'diff',
    'undici',
    '@modelcontextprotocol/sdk',
  ],
  client: ['@valibot/to-json-schema', 'ws', 'commander', 'blessed', 'marked', 'diff', 'fuzzysort', 'highlight.js'],
};

/** Packages that one file alone may know, so that each can be replaced there. */
const onlyIn = {
  blessed: 'client/tui/screen.ts',
  openai: 'daemon/model/openai-client.ts',
  keytar: 'daemon/store/keychain-process.ts',
  '@lydell/node-pty': 'daemon/exec/terminal.ts',
  undici: 'daemon/undici.ts',
  '@modelcontextprotocol/sdk': 'daemon/mcp/sdk.ts',
  pino: 'daemon/log/logger.ts',
  'proper-lockfile': 'daemon/server/lock.ts',
  'smol-toml': 'daemon/config/config-layer.ts',
  '@decimalturn/toml-patch': 'daemon/config/write-config.ts',
  msgpackr: 'machines/protocol/frames.ts',
  '@valibot/to-json-schema': 'client/schema/schema-documents.ts',
  marked: 'client/tui/view/markdown.ts',
  '@vscode/ripgrep': 'daemon/search/ripgrep.ts',
  yaml: 'daemon/skills/skill-file.ts',
  'highlight.js': 'client/tui/view/highlight.ts',
};

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
/** A package as it is written in an import, or where it was found on the disk. */
const packagePath = (name) => `(^|node_modules/)(@types/)?${literal(name)}(/|$)`;

const forbidden = [
  {
    name: 'no-cycles',
    comment: 'Two files that need each other are one file, or want a third. Types alone may point back.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'resolvable',
    comment: 'Keytar, ripgrep and the terminal module are optional: they may be missing.',
    severity: 'error',
    from: {},
    to: {
      couldNotResolve: true,
      pathNot: [packagePath('keytar'), packagePath('@lydell/node-pty'), packagePath('@vscode/ripgrep')],
    },
  },
  {
    name: 'nobody-imports-tests',
    severity: 'error',
    from: { pathNot: '^test/' },
    to: { path: '^test/' },
  },
  {
    name: 'machines-are-pure',
    comment: 'machines/ decides; files, sockets, processes and clocks are the daemon’s.',
    severity: 'error',
    from: { path: '^machines/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'machines-only-themselves',
    severity: 'error',
    from: { path: '^machines/' },
    to: { path: '^(daemon|client)/' },
  },
  {
    name: 'daemon-not-client',
    severity: 'error',
    from: { path: '^daemon/' },
    to: { path: '^client/' },
  },
  {
    name: 'client-not-daemon',
    comment: 'The daemon starts as a file, never as an import of the client.',
    severity: 'error',
    from: { path: '^client/' },
    to: { path: '^daemon/' },
  },
  {
    name: 'client-only-protocol-and-core',
    severity: 'error',
    from: { path: '^client/' },
    to: { path: '^machines/', pathNot: '^machines/(protocol|core)/' },
  },
  ...Object.entries(packagesOf).map(([folder, packages]) => ({
    name: `${folder}-packages`,
    comment: `A package that ${folder}/ may not know. A new one needs a line here and a reason in CONTRIBUTING.md.`,
    severity: 'error',
    from: { path: `^${folder}/` },
    to: {
      dependencyTypesNot: ['core', 'local'],
      path: '.',
      pathNot: ['^(machines|daemon|client)/', ...packages.map(packagePath)],
    },
  })),
  ...Object.entries(onlyIn).map(([name, file]) => ({
    name: `only-one-knows-${name}`,
    severity: 'error',
    from: { path: '^(machines|daemon|client)/', pathNot: `^${literal(file)}$` },
    to: { path: packagePath(name) },
  })),
  {
    name: 'pickers-and-file-search-sort',
    severity: 'error',
    from: {
      path: '^(daemon|client)/',
      pathNot: ['^daemon/search/(file-matcher|path-list)\\.ts$', '^client/tui/overlays/picker\\.ts$'],
    },
    to: { path: packagePath('fuzzysort') },
  },
  {
    name: 'one-file-diffs-at-each-end',
    severity: 'error',
    from: {
      path: '^(daemon|client)/',
      pathNot: ['^daemon/tools/file-diff\\.ts$', '^client/tui/view/diff\\.ts$'],
    },
    to: { path: packagePath('diff') },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^daemon/model/practice/example/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
