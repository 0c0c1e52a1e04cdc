import type { Intent } from './intent.ts';
import { mentions, pathsIn, unquote, wordsOf } from './words.ts';

// The rules below look at every pair of places in the text; longer prompts hold no such plain wish.
const MAX_EDIT_CHARS = 4_000;

// A text in quotes of any kind, or as few words as will do; words such as "the text" before quotes are no part of it.
const TEXT =
  '(?:(?:all |every |each )?(?:the )?(?:(?:words?|texts?|lines?|strings?|phrases?|names?) )?(?=["\'`“]))?' +
  '("[^"]{0,200}"|\'[^\']{0,200}\'|`[^`]{0,200}`|“[^”]{0,200}”|[\\s\\S]{1,200}?)';
const VERB = '(?:replace|change|substitute|swap|rename|turn)';
const REPLACEMENT = `${TEXT}\\s+(?:with|by|to|into|for)\\s+${TEXT}`;
const REPLACE_IN_FILE = new RegExp(
  `\\b${VERB}\\s+${REPLACEMENT}\\s+(?:in|inside|within|of)\\s+(\\S[\\s\\S]{0,200})$`,
  'i',
);
const IN_FILE_REPLACE = new RegExp(
  `\\bin\\s+(\\S[\\s\\S]{0,120}?),?\\s+(?:please\\s+)?${VERB}\\s+${REPLACEMENT}[.!]?$`,
  'i',
);

/** "replace X with Y in FILE", "in FILE change X to Y"; the texts quoted or not. */
export function parseEdit(text: string): Intent | null {
  if (text.length > MAX_EDIT_CHARS) return null;
  const before = IN_FILE_REPLACE.exec(text);
  if (before) return edit(before[1], before[2], before[3]);
  const behind = REPLACE_IN_FILE.exec(text);
  return behind ? edit(behind[3], behind[1], behind[2]) : null;
}

function edit(where = '', find = '', replaceBy = ''): Intent | null {
  const path = pathsIn(where)[0];
  const sought = unquote(find);
  return path === undefined || sought === ''
    ? null
    : { kind: 'editFile', path, find: sought, replaceBy: unquote(replaceBy) };
}

/** "add the line X to FILE" */
export function parseAppend(text: string): Intent | null {
  if (text.length > MAX_EDIT_CHARS) return null;
  const match =
    /\b(?:append|add)\s+(?:the |a )?(?:line|text|words?)?:?\s*([\s\S]{1,400}?)\s+(?:to|at) (?:the )?(?:(?:very )?(?:end|bottom) of )?(?:the )?(?:file )?(\S{1,200})$/i.exec(
      text,
    );
  const path = pathsIn(match?.[2] ?? '')[0];
  // "add a file … to notes.txt" is a wish to create one.
  if (path === undefined || /^(?:new |a |an )?\s*(?:new )?file\b/i.test(match?.[1] ?? '')) return null;
  return { kind: 'appendLine', path, line: unquote(match?.[1] ?? '') };
}

/** "create a file F with the content X", "write X to F", with the content quoted, in a code block, or to the end. */
export function parseCreate(text: string): Intent | null {
  const words = wordsOf(text.split(/```/)[0] ?? '');
  if (!mentions(words, 'create make write add save generate put new overwrite')) return null;
  const { content, rest } = findContent(text);
  const path = pathsIn(rest)[0] ?? namedFile(text);
  if (path === undefined || (content === null && !mentions(words, 'file empty'))) return null;
  const lines = content === null || content === '' || content.endsWith('\n') ? (content ?? '') : `${content}\n`;
  return { kind: 'createFile', path, content: lines, mayOverwrite: mentions(words, 'overwrite replace') };
}

function namedFile(text: string): string | undefined {
  return /\bfile (?:called|named)\s+["'`]?([\w./-]{1,200}[\w-])/i.exec(text)?.[1];
}

/** The text that a file is to hold: a code block, what follows "with the content", or the quoted words after "write". */
export const contentIn = (text: string): string | null => findContent(text).content;

const asItIs = (said: string): string => said;
/** The ways to say what a file is to hold, the surest first, and how each is read. */
const CONTENT_FORMS: readonly (readonly [RegExp, (said: string) => string])[] = [
  [/```[^\n`]*\n([\s\S]*?)```/, asItIs],
  [
    /\b(?:with(?: the| this)?(?: contents?| text| words?| line)|containing(?: the)?(?: text| words?| line)?|contents?\s*[:=]|that (?:says|reads|contains)|saying|which says|reading)\s*:?\s*([\s\S]+)$/i,
    unquoteStart,
  ],
  [/\b(?:write|put|save|add)\s+(?:"([^"]*)"|'([^']*)'|`([^`]*)`|“([^”]*)”)/i, asItIs],
];

/** @returns also the rest of the text: what a file is to hold may look like a name, and its name like what it holds */
function findContent(text: string): { readonly content: string | null; readonly rest: string } {
  for (const [pattern, read] of CONTENT_FORMS) {
    const found = pattern.exec(text);
    if (!found) continue;
    const content = read(found.slice(1).find((group) => group !== undefined) ?? '');
    const at = found.index + found[0].lastIndexOf(content);
    return { content, rest: `${text.slice(0, at)} ${text.slice(at + content.length)}` };
  }
  return { content: null, rest: text };
}

/** The quoted text at the start ("hello" in notes.txt -> hello), or all of it. */
function unquoteStart(text: string): string {
  const match = /^(?:"([^"]*)"|'([^']*)'|`([^`]*)`|“([^”]*)”)/.exec(text.trim());
  return match?.slice(1).find((group) => group !== undefined) ?? text.trim();
}
