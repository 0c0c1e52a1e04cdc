import { parseCommand, parseEscalation } from './command-intent.ts';
import { parseAppend, parseCreate, parseEdit } from './file-intent.ts';
import { folderIn } from './folder-intent.ts';
import type { Intent } from './intent.ts';
import { mentions, pathsIn, wordsOf } from './words.ts';

const ABOUT: Intent = { kind: 'about' };
/** Longer prompts are no plain requests. */
const MAX_PROMPT_CHARS = 100_000;

const NOT_FIXING = /\b(?:don'?t|do not|without|never)\s+(?:\w+\s+)?(?:fix|chang|edit|patch|repair|touch)/i;

// What a file is to hold, or a command, is no wish.
const QUOTED = /```[\s\S]*?```|`[^`]*`|"[^"]*"|\b(?:with (?:the )?(?:content|text)|containing|that says)\b[\s\S]*$/gi;

/** The first rule that fits decides: the most exact requests come first. Never throws. */
export function parseIntent(prompt: string): Intent {
  if (prompt.length > MAX_PROMPT_CHARS) return ABOUT;
  const text = prompt.trim();
  return (
    parseAgain(text) ??
    parseEdit(text) ??
    parseAppend(text) ??
    parseFix(text) ??
    parseEscalation(text) ??
    parseCreate(text) ??
    parseCommand(text) ??
    parseByWords(text) ??
    ABOUT
  );
}

function parseAgain(text: string): Intent | null {
  const isAgain =
    /^(?:please\s+)?(?:continue|go on|carry on|proceed|(?:try|do it|once)\s+(?:again|more)|again|retry|resume|keep going)\b[\s\w]{0,20}[.!]*$/i;
  return isAgain.test(text) ? { kind: 'again' } : null;
}

/** Only a clear wish to have something mended: this is the one request after which files are changed unseen. */
function parseFix(text: string): Intent | null {
  if (NOT_FIXING.test(text)) return null;
  const words = wordsOf(text.replace(QUOTED, ' '));
  const isFix = mentions(words, 'fix fixes fixing repair debug mend solve');
  const isRemoval = mentions(words, 'correct remove') && mentions(words, 'bug bugs error mistake fault');
  return isFix || isRemoval ? { kind: 'fixBug' } : null;
}

function parseByWords(text: string): Intent | null {
  const paths = pathsIn(text);
  const words = wordsOf(paths.reduce((rest, path) => rest.replace(path, ' '), text));
  const isTests = mentions(words, 'test tests testing tested pytest testsuite suite');
  const asksToRun = mentions(
    words,
    'run runs rerun running execute check do does are start launch try pass passing fail failing work works green',
  );
  const asksToLook = mentions(words, LOOKING);
  if (isTests && paths.length === 0 && (asksToRun || !asksToLook)) return { kind: 'runTests' };
  if (paths.length > 0 && mentions(words, `${LOOKING} is`)) return { kind: 'showFiles', paths: paths.slice(0, 4) };
  const isFolder = mentions(
    words,
    'folder directory dir files project repo repository workspace codebase code here there',
  );
  const folder = folderIn(text);
  const listsIt = mentions(words, 'list ls') || (asksToLook && (isFolder || folder !== null));
  if (listsIt) return { kind: 'listFolder', path: folder ?? '.' };
  if (isTests) return mentions(words, 'write create add generate') ? null : { kind: 'runTests' };
  // Someone who only speaks of a bug is shown the failing tests; a fix is offered there.
  if (mentions(words, 'bug bugs broken')) return { kind: 'runTests' };
  return isFolder && words.length <= 6 ? { kind: 'listFolder', path: '.' } : null;
}

const LOOKING =
  "list ls show explain describe summarize summarise overview look see read open cat print display view tell what what's contents inspect explore understand walk";
