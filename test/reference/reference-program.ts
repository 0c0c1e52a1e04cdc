import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = join(dirname(fileURLToPath(import.meta.url)), 'node_modules', '.bin', 'codex');

/** The reference program, installed in this folder only. @throws when it is not */
export function referenceProgram(): string {
  if (!existsSync(program)) throw new Error('the reference program is missing: run `npm run test:reference`');
  return program;
}
