import { formatKey } from './config-schema.ts';
import { type ConfigTable, isTable } from './merge-config.ts';
import { OverrideError, splitKey } from './overrides.ts';

/** `replace` sets the value whole; `upsert` puts the keys of a table beside those that are there (protocol.md §10). */
export type MergeStrategy = 'replace' | 'upsert';

/** One wanted change of a configuration file. */
export interface ConfigEdit {
  /** Dotted key, with parts quoted as in TOML where they need it. */
  readonly keyPath: string;
  /** As JSON holds it; null removes the key. */
  readonly value: unknown;
  readonly mergeStrategy: MergeStrategy;
}

/** One value at one place; null removes it. */
export interface ConfigChange {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** A change that no configuration file can take; the text is the reference's where it has one. */
export class ConfigEditError extends Error {
  override readonly name = 'ConfigEditError';
}

/** The edits as changes of single places, in their order. Throws ConfigEditError naming the key. */
export function toChanges(edits: readonly ConfigEdit[]): readonly ConfigChange[] {
  return edits.flatMap(({ keyPath, value, mergeStrategy }) => {
    const path = readKeyPath(keyPath);
    if (value !== null && holdsNull(value)) {
      throw new ConfigEditError(`${formatKey(path)} cannot hold null: leave the key out, or remove it whole`);
    }
    return mergeStrategy === 'upsert' ? leaves(path, value) : [{ path, value }];
  });
}

function readKeyPath(keyPath: string): readonly string[] {
  if (keyPath.trim() === '') throw new ConfigEditError('keyPath must not be empty');
  let path: readonly string[];
  try {
    path = splitKey(keyPath);
  } catch (error) {
    if (!(error instanceof OverrideError)) throw error;
    throw new ConfigEditError('keyPath segments must not be empty', { cause: error });
  }
  if (path[0] === 'profile' || path[0] === 'profiles') {
    throw new ConfigEditError(`"${path[0]}" is not read any more: put a profile's settings into NAME.config.toml`);
  }
  return path;
}

function leaves(path: readonly string[], value: unknown): readonly ConfigChange[] {
  if (!isTable(value) || Object.keys(value).length === 0) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves([...path, key], inner));
}

function holdsNull(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.some(holdsNull);
  return isTable(value) && Object.values(value).some(holdsNull);
}

/** The table after one change. Throws ConfigEditError when the place lies below something that is no table. */
export function applyChange(table: ConfigTable, { path, value }: ConfigChange): ConfigTable {
  const [key = '', ...rest] = path;
  const entries = new Map(Object.entries(table));
  if (rest.length === 0) {
    if (value === null) entries.delete(key);
    else entries.set(key, value);
    return Object.fromEntries(entries);
  }
  const inner = entries.get(key);
  if (inner === undefined && value === null) return table;
  if (inner !== undefined && !isTable(inner)) throw new ConfigEditError('cannot set value on non-table parent');
  entries.set(key, applyChange(isTable(inner) ? inner : {}, { path: rest, value }));
  return Object.fromEntries(entries);
}

/** The value at a place; undefined where there is none. */
export function valueAt(table: ConfigTable, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isTable(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    table,
  );
}
