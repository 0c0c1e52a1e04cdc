/** What the tests of this folder read: the sources and their imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const isSource = (path: string): boolean => path.endsWith('.ts') && !path.includes('practice/example/');

/** Paths of the TypeScript files below a folder, from the top of the checkout, with `/` between their parts. */
export function sourceFiles(folder: string): readonly string[] {
  const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return inside
    .map((file) => join(folder, file).replaceAll('\\', '/'))
    .filter(isSource)
    .sort();
}

/** What a file imports, types and `import()` included: package names as written, our own files from the top. */
export function importsOf(path: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => (fileName.startsWith('.') ? join(path, '..', fileName) : fileName));
}
