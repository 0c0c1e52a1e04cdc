import { type Composer, withText } from './composer.ts';

/** Steps to an older (-1) or newer (1) prompt; past the newest comes back what was being written. Null when there is none. */
export function browse(composer: Composer, step: -1 | 1): Composer | null {
  const { history, browsing, text } = composer;
  if (browsing === null && step === 1) return null;
  const index = (browsing?.index ?? history.length) + step;
  const draft = browsing?.draft ?? text;
  if (index === history.length) return { ...withText(composer, draft), browsing: null };
  const entry = history[index];
  return entry === undefined ? null : { ...withText(composer, entry), browsing: { index, draft } };
}

/** Remembers a sent prompt; the same one twice in a row is kept once. */
export function remember(composer: Composer, prompt: string): Composer {
  if (prompt.trim() === '' || composer.history.at(-1) === prompt) return composer;
  return { ...composer, history: [...composer.history, prompt] };
}
