// Unicode White_Space. Not String.trim: that also removes U+FEFF, and a byte order mark is part of line 1 (agent.md §8).
const BLANKS =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';
const blanks: ReadonlySet<string> = new Set(BLANKS);

/** The text without blanks at its end. */
export function trimEndBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && blanks.has(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The text without blanks at both ends. */
export function trimBlanks(text: string): string {
  let start = 0;
  while (start < text.length && blanks.has(text.charAt(start))) start += 1;
  return trimEndBlanks(text.slice(start));
}
