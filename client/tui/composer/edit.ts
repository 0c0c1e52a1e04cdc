import { lineEnd, lineStart, nextBoundary, previousBoundary, wordEnd, wordStart } from './boundaries.ts';
import type { Composer } from './composer.ts';

/** Edits by name; keymap.ts gives them their keys. */
export type Edit = keyof typeof edits;

type Change = (composer: Composer) => Composer;

const moveTo = (composer: Composer, cursor: number): Composer => ({ ...composer, cursor, goalColumn: null });

/** Takes out the text between two positions; the cursor stands where it was. */
function remove(composer: Composer, from: number, to: number): Composer {
  if (from === to) return composer;
  const text = composer.text.slice(0, from) + composer.text.slice(to);
  return { ...composer, text, cursor: onBoundary(text, from), goalColumn: null, browsing: null };
}

/** The same, kept for `yank`. */
function cut(composer: Composer, from: number, to: number): Composer {
  return from === to ? composer : { ...remove(composer, from, to), cut: composer.text.slice(from, to) };
}

/** Removing or adding text may join clusters: the cursor goes behind the joined one. */
function onBoundary(text: string, at: number): number {
  const before = previousBoundary(text, at, []);
  const after = nextBoundary(text, before, []);
  return at > 0 && after > at ? after : at;
}

/** Puts text in at the cursor. */
export function insert(composer: Composer, added: string): Composer {
  return replace(composer, composer.cursor, composer.cursor, added);
}

/** Puts text in the place of what stands between two positions; the cursor goes behind it. */
export function replace(composer: Composer, from: number, to: number, added: string): Composer {
  const text = composer.text.slice(0, from) + added + composer.text.slice(to);
  return { ...composer, text, cursor: onBoundary(text, from + added.length), goalColumn: null, browsing: null };
}

const before = ({ text, cursor, pastes }: Composer) => previousBoundary(text, cursor, pastes);
const after = ({ text, cursor, pastes }: Composer) => nextBoundary(text, cursor, pastes);

/** ctrl+k at a line's end takes the line feed. */
function cutToLineEnd(composer: Composer): Composer {
  const end = lineEnd(composer.text, composer.cursor);
  return cut(composer, composer.cursor, end === composer.cursor ? after(composer) : end);
}

function cutToLineStart(composer: Composer): Composer {
  const start = lineStart(composer.text, composer.cursor);
  return cut(composer, start === composer.cursor ? before(composer) : start, composer.cursor);
}

const edits = {
  newline: (composer) => insert(composer, '\n'),
  deleteBackward: (composer) => remove(composer, before(composer), composer.cursor),
  deleteForward: (composer) => remove(composer, composer.cursor, after(composer)),
  deleteWordBackward: (composer) => cut(composer, wordStart(composer.text, composer.cursor), composer.cursor),
  deleteWordForward: (composer) => cut(composer, composer.cursor, wordEnd(composer.text, composer.cursor)),
  cutToLineEnd,
  cutToLineStart,
  yank: (composer) => insert(composer, composer.cut),
  left: (composer) => moveTo(composer, before(composer)),
  right: (composer) => moveTo(composer, after(composer)),
  wordLeft: (composer) => moveTo(composer, wordStart(composer.text, composer.cursor)),
  wordRight: (composer) => moveTo(composer, wordEnd(composer.text, composer.cursor)),
  lineStart: (composer) => moveTo(composer, lineStart(composer.text, composer.cursor)),
  lineEnd: (composer) => moveTo(composer, lineEnd(composer.text, composer.cursor)),
} satisfies Record<string, Change>;

/** Makes one edit. */
export function edit(composer: Composer, name: Edit): Composer {
  return edits[name](composer);
}
