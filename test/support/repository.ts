import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a folder look like the root of a git repository, as far as programs look that do not ask git. */
export function makeRepository(folder: string): void {
  const git = join(folder, '.git');
  mkdirSync(git, { recursive: true });
  writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/main\n');
}
