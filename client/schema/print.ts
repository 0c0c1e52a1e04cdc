import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JsonSchema, type SchemaDocument, schemaBundle, schemaDocuments } from './schema-documents.ts';
import { typeOf } from './typescript.ts';

export type SchemaForm = 'json' | 'typescript';

const BUNDLE = 'codex_app_server_protocol';

/**
 * Prints the protocol as files, under the names that the reference's own command gives them.
 * @returns how many files were written
 */
export function printSchemas(form: SchemaForm, folder: string, withExperimental: boolean): number {
  const documents = schemaDocuments(withExperimental);
  const files = form === 'json' ? jsonFiles(documents) : typescriptFiles(documents);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return files.size;
}

function jsonFiles(documents: readonly SchemaDocument[]): Map<string, string> {
  const files = new Map(documents.map(({ folder, name, schema }) => [join(folder, `${name}.json`), jsonText(schema)]));
  const newer = documents.filter(({ folder }) => folder !== 'v1');
  files.set(`${BUNDLE}.schemas.json`, jsonText(schemaBundle(documents, 'CodexAppServerProtocol')));
  files.set(`${BUNDLE}.v2.schemas.json`, jsonText(schemaBundle(newer, 'CodexAppServerProtocolV2')));
  return files;
}

const jsonText = (schema: JsonSchema): string => `${JSON.stringify(schema, null, 2)}\n`;

/** One type a file, in the folder where its JSON Schema stands; shared types stand in `v2`. */
function typescriptFiles(documents: readonly SchemaDocument[]): Map<string, string> {
  const { definitions = {} } = schemaBundle(documents, BUNDLE);
  const folders = new Map(documents.map(({ name, folder }) => [name, folder === 'v1' ? '' : folder]));
  const folderOf = (name: string): string => folders.get(name) ?? 'v2';
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(definitions)) {
    // The bundle's definitions are shapes, never true or false.
    const { text, uses } = typeOf(schema as JsonSchema);
    const imports = uses
      .filter((used) => used !== name)
      .map((used) => `import type { ${used} } from "${pathBetween(folderOf(name), folderOf(used))}${used}";\n`);
    files.set(join(folderOf(name), `${name}.ts`), `${GENERATED}${imports.join('')}\nexport type ${name} = ${text};\n`);
  }
  for (const folder of ['', 'v2'])
    files.set(join(folder, 'index.ts'), indexOf(Object.keys(definitions), folder, folderOf));
  return files;
}

const GENERATED = '// Printed by `codex app-server generate-ts`; changes here are lost.\n';

function pathBetween(from: string, to: string): string {
  if (from === to) return './';
  return from === '' ? `./${to}/` : '../';
}

function indexOf(names: readonly string[], folder: string, folderOf: (name: string) => string): string {
  const own = names
    .filter((name) => folderOf(name) === folder)
    .map((name) => `export type { ${name} } from "./${name}";\n`);
  return `${GENERATED}\n${own.join('')}${folder === '' ? 'export * as v2 from "./v2";\n' : ''}`;
}
