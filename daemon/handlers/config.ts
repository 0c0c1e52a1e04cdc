import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigChange, ConfigEditError, toChanges, valueAt } from '../../machines/config/edit-config.ts';
import { RpcError } from '../../machines/core/errors.ts';
import type { ClientParams, ClientResult } from '../../machines/protocol/index.ts';
import { describeLayer, describeLayers, describeOrigins } from '../config/describe-layers.ts';
import { trustRoot } from '../config/project.ts';
import { setTrust } from '../config/trust.ts';
import { writeConfig } from '../config/write-config.ts';
import type { Connection } from '../server/connection.ts';
import type { Handlers } from '../server/register.ts';
import { asConfigInvalid, readConfig, requireFolder } from '../threads/thread-setup.ts';
import { environmentOf, type HandlerDeps } from './handler-deps.ts';

type ConfigMethods =
  | 'config/read'
  | 'configRequirements/read'
  | 'config/trust/write'
  | 'config/value/write'
  | 'config/batchWrite';

export function configHandlers(deps: HandlerDeps): Pick<Handlers, ConfigMethods> {
  return {
    'config/read': async ({ cwd, includeLayers, config: overrides }, { connection }) => {
      const environment = environmentOf(connection, deps.home);
      const folder = cwd?.startsWith('/') ? cwd : environment.cwd;
      const { config, layers, trust } = await readConfig(deps.home, folder, overrides ?? {});
      const provider = await deps.chooseProvider(config, environment.variables);
      return {
        // Ours beside the keys of the files: what a thread would use, and whether the folder is trusted.
        config: { ...config, model_provider: provider, trust },
        origins: describeOrigins(layers),
        layers: includeLayers ? describeLayers(layers, join(deps.home, 'config.toml')) : null,
      };
    },
    'configRequirements/read': () => ({ requirements: null }),
    'config/trust/write': async ({ cwd, level }) => {
      requireFolder(cwd);
      const root = await trustRoot(cwd);
      await setTrust(deps.home, root, level).catch(asConfigInvalid);
      return { root };
    },
    'config/value/write': ({ keyPath, value, mergeStrategy, ...target }, { connection }) =>
      write(deps, connection, [{ keyPath, value, mergeStrategy }], target),
    'config/batchWrite': ({ edits, ...target }, { connection }) => write(deps, connection, edits, target),
  };
}

type Edits = ClientParams<'config/batchWrite'>['edits'];
type Target = Pick<ClientParams<'config/batchWrite'>, 'filePath' | 'expectedVersion'>;

async function write(
  { home }: HandlerDeps,
  connection: Connection,
  edits: Edits,
  { filePath, expectedVersion }: Target,
): Promise<ClientResult<'config/batchWrite'>> {
  const file = join(home, 'config.toml');
  if (filePath != null && !isSameFile(filePath, file)) throw readonlyLayer();
  try {
    const changes = toChanges(edits.map((edit) => ({ ...edit, value: requireValue(edit.value) })));
    const version = await writeConfig(file, changes, expectedVersion ?? null);
    const overriddenMetadata = await findOverride(home, environmentOf(connection, home).cwd, changes);
    return { filePath: file, status: overriddenMetadata ? 'okOverridden' : 'ok', version, overriddenMetadata };
  } catch (error) {
    if (!(error instanceof ConfigEditError)) return asConfigInvalid(error);
    throw new RpcError('configInvalid', error.message, {
      data: { config_write_error_code: 'configValidationError' },
      cause: error,
    });
  }
}

/** As JSON holds it; what JSON cannot hold has no place in the file either. */
function requireValue(value: unknown): unknown {
  if (value === undefined) throw new RpcError('invalidParams', 'Invalid request: missing field `value`');
  return JSON.parse(JSON.stringify(value));
}

function isSameFile(path: string, file: string): boolean {
  if (path === file) return true;
  try {
    return path.startsWith('/') && realpathSync(path) === realpathSync(file);
  } catch {
    return false; // One of them is not there.
  }
}

function readonlyLayer(): RpcError {
  return new RpcError('configLayerReadonly', 'Only writes to the user config are allowed', {
    data: { config_write_error_code: 'configLayerReadonly' },
  });
}

/** The highest layer above the user's that decides about one of the places that were written; null: none does. */
async function findOverride(
  home: string,
  cwd: string,
  changes: readonly ConfigChange[],
): Promise<ClientResult<'config/batchWrite'>['overriddenMetadata']> {
  // The write is done; another layer that is broken says so to whoever needs it.
  const loaded = await readConfig(home, cwd, {}).catch(() => null);
  if (loaded === null) return null;
  const { layers, config } = loaded;
  const above = layers.filter(({ name }) => name !== 'user').reverse();
  for (const { path } of changes) {
    const layer = above.find(({ table }) => valueAt(table, path) !== undefined);
    if (!layer) continue;
    return {
      message: `Overridden by ${layer.name} config: ${layer.file}`,
      overridingLayer: describeLayer(layer),
      effectiveValue: valueAt(config, path),
    };
  }
  return null;
}
