/**
 * Texts of models, tools and files may hold anything. What reaches a cell is printable: escape sequences, control
 * characters and direction overrides (which can make a command look like another one) are taken out.
 */

const TAB_SIZE = 4;
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const STRING_SEQUENCE = /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)/g;
const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)/g;
const OTHER_ESCAPE = /\x1b[ -/]*[0-~]?/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const NEEDS_CLEANING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: end of the expressions

/** Text with line feeds as its only control characters. A lone carriage return starts its line anew, as on a terminal. */
export function sanitize(text: string): string {
  if (!NEEDS_CLEANING.test(text)) return text;
  return text
    .replace(STRING_SEQUENCE, '')
    .replace(CONTROL_SEQUENCE, '')
    .replace(OTHER_ESCAPE, '')
    .replace(/\r+\n/g, '\n')
    .replace(/[\u2028\u2029]/g, '\n')
    .split('\n')
    .map(cleanLine)
    .join('\n');
}

/** The same for a text that has to stay in one row. */
export function sanitizeRow(text: string): string {
  return sanitize(text.replace(/\r\n?/g, '\n')).replace(/\n+/g, ' ');
}

function cleanLine(line: string): string {
  const end = line.replace(/\r+$/, '');
  return expandTabs(end.slice(end.lastIndexOf('\r') + 1).replace(CONTROLS, '')).replace(LONE_SURROGATE, '\ufffd');
}

function expandTabs(line: string): string {
  if (!line.includes('\t')) return line;
  const [first = '', ...rest] = line.split('\t');
  return rest.reduce((done, part) => done + ' '.repeat(TAB_SIZE - (done.length % TAB_SIZE)) + part, first);
}
