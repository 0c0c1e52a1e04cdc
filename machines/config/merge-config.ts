/** A TOML table, parsed and unchecked. */
export type ConfigTable = { readonly [key: string]: unknown };

/** Whether a value is a table: no list, no date, nothing with a class of its own. */
export function isTable(value: unknown): value is ConfigTable {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Layers, lowest precedence first, as one table: tables are merged key by key, everything else is replaced whole. */
export function mergeConfig(layers: readonly ConfigTable[]): ConfigTable {
  return layers.reduce<ConfigTable>(mergeTwo, {});
}

// Built with fromEntries, which defines `__proto__` as an ordinary key instead of setting a prototype.
function mergeTwo(low: ConfigTable, high: ConfigTable): ConfigTable {
  const merged = new Map<string, unknown>(Object.entries(low));
  for (const [key, value] of Object.entries(high)) {
    const below = merged.get(key);
    merged.set(key, isTable(value) ? mergeTwo(isTable(below) ? below : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Which layer a value of the merged table came from: key path (parts joined by `joinKey`) -> the layer's name. */
export function configOrigins<Name>(
  layers: readonly { readonly name: Name; readonly table: ConfigTable }[],
  joinKey: (path: readonly string[]) => string,
): Readonly<Record<string, Name>> {
  const merged = mergeConfig(layers.map((layer) => layer.table));
  const highestFirst = [...layers].reverse();
  const entries = leafPaths(merged).flatMap((path) => {
    const owner = highestFirst.find((layer) => hasPath(layer.table, path));
    return owner ? [[joinKey(path), owner.name] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** Paths of everything that is not a table; an empty table counts as a value. */
function leafPaths(table: ConfigTable, above: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const path = [...above, key];
    return isTable(value) && Object.keys(value).length > 0 ? leafPaths(value, path) : [path];
  });
}

function hasPath(table: ConfigTable, path: readonly string[]): boolean {
  let current: unknown = table;
  for (const key of path) {
    if (!isTable(current) || !Object.hasOwn(current, key)) return false;
    current = current[key];
  }
  return true;
}
