import { describe, expect, test } from 'vitest';
import { importsOf, sourceFiles } from './source-files.ts';

/** Who may import whom; the linter says the same (.dependency-cruiser.cjs), with cycles. */
const allowed: Readonly<Record<string, RegExp>> = {
  machines: /^(xstate|valibot|msgpackr|machines\/.+)$/,
  daemon: /^(?!(client|test)\/|(blessed|commander|marked|highlight\.js)(\/|$)).+$/,
  client:
    /^(node:.+|ws|commander|blessed|marked|highlight\.js(\/.+)?|diff|fuzzysort|@valibot\/to-json-schema|machines\/(core|protocol)\/.+|client\/.+)$/,
};

/** Packages that are known in one place, and the files that may know them. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  blessed: ['client/tui/screen.ts'],
  marked: ['client/tui/view/markdown.ts'],
  '@valibot/to-json-schema': ['client/schema/schema-documents.ts'],
  fuzzysort: ['client/tui/overlays/picker.ts', 'daemon/search/file-matcher.ts', 'daemon/search/path-list.ts'],
  diff: ['client/tui/view/diff.ts', 'daemon/tools/file-diff.ts'],
  openai: ['daemon/model/openai-client.ts'],
  undici: ['daemon/undici.ts'],
  '@modelcontextprotocol/sdk': ['daemon/mcp/sdk.ts'],
  keytar: ['daemon/store/keychain-process.ts'],
  '@lydell/node-pty': ['daemon/exec/terminal.ts'],
  msgpackr: ['machines/protocol/frames.ts'],
};

const sources = ['machines', 'daemon', 'client'].flatMap(sourceFiles);

describe('imports', () => {
  test.each(Object.entries(allowed))('%s/ imports only what it may', (folder, pattern) => {
    const wrong = sourceFiles(folder).flatMap((file) =>
      importsOf(file)
        .filter((name) => !pattern.test(name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(onlyIn))('%s is imported in its own place only', (name, places) => {
    const importers = sources.filter((file) =>
      importsOf(file).some((one) => one === name || one.startsWith(`${name}/`)),
    );
    expect(importers.filter((file) => !places.includes(file))).toEqual([]);
  });

  test('nobody imports the tests', () => {
    expect(sources.filter((file) => importsOf(file).some((name) => name.startsWith('test/')))).toEqual([]);
  });

  test('the tests know fast-check through the file that gives it its seed', () => {
    const importers = sourceFiles('test').filter((file) => importsOf(file).includes('fast-check'));
    expect(importers).toEqual(['test/support/fast-check.ts']);
  });

  test('relative imports name the file, with its ending', () => {
    const unnamed = sources.flatMap((file) =>
      importsOf(file)
        .filter((name) => /^(machines|daemon|client)\//.test(name) && !name.endsWith('.ts'))
        .map((name) => `${file} imports ${name}`),
    );
    expect(unnamed).toEqual([]);
  });
});
