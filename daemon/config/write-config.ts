import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { patch, stringify } from '@decimalturn/toml-patch';
import { ConfigError } from '../../machines/config/config-error.ts';
import { checkConfig } from '../../machines/config/config-schema.ts';
import { applyChange, type ConfigChange, ConfigEditError, valueAt } from '../../machines/config/edit-config.ts';
import { type ConfigTable, isTable } from '../../machines/config/merge-config.ts';
import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { replaceFile } from '../store/replace-file.ts';
import { createSerial } from '../store/serial.ts';
import { parseConfigText } from './config-layer.ts';
import { isMissing } from './project.ts';

/** Two writers at once must not each write a file without the other's change. */
const inTurn = createSerial();

/**
 * Writes changes into a configuration file, all or none. Comments, order and layout of the rest stay; the mode is
 * kept, 0600 for a new file. A file that could not take them is left as it was.
 * @param expectedVersion what the caller last read; null: whatever is there
 * @returns the version of the file as it is now
 * @throws ConfigError for a file that is broken already, ConfigEditError for a change it cannot take,
 *   RpcError configVersionConflict
 */
export function writeConfig(
  file: string,
  changes: readonly ConfigChange[],
  expectedVersion: string | null = null,
): Promise<string> {
  return inTurn(async () => {
    const { text, mode } = await readText(file);
    const before = parseConfigText(text, file);
    if (expectedVersion !== null && expectedVersion !== versionOf(before)) throw versionConflict();

    const wanted = changes.reduce(applyChange, before);
    const checked = checkConfig(wanted);
    if ('problem' in checked) throw new ConfigEditError(`Invalid configuration: ${checked.problem.message}`);
    const { text: changed } = changes.reduce(writeChange, { text, table: before, file });
    if (changed !== text) await replaceFile(file, changed, { mode });
    return versionOf(wanted);
  });
}

/** Names the content of one layer: the same for equal values, whatever the order of keys, the comments and blanks. */
export function versionOf(table: ConfigTable): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(sorted(table)))
    .digest('hex')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTable(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

function versionConflict(): RpcError {
  return new RpcError(
    'configVersionConflict',
    'Configuration was modified since last read. Fetch latest version and retry.',
    { data: { config_write_error_code: 'configVersionConflict' } },
  );
}

interface Draft {
  readonly text: string;
  readonly table: ConfigTable;
  readonly file: string;
}

// A new table is appended: patching one in writes an ugly inline key near the top (libraries.md §10). What was
// appended may not read back, when the parent is an inline table say; then it is patched in place.
function writeChange({ text, table, file }: Draft, change: ConfigChange): Draft {
  const wanted = applyChange(table, change);
  if (isDeepStrictEqual(wanted, table)) return { text, table, file };
  const appended = appendedTable(text, table, change);
  const candidates = [...(appended === null ? [] : [() => appended]), () => withEnd(patch(text, wanted))];
  return { text: firstThatReads(candidates, wanted, file), table: wanted, file };
}

const withEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

function firstThatReads(candidates: readonly (() => string)[], wanted: ConfigTable, file: string): string {
  const problems: string[] = [];
  for (const make of candidates) {
    try {
      const text = make();
      if (isDeepStrictEqual(parseConfigText(text, file), wanted)) return text;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  const problem = `the change could not be written; make it by hand (${problems.join('; ') || 'not read back'})`;
  throw new ConfigError(problem, { file, line: null, column: null });
}

/** The text with a new table at its end; null when the change is no new table. */
function appendedTable(text: string, table: ConfigTable, { path, value }: ConfigChange): string | null {
  const header = isTable(value) ? path : path.slice(0, -1);
  if (value === null || header.length === 0 || valueAt(table, header) !== undefined) return null;
  const body = isTable(value) ? value : { [path.at(-1) ?? '']: value };
  const gap = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  return `${text}${gap}[${header.map(tomlKey).join('.')}]\n${stringify(body).trimEnd()}\n`;
}

// JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key).replaceAll('\u007f', '\\u007F');
}

async function readText(file: string): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    const { mode } = await stat(file);
    return { text: await readFile(file, 'utf8'), mode: mode & 0o777 };
  } catch (error) {
    if (isMissing(error)) return { text: '', mode: 0o600 };
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file, line: null, column: null }, { cause: error });
  }
}
