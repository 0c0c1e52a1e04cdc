import { type ConfigTable, mergeConfig } from './merge-config.ts';

/** An override that cannot be read; the message names the key. */
export class OverrideError extends Error {
  override readonly name = 'OverrideError';
}

/**
 * `-c key=value` pairs as a table of the highest layer. A text value is raw TOML (`parseRaw` answers undefined when
 * it is none: then it is meant as that text); other values are taken as they are, null is left out. Later pairs win.
 */
export function overridesToTable(
  pairs: Readonly<Record<string, unknown>>,
  parseRaw: (raw: string) => unknown,
): ConfigTable {
  const given = Object.entries(pairs).filter(([, value]) => value !== null && value !== undefined);
  const tables = given.map(([key, value]) => nested(splitKey(key), typeof value === 'string' ? fromRaw(value) : value));
  return mergeConfig(tables);

  function fromRaw(raw: string): unknown {
    const parsed = parseRaw(raw);
    return parsed === undefined ? raw : parsed;
  }
}

function nested(path: readonly string[], value: unknown): ConfigTable {
  const table = path.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), value);
  // A key path has one part at least, so the outermost value is a table.
  return table as ConfigTable;
}

// One part of a dotted key: bare, 'literal' or "basic" with JSON-like escapes; blanks around it are allowed.
const PART = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s."'=]+))\s*/y;

/** `projects."/a.b".trust_level` -> its parts. Throws OverrideError on an empty part or an open quote. */
export function splitKey(key: string): readonly string[] {
  const parts: string[] = [];
  let at = 0;
  do {
    PART.lastIndex = at;
    const match = PART.exec(key);
    if (!match) throw new OverrideError(`cannot read the override key ${JSON.stringify(key)}`);
    const [whole, basic, literal, bare] = match;
    parts.push(basic === undefined ? (literal ?? bare ?? '') : unescapeBasic(basic, key));
    at += whole.length;
    if (at === key.length) return parts;
  } while (key[at++] === '.');
  throw new OverrideError(`cannot read the override key ${JSON.stringify(key)}`);
}

function unescapeBasic(text: string, key: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch (error) {
    throw new OverrideError(`cannot read the override key ${JSON.stringify(key)}`, { cause: error });
  }
}
