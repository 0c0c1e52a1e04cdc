import { textOf } from '../protocol/prompt-text.ts';
import { isSpoken } from '../protocol/spoken-item.ts';
import type { ThreadItem } from '../protocol/types/item.ts';

/** One place of a text, with the words around it. The range counts UTF-16 units of the snippet. */
export interface Occurrence {
  readonly turnId: string;
  readonly itemId: string;
  readonly snippet: string;
  readonly snippetMatchRange: { readonly start: number; readonly end: number };
}

/** How much stands around the place in a snippet, as in the reference. */
const BEFORE_CHARACTERS = 48;
const AFTER_CHARACTERS = 96;

/** What is searched of an item: what people and the model said. */
export function searchedText(item: ThreadItem): string {
  if (item.type === 'userMessage') return textOf(item.content);
  return isSpoken(item) ? item.text : '';
}

/** Every place of a text in an item, in order, whatever its case. */
export function occurrencesIn(turnId: string, item: ThreadItem, term: string): Occurrence[] {
  const text = searchedText(item).replace(/\s+/g, ' ');
  const wanted = new RegExp(escaped(term.replace(/\s+/g, ' ')), 'giu');
  return [...text.matchAll(wanted)].map((match) => ({
    turnId,
    itemId: item.id,
    ...snippetOf(text, match.index, match[0].length),
  }));
}

const escaped = (term: string): string => term.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function snippetOf(text: string, at: number, length: number): Pick<Occurrence, 'snippet' | 'snippetMatchRange'> {
  const from = Math.max(0, at - BEFORE_CHARACTERS);
  const to = Math.min(text.length, at + length + AFTER_CHARACTERS);
  const head = from > 0 ? '... ' : '';
  const tail = to < text.length ? ' ...' : '';
  const start = head.length + at - from;
  return {
    snippet: `${head}${text.slice(from, to)}${tail}`,
    snippetMatchRange: { start, end: start + length },
  };
}
