import { join } from 'node:path';
import type { TrustLevel } from './project.ts';
import { writeConfig } from './write-config.ts';

/**
 * Writes `trust_level` for a project root (absolute, symlink-free) into the home's config.toml. Comments and layout
 * of the rest stay; a file that could not take it is left as it was and a ConfigError says why.
 */
export async function setTrust(home: string, root: string, level: TrustLevel): Promise<void> {
  await writeConfig(join(home, 'config.toml'), [{ path: ['projects', root, 'trust_level'], value: level }]);
}
