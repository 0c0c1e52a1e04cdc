import { join } from 'node:path';
import { ConfigError } from '../../machines/config/config-error.ts';
import { type Config, checkConfig, formatKey } from '../../machines/config/config-schema.ts';
import { type ConfigTable, configOrigins, isTable, mergeConfig } from '../../machines/config/merge-config.ts';
import { OverrideError, overridesToTable } from '../../machines/config/overrides.ts';
import { parseTomlValue, readConfigFile } from './config-layer.ts';
import { resolveLayerPaths } from './layer-paths.ts';
import {
  DEFAULT_ROOT_MARKERS,
  exists,
  findRoot,
  foldersDown,
  realpathOr,
  type TrustLevel,
  trustLevelOf,
  trustRoot,
} from './project.ts';

export interface ConfigRequest {
  /** Absolute path of the home folder. */
  readonly home: string;
  /** Absolute path of the folder that the work happens in. */
  readonly cwd: string;
  /** `-c` pairs as they came with the request; null and undefined values are left out. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Name of a profile file `NAME.config.toml` in the home. */
  readonly profile?: string | null;
}

export type LayerName = 'user' | 'profile' | 'project' | 'overrides';

export interface ConfigLayer {
  readonly name: LayerName;
  /** Null for overrides. */
  readonly file: string | null;
  /** With absolute paths. */
  readonly table: ConfigTable;
  /** As it was written. */
  readonly raw: ConfigTable;
}

export interface LoadedConfig {
  /** All layers merged and checked. */
  readonly config: Config;
  /** Lowest precedence first. */
  readonly layers: readonly ConfigLayer[];
  /** Dotted key -> the layer its value came from. */
  readonly origins: Readonly<Record<string, LayerName>>;
  /** One line each, for the user. */
  readonly warnings: readonly string[];
  /** Nearest folder with a root marker; null outside of any project. */
  readonly projectRoot: string | null;
  /** The folder that trust is keyed by, and what is written for it. */
  readonly trust: { readonly root: string; readonly level: TrustLevel | null };
}

/**
 * Keys that a project may not set, trusted or not: they decide where prompts and keys are sent, which program is told of
 * every turn, about other projects, sign-in, or the daemon of the whole home.
 */
const HOME_ONLY_KEYS: readonly string[] = [
  'model_provider',
  'model_providers',
  'openai_base_url',
  'chatgpt_base_url',
  'notify',
  'projects',
  'cli_auth_credentials_store',
  'forced_login_method',
  'forced_chatgpt_workspace_id',
  'daemon',
];

/**
 * The configuration of one request: home, profile, trusted project folders, overrides, in rising precedence
 * (agent.md §13). Unchanged files are not parsed again. Throws ConfigError naming file, line and key.
 */
export async function loadConfig({ home, cwd, overrides = {}, profile = null }: ConfigRequest): Promise<LoadedConfig> {
  const own = [...(await userLayer(home)), ...(await profileLayer(home, profile))];
  const last = overrideLayer(overrides, cwd);
  const settings = checkMerged([...own, ...last]);

  const trustedRoot = await trustRoot(cwd);
  const trust = { root: trustedRoot, level: trustLevelOf(settings.projects, trustedRoot) };
  const projectRoot = await findRoot(cwd, settings.project_root_markers ?? DEFAULT_ROOT_MARKERS);
  const project = await projectLayers(home, foldersDown(projectRoot, cwd), trust.level);

  const layers = [...own, ...project.layers, ...last];
  return {
    config: checkMerged(layers),
    layers,
    origins: configOrigins(layers, formatKey),
    warnings: [...project.warnings, ...layers.flatMap(layerWarnings)],
    projectRoot,
    trust,
  };
}

async function userLayer(home: string): Promise<readonly ConfigLayer[]> {
  return readLayer('user', join(home, 'config.toml'), home);
}

