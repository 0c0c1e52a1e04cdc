/** Edits from the beginning of `word` to `given` (Levenshtein): a short id is compared with as much of the long one. */
export function distanceOf(word: string, given: string): number {
  const target = word.slice(0, Math.max(given.length, 1)).toLowerCase();
  const source = given.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (let i = 1; i <= source.length; i++) {
    const next = [i];
    for (let j = 1; j <= target.length; j++) {
      const change = (row[j - 1] ?? 0) + (source[i - 1] === target[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
