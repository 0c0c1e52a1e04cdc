/** Tolerant matching of plain English: whole words, and small slips of the finger in longer ones. */

/** The lower-case words of a text. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z][a-z']*/g) ?? [];
}

/** Whether any of the words is, or nearly is, one of the vocabulary (a list with blanks between). */
export function mentions(words: readonly string[], vocabulary: string): boolean {
  const known = vocabulary.split(' ');
  return words.some((word) => known.some((other) => isNear(word, other)));
}

/** Equal, two neighbours swapped (from 4 letters on), or one letter wrong, missing or too many (from 6 on). */
function isNear(word: string, known: string): boolean {
  if (word === known) return true;
  if (known.length >= 4 && isSwapped(word, known)) return true;
  return known.length >= 6 && isOneOff(word, known);
}

function isSwapped(word: string, known: string): boolean {
  if (word.length !== known.length) return false;
  const at = firstDifference(word, known);
  const swapped = word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
  return swapped === known;
}

function isOneOff(word: string, known: string): boolean {
  const at = firstDifference(word, known);
  const rest = known.slice(at + 1);
  return word.slice(at + 1) === rest || word.slice(at) === rest || word.slice(at + 1) === known.slice(at);
}

function firstDifference(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}

// A name with an ending that starts with a letter, or a well-known name without one.
const PATH_TOKEN = /^(?:~\/|\.{0,2}\/)?[\w@.+/-]*[\w@+-]\.[a-z]\w{0,9}$/i;
const WELL_KNOWN = /^(?:[\w./-]+\/)?(?:Makefile|Dockerfile|LICENSE|README|CHANGELOG|\.gitignore|\.env)$/;
const NOT_PATHS = /^(?:node\.js|e\.g|i\.e|https?:.*|www\..*|\d[\d.]*)$/i;

/** The file names in a text, in order, each once. Code blocks and backticked commands are the caller's business. */
export function pathsIn(text: string): readonly string[] {
  const tokens = text.split(/[\s,;()[\]{}<>"'`“”‘’]+/).map((token) => token.replace(/[.:!?]+$/, ''));
  const paths = tokens
    .filter((token) => isPath(token))
    .map((token) => (token.toLowerCase() === 'readme' ? 'README.md' : token));
  return [...new Set(paths)];
}

function isPath(token: string): boolean {
  if (token.length > 200 || NOT_PATHS.test(token)) return false;
  return PATH_TOKEN.test(token) || WELL_KNOWN.test(token) || token.toLowerCase() === 'readme';
}

/** The text without surrounding quotes or backticks of any kind. */
export function unquote(text: string): string {
  const trimmed = text.trim();
  const match = /^(?:"([\s\S]*)"|'([\s\S]*)'|`([\s\S]*)`|“([\s\S]*)”|‘([\s\S]*)’)[.!]?$/.exec(trimmed);
  return match ? (match.slice(1).find((group) => group !== undefined) ?? '') : trimmed;
}
