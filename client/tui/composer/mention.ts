import type { Composer } from './composer.ts';
import { replace } from './edit.ts';

/** An `@…` that the cursor stands in or behind. */
export interface Mention {
  /** What follows the `@`: some letters of a path. */
  readonly query: string;
  /** From the `@` to the end of the word, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** Only an `@` that begins a word: one inside of it is part of an address. */
export function mentionAt({ text, cursor }: Pick<Composer, 'text' | 'cursor'>): Mention | null {
  const typed = /(?:^|\s)@(\S*)$/u.exec(text.slice(0, cursor))?.[1];
  if (typed === undefined) return null;
  const rest = /^\S*/u.exec(text.slice(cursor))?.[0] ?? '';
  return { query: typed + rest, start: cursor - typed.length - 1, end: cursor + rest.length };
}

/** Puts a path in the mention's place and goes on behind it. */
export function mentionPath(composer: Composer, { start, end }: Mention, path: string): Composer {
  const isFollowed = /^\s/u.test(composer.text.slice(end));
  const next = replace(composer, start, end, isFollowed ? quotedPath(path) : `${quotedPath(path)} `);
  return isFollowed ? { ...next, cursor: next.cursor + 1 } : next;
}

/** A path with blanks, quotes or control characters would not be read as one word. */
const quotedPath = (path: string): string => (/[\s"'\p{C}]/u.test(path) ? JSON.stringify(path) : path);
