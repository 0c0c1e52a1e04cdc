/** How the practice model shows things to a person: Markdown, short, never more than fits a screen. */

const MAX_LINES = 40;
const MAX_CHARS = 4_000;

/** A block that shows text as it is. The fence is longer than any in the text. */
export function quoted(text: string, language = ''): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`{3,}/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

/** At most 40 lines and 4,000 characters, from the start and the end; says how many lines were left out. */
export function shorten(text: string, maxLines = MAX_LINES): string {
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => shortenLine(line));
  if (lines.length <= maxLines) return lines.join('\n').slice(0, MAX_CHARS);
  const half = Math.floor(maxLines / 2);
  const left = lines.length - 2 * half;
  const parts = [...lines.slice(0, half), `… ${left} lines left out …`, ...lines.slice(-half)];
  return parts.join('\n').slice(0, MAX_CHARS);
}

function shortenLine(line: string): string {
  return line.length <= 300 ? line : `${line.slice(0, 300)}…`;
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** "1 file", "2 files". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** One word of a shell line, whatever stands in it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A file name as a word that no command takes for an option. */
export function pathWord(path: string): string {
  if (path.startsWith('~/')) return `~/${shellWord(path.slice(2))}`;
  return shellWord(path.startsWith('-') ? `./${path}` : path);
}
