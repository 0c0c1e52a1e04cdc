import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The `rg` of this machine, else the one that came as a package; null where there is neither. */
export async function findRipgrep(searchPath: string): Promise<string | null> {
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const program = join(folder, 'rg');
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  try {
    return (await import('@vscode/ripgrep')).rgPath;
  } catch {
    return null; // An optional package, and not built for every machine.
  }
}
