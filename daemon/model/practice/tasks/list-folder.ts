import { run, runAll } from '../commands.ts';
import { type Entry, firstParagraph, type Manifest, parseListing, parseManifest } from '../looking/project.ts';
import type { Part, Scene, Task } from '../task.ts';
import { counted, listed, pathWord, quoted, shorten } from '../wording.ts';

const README = /^readme(?:\.(?:md|txt|rst|markdown))?$/i;
const MAX_SHOWN = 30;

/** Lists a folder, reads the files that tell about it, and explains it from what was really there. */
export function* listFolder(scene: Scene, path: string): Task {
  const where = path === '.' ? 'this folder' : `\`${path}\``;
  const listing = yield* run(scene, path === '.' ? 'ls -la' : `ls -la ${pathWord(path)}`, {
    text: `I will look at ${where}.`,
  });
  if (listing.exitCode !== 0) return `I could not list ${where}:\n\n${quoted(shorten(listing.text))}`;
  const entries = parseListing(listing.text);
  if (entries.length === 0) return `There is nothing in ${where}.`;
  const { readme, manifest } = yield* readTelling(scene, path, entries);
  const parts = [summary(where, entries), purpose(readme, manifest), scripts(manifest), shown(entries)];
  return parts.filter((part) => part !== null).join('\n\n');
}

/** The README and the package.json of a folder, read side by side; null for one that is missing or unreadable. */
function* readTelling(
  scene: Scene,
  folder: string,
  entries: readonly Entry[],
): Part<{ readme: string | null; manifest: Manifest | null }> {
  const isFile = ({ kind }: Entry): boolean => kind === 'file' || kind === 'link';
  const readme = entries.find((entry) => isFile(entry) && README.test(entry.name))?.name;
  const manifest = entries.find((entry) => isFile(entry) && entry.name === 'package.json')?.name;
  const names = [readme, manifest].flatMap((name) => name ?? []);
  if (names.length === 0) return { readme: null, manifest: null };
  const base = folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
  const results = yield* runAll(
    scene,
    names.map((name) => `cat ${pathWord(base + name)}`),
    { text: `I will read ${listed(names)}.` },
  );
  const texts = results.map((result) => (result.kind === 'finished' && result.exitCode === 0 ? result.text : null));
  return {
    readme: readme === undefined ? null : firstParagraph(texts[0] ?? ''),
    manifest: manifest === undefined ? null : parseManifest(texts.at(-1) ?? ''),
  };
}

function summary(where: string, entries: readonly Entry[]): string {
  const files = entries.filter(({ kind }) => kind !== 'folder');
  const folders = entries.filter(({ kind }) => kind === 'folder');
  const counts = [counted(files.length, 'file'), counted(folders.length, 'folder')];
  const repository = folders.some(({ name }) => name === '.git') ? ' It is a git repository.' : '';
  return `In ${where} there are ${listed(counts)}.${repository}`;
}

function purpose(readme: string | null, manifest: Manifest | null): string | null {
  const named = manifest?.name
    ? `It is the Node project \`${manifest.name}\`${manifest.description ? `: ${manifest.description}` : ''}.`
    : null;
  const said = readme === null ? null : `Its README says: "${readme}"`;
  return named === null && said === null ? null : [named, said].filter((part) => part !== null).join(' ');
}

function scripts(manifest: Manifest | null): string | null {
  if (manifest === null) return null;
  const lines = Object.entries(manifest.scripts)
    .slice(0, 10)
    .map(([name, script]) => `- \`npm run ${name}\` runs \`${script}\``);
  const needs =
    manifest.dependencies.length === 0
      ? 'It needs no other packages.'
      : `It needs ${listed(manifest.dependencies.slice(0, 10))}.`;
  return lines.length === 0 ? needs : `${needs} Its scripts:\n\n${lines.join('\n')}`;
}

function shown(entries: readonly Entry[]): string {
  const lines = entries
    .slice(0, MAX_SHOWN)
    .map(({ name, kind, bytes }) => `- \`${name}${kind === 'folder' ? '/' : ''}\`: ${meaning(name, kind, bytes)}`);
  const left = entries.length - lines.length;
  return [...lines, ...(left > 0 ? [`- and ${left} more`] : [])].join('\n');
}

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^\.git$/, "git's own records"],
  [/^node_modules$/, 'installed packages'],
  [/^(?:src|lib)$/, 'the source code'],
  [/^(?:tests?|spec|__tests__)$/, 'the tests'],
  [/^docs?$/, 'documentation'],
  [/^(?:dist|build|out|target)$/, 'built files'],
  [/^readme/i, 'what the project says about itself'],
  [/^package\.json$/, 'name, scripts and needs of a Node project'],
  [/^package-lock\.json$|\.lock$/, 'exact versions of the packages'],
  [/^licen[cs]e/i, 'the licence'],
  [/^changelog/i, 'what changed when'],
  [/^\.gitignore$/, 'what git leaves alone'],
  [/^makefile$/i, 'targets for make'],
  [/[.-]test\.\w+$|_test\.\w+$|^test_/, 'tests'],
  [/\.(?:[cm]?[jt]sx?)$/, 'JavaScript or TypeScript'],
  [/\.py$/, 'Python'],
  [/\.(?:md|txt|rst)$/, 'text'],
  [/\.(?:json|ya?ml|toml|ini)$/, 'settings or data'],
];

function meaning(name: string, kind: Entry['kind'], bytes: number): string {
  const known = MEANINGS.find(([pattern]) => pattern.test(name))?.[1];
  if (kind === 'folder') return known ?? 'a folder';
  const size = counted(bytes, 'byte');
  return known === undefined ? size : `${known}, ${size}`;
}
