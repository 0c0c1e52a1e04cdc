/** Where a configuration is wrong. Lines and columns count from 1; null where they are not known. */
export interface ConfigPlace {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** A configuration that cannot be used: one line that starts with the place and says what to write instead. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;

  constructor(problem: string, place: ConfigPlace, options: { cause?: unknown } = {}) {
    super(`${formatPlace(place)}: ${problem.replace(/\s+/g, ' ').trim()}`, options);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
  }
}

function formatPlace({ file, line, column }: ConfigPlace): string {
  return [file ?? 'override', line, column].filter((part) => part !== null).join(':');
}

/**
 * Where a key stands in a TOML text, for messages only: the parser keeps no places of values. Headers and plain
 * `key =` lines are looked at; a key that is written another way is not found (null).
 */
export function findKey(
  text: string,
  path: readonly string[],
): { readonly line: number; readonly column: number } | null {
  let header = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const opened = /^\s*\[\[?([^\]]+)\]/.exec(line);
    if (opened) header = opened[1] ?? '';
    const found = opened ? null : /^(\s*)([^=#]+?)\s*=/.exec(line);
    if (found && samePath([header, found[2] ?? ''], path))
      return { line: index + 1, column: (found[1] ?? '').length + 1 };
  }
  return null;
}

// Compared without quotes and blanks: good enough to point at a line.
function samePath(written: readonly string[], path: readonly string[]): boolean {
  const plain = (parts: readonly string[]) =>
    parts
      .filter((part) => part !== '')
      .join('.')
      .replace(/["'\s]/g, '');
  const [left, right] = [plain(written), plain(path)];
  return left === right || right.startsWith(`${left}.`);
}
