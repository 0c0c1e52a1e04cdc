import { basename, dirname } from 'node:path';
import { type ConfigTable, configOrigins } from '../../machines/config/merge-config.ts';
import type { ConfigLayerMetadata } from '../../machines/protocol/methods/config.ts';
import type { ConfigLayer } from './load-config.ts';
import { versionOf } from './write-config.ts';

const PROFILE_END = '.config.toml';

/** A layer as it is named on the wire (protocol.md §10). */
export function describeLayer(layer: ConfigLayer): ConfigLayerMetadata {
  return { name: nameOf(layer), version: versionOf(layer.raw) };
}

function nameOf({ name, file }: ConfigLayer): ConfigLayerMetadata['name'] {
  if (file === null) return { type: 'sessionFlags' };
  if (name === 'project') return { type: 'project', dotCodexFolder: dirname(file) };
  const profile = name === 'profile' ? basename(file).slice(0, -PROFILE_END.length) : null;
  return { type: 'user', file, profile };
}

/** The layers with the highest first; one for the user's file also while there is none. */
export function describeLayers(
  layers: readonly ConfigLayer[],
  userFile: string,
): (ConfigLayerMetadata & { config: ConfigTable })[] {
  const empty: ConfigLayer = { name: 'user', file: userFile, table: {}, raw: {} };
  const all = layers.some(({ name }) => name === 'user') ? layers : [empty, ...layers];
  return all.map((layer) => ({ ...describeLayer(layer), config: layer.table })).reverse();
}

/** Dotted key (parts as they are, as in the reference) -> the layer its value came from. */
export function describeOrigins(layers: readonly ConfigLayer[]): Record<string, ConfigLayerMetadata> {
  const named = layers.map((layer) => ({ name: describeLayer(layer), table: layer.table }));
  return { ...configOrigins(named, (path) => path.join('.')) };
}
