/** A command line as the words that run it, and words as one line that a person can read and paste. */

/** `[shell, "-lc", cmd]`, or `-c` without a login shell (agent.md §7). */
export function shellArgv(cmd: string, { shell, login }: { shell: string; login: boolean }): readonly string[] {
  return [shell, login ? '-lc' : '-c', cmd];
}

/** Words as one shell-quoted line: `/bin/bash -lc 'echo hi'`. A POSIX shell reads back the same words. */
export function displayCommand(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}

const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./-]+$/;
/** What keeps a meaning between double quotes; `!` and `^` only in interactive shells. */
const LIVE_IN_DOUBLE_QUOTES = /[$`!^"\\]/;

function quoted(word: string): string {
  if (PLAIN_WORD.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  if (!LIVE_IN_DOUBLE_QUOTES.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
