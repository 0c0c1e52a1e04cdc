import { readFile, stat } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import { ConfigError, findKey } from '../../machines/config/config-error.ts';
import { checkConfig } from '../../machines/config/config-schema.ts';
import { type ConfigTable, isTable } from '../../machines/config/merge-config.ts';
import { messageOf } from '../../machines/core/errors.ts';
import { isMissing } from './project.ts';

interface Remembered {
  /** mtime, ctime, size, inode: unchanged means that the file was not written since. */
  readonly stamp: string;
  readonly table: ConfigTable;
}

/** Parsed and checked files, oldest first. Only a memory of what the disk holds: losing it costs one parse. */
const remembered = new Map<string, Remembered>();
const MAX_REMEMBERED = 64;

/**
 * A configuration file, checked; null when there is none. Parsed again only when it changed on disk. Throws
 * ConfigError for anything else: unreadable, not TOML, a value that is not allowed.
 */
export async function readConfigFile(file: string): Promise<ConfigTable | null> {
  const read = await readWithStamp(file, remembered.get(file)?.stamp ?? null);
  if (read === null) return null;
  const known = remembered.get(file);
  if (read.text === null && known) return known.table;

  const table = parseConfigText(read.text ?? '', file);
  remember(file, { stamp: read.stamp, table });
  return table;
}

/** The table of a TOML text, checked. Throws ConfigError with file, line and column. */
export function parseConfigText(text: string, file: string): ConfigTable {
  const table = parseToml(text, file);
  const checked = checkConfig(table);
  if ('config' in checked) return table;
  const place = findKey(text, checked.problem.path);
  throw new ConfigError(checked.problem.message, { file, line: place?.line ?? null, column: place?.column ?? null });
}

/** A raw override value as TOML; undefined when it is not exactly one TOML value. */
export function parseTomlValue(raw: string): unknown {
  try {
    const table = plain(parse(`value = ${raw}`));
    return isTable(table) && Object.keys(table).length === 1 ? table.value : undefined;
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

function parseToml(text: string, file: string): ConfigTable {
  try {
    const table = plain(parse(text));
    return isTable(table) ? table : {};
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's message goes on with a piece of the file, which may hold a secret: the first line is enough.
    const problem = (error.message.split('\n')[0] ?? '').replace('Invalid TOML document: ', 'not valid TOML: ');
    throw new ConfigError(problem, { file, line: error.line, column: error.column });
  }
}

// The parser's tables have no prototype; ours are ordinary, so that they compare and print like any other object.
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function remember(file: string, entry: Remembered): void {
  remembered.delete(file);
  remembered.set(file, entry);
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

// The stamp is taken before the text: a write in between gives an old stamp to new text, which is read once more.
async function readWithStamp(
  file: string,
  knownStamp: string | null,
): Promise<{ stamp: string; text: string | null } | null> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true });
    const stamp = [mtimeNs, ctimeNs, size, ino].join(' ');
    return { stamp, text: stamp === knownStamp ? null : await readFile(file, 'utf8') };
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file, line: null, column: null }, { cause: error });
  }
}