async function profileLayer(home: string, profile: string | null): Promise<readonly ConfigLayer[]> {
  if (profile === null) return [];
  const file = join(home, `${profile}.config.toml`);
  const place = { file, line: null, column: null };
  if (!/^[A-Za-z0-9_-]+$/.test(profile))
    throw new ConfigError('a profile name holds letters, digits, - and _ only', place);
  const layers = await readLayer('profile', file, home);
  if (layers.length === 0)
    throw new ConfigError(`there is no profile "${profile}": write its settings to this file`, place);
  return layers;
}

async function readLayer(name: LayerName, file: string, base: string): Promise<readonly ConfigLayer[]> {
  const table = await readConfigFile(file);
  return table === null ? [] : [{ name, file, table: resolveLayerPaths(table, base), raw: table }];
}

function overrideLayer(pairs: Readonly<Record<string, unknown>>, cwd: string): readonly ConfigLayer[] {
  const table = overrideTable(pairs);
  const checked = checkConfig(table);
  if ('problem' in checked) throw overrideError(checked.problem.message);
  return Object.keys(table).length === 0
    ? []
    : [{ name: 'overrides', file: null, table: resolveLayerPaths(table, cwd), raw: table }];
}

function overrideTable(pairs: Readonly<Record<string, unknown>>): ConfigTable {
  try {
    return overridesToTable(pairs, parseTomlValue);
  } catch (error) {
    if (error instanceof OverrideError) throw overrideError(error.message, error);
    throw error;
  }
}

function overrideError(problem: string, cause?: unknown): ConfigError {
  return new ConfigError(problem, { file: null, line: null, column: null }, { cause });
}

/** `.codex/config.toml` of each folder when the project is trusted; else one warning naming what is ignored. */
async function projectLayers(
  home: string,
  folders: readonly string[],
  level: TrustLevel | null,
): Promise<{ readonly layers: readonly ConfigLayer[]; readonly warnings: readonly string[] }> {
  const realHome = await realpathOr(home);
  const layers: ConfigLayer[] = [];
  const warnings: string[] = [];
  for (const folder of folders) {
    const codexFolder = join(folder, '.codex');
    // Work inside the folder that holds the home: its config.toml is the user layer already.
    if ((await realpathOr(codexFolder)) === realHome) continue;
    const file = join(codexFolder, 'config.toml');
    if (level !== 'trusted') {
      warnings.push(...(await ignoredWarning(file)));
      continue;
    }
    const read = await readLayer('project', file, codexFolder);
    layers.push(...read.map(withoutHomeKeys));
    warnings.push(...read.flatMap(homeKeyWarnings));
  }
  return { layers, warnings };
}

async function ignoredWarning(file: string): Promise<readonly string[]> {
  if (!(await exists(file))) return [];
  return [`${file} is ignored because the project is not trusted.`];
}

function withoutHomeKeys(layer: ConfigLayer): ConfigLayer {
  const kept = Object.entries(layer.table).filter(([key]) => !HOME_ONLY_KEYS.includes(key));
  return { ...layer, table: Object.fromEntries(kept) };
}

function homeKeyWarnings({ file, table }: ConfigLayer): readonly string[] {
  const set = HOME_ONLY_KEYS.filter((key) => key in table);
  return set.map((key) => `${file}: "${key}" is ignored here; only the home's config.toml may set it.`);
}

function layerWarnings({ file, table }: ConfigLayer): readonly string[] {
  const warnings: string[] = [];
  const where = file ?? 'override';
  if (isTable(table.approval_policy)) {
    warnings.push(`${where}: granular approval policies are not supported; "on-request" is used.`);
  }
  if ('profile' in table || 'profiles' in table) {
    warnings.push(`${where}: "profile" and "profiles" are not read; put a profile's settings into NAME.config.toml.`);
  }
  return warnings;
}

function checkMerged(layers: readonly ConfigLayer[]): Config {
  const checked = checkConfig(mergeConfig(layers.map((layer) => layer.table)));
  if ('config' in checked) return checked.config;
  // Each layer is right by itself, so this is two layers that do not fit together.
  throw overrideError(checked.problem.message);
}
