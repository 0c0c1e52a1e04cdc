import type { Paste } from './composer.ts';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Grapheme clusters do not reach over a line feed, so that only the line around the cursor is cut up. */
const LINE_FEED = '\n';

/** The end of the grapheme cluster (or of a paste's label) that begins at `at`. */
export function nextBoundary(text: string, at: number, pastes: readonly Paste[]): number {
  if (at >= text.length) return text.length;
  const label = pastes.find((paste) => text.startsWith(paste.label, at));
  if (label) return at + label.label.length;
  const lineEnd = text.indexOf(LINE_FEED, at);
  if (lineEnd === at) return at + 1;
  const [first] = segmenter.segment(text.slice(at, lineEnd < 0 ? text.length : lineEnd));
  return at + (first?.segment.length ?? 1);
}

/** The start of the grapheme cluster (or of a paste's label) that ends at `at`. */
export function previousBoundary(text: string, at: number, pastes: readonly Paste[]): number {
  if (at <= 0) return 0;
  const label = pastes.find((paste) => text.endsWith(paste.label, at));
  if (label) return at - label.label.length;
  const lineStart = text.lastIndexOf(LINE_FEED, at - 1) + 1;
  if (lineStart === at) return at - 1;
  let last = 0;
  for (const { index } of segmenter.segment(text.slice(lineStart, at))) last = index;
  return lineStart + last;
}

/** The start of the word before `at`. */
export function wordStart(text: string, at: number): number {
  const head = text.slice(0, at);
  return head.replace(/\S+\s*$|\s+$/u, '').length;
}

/** The end of the word after `at`. */
export function wordEnd(text: string, at: number): number {
  const match = /^\s*\S*/u.exec(text.slice(at));
  return at + (match?.[0].length ?? 0);
}

export function lineStart(text: string, at: number): number {
  return at <= 0 ? 0 : text.lastIndexOf(LINE_FEED, at - 1) + 1;
}

export function lineEnd(text: string, at: number): number {
  const end = text.indexOf(LINE_FEED, at);
  return end < 0 ? text.length : end;
}
