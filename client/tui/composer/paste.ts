import { sanitize } from '../view/sanitize.ts';
import type { Composer } from './composer.ts';
import { insert } from './edit.ts';

/** Pastes beyond either are shown as a label. */
const MAX_PASTE_LINES = 10;
const MAX_PASTE_LENGTH = 1000;

/** Puts pasted text in; a large one as a label such as `[Pasted text #1, 12 lines]` that `expand` resolves. */
export function paste(composer: Composer, pasted: string): Composer {
  const text = sanitize(pasted);
  const lines = text.split('\n').length;
  if (lines <= MAX_PASTE_LINES && text.length <= MAX_PASTE_LENGTH) return insert(composer, text);
  const label = `[Pasted text #${composer.pastes.length + 1}, ${lines} ${lines === 1 ? 'line' : 'lines'}]`;
  return insert({ ...composer, pastes: [...composer.pastes, { label, text }] }, label);
}

/** The text with every label replaced by what was pasted. Labels inside of pasted text stay as they are. */
export function expand({ text, pastes }: Composer): string {
  return text.replace(/\[Pasted text #\d+, \d+ lines?\]/g, (label) => {
    return pastes.find((known) => known.label === label)?.text ?? label;
  });
}
