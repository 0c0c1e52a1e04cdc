/**
 * Whether a shell script may remove files by force: `rm -f`, `rm -rf`, `rm --force`, also behind `sudo` or inside any
 * structure (agent.md §9, step 3). Judged on words alone, so it errs on the side of asking: `echo rm -f` asks too.
 */
export function isDangerousScript(script: string): boolean {
  const commands = script.split(/[;&|\n(){}`]|\$\(/);
  return commands.some((command) => isForcedRemoval(command.trim().split(/\s+/).map(unquote)));
}

const unquote = (word: string): string => word.replace(/["'\\]/g, '');

function isForcedRemoval(words: readonly string[]): boolean {
  const at = words.findIndex((word) => word === 'rm' || word.endsWith('/rm'));
  if (at < 0) return false;
  return words.slice(at + 1).some((word) => word === '--force' || /^-[a-zA-Z]*f/.test(word));
}
