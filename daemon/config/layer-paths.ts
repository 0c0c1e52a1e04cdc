import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type ConfigTable, isTable } from '../../machines/config/merge-config.ts';

/** A layer with its paths made absolute: `~/` is the user's folder, anything relative starts at `base`. */
export function resolveLayerPaths(table: ConfigTable, base: string): ConfigTable {
  const instructions = table.model_instructions_file;
  const workspace = table.sandbox_workspace_write;
  return {
    ...table,
    ...(typeof instructions === 'string' && { model_instructions_file: toAbsolute(instructions, base) }),
    ...(isTable(workspace) && { sandbox_workspace_write: resolveRoots(workspace, base) }),
  };
}

function resolveRoots(workspace: ConfigTable, base: string): ConfigTable {
  const roots = workspace.writable_roots;
  if (!Array.isArray(roots)) return workspace;
  const resolved = roots.map((root: unknown) => (typeof root === 'string' ? toAbsolute(root, base) : root));
  return { ...workspace, writable_roots: resolved };
}

function toAbsolute(path: string, base: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(base, path);
}
