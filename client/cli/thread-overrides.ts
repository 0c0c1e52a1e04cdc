import { resolve } from 'node:path';
import { configRead } from '../../machines/protocol/methods/config.ts';
import type { DaemonLink } from '../connection/link.ts';
import { type CliOptions, type Overrides, overridesOf } from './options.ts';

type Config = Readonly<Record<string, unknown>>;

/** What a command line lays over the configuration; the folders of `--add-dir` come beside those of the configuration. */
export async function threadOverrides(link: DaemonLink, options: CliOptions, cwd: string): Promise<Overrides> {
  const given = overridesOf(options);
  if (options.addDir === undefined) return given;
  return withAddedDirs(given, options, cwd, await configWith(link, given, cwd));
}

/** The configuration that a command line's own keys leave. */
export async function configWith(link: DaemonLink, { config: pairs }: Overrides, cwd: string): Promise<Config> {
  const { config } = await link.request(configRead, { cwd, ...(pairs ? { config: pairs } : {}) });
  return config;
}

/** @param config what `configWith` answered; @param cwd absolute, relative folders start here */
export function withAddedDirs(given: Overrides, { addDir = [] }: CliOptions, cwd: string, config: Config): Overrides {
  if (addDir.length === 0) return given;
  const added = addDir.map((dir) => resolve(cwd, dir));
  const roots = [...new Set([...added, ...configuredRoots(config)])];
  // A list of JSON strings is a TOML list too, so none of these can be misread as another type.
  const raw = `[${roots.map((root) => JSON.stringify(root)).join(', ')}]`;
  return { ...given, config: { ...given.config, 'sandbox_workspace_write.writable_roots': raw } };
}

function configuredRoots({ sandbox_workspace_write: table }: Config): readonly string[] {
  const { writable_roots: roots } = (table ?? {}) as { readonly writable_roots?: unknown };
  return Array.isArray(roots) ? roots.filter((root): root is string => typeof root === 'string') : [];
}
