/** A change of one file: its whole text before and after. */
export interface TextChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

interface Span {
  /** First line and line after the last one, counted from 0, in the text before. */
  readonly from: number;
  readonly to: number;
  readonly added: readonly string[];
}

const CONTEXT_LINES = 3;

/** A patch that makes the changes (agent.md §8). Each chunk has enough context to fit in one place only. */
export function updatePatch(changes: readonly TextChange[]): string {
  return patchOf(changes.filter(({ before, after }) => before !== after).flatMap(updateSection));
}

/** A patch that makes a new file. An empty one has no line at all. */
export function addPatch(path: string, content: string): string {
  return patchOf([`*** Add File: ${path}`, ...linesOf(content).map((line) => `+${line}`)]);
}

/** A patch that puts a line behind the last one. */
export function appendPatch(path: string, line: string): string {
  return patchOf([`*** Update File: ${path}`, '@@', ...line.split('\n').map((part) => `+${part}`)]);
}

function patchOf(lines: readonly string[]): string {
  return ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n');
}

/** Lines without their ends; a line break at the very end closes the last line. */
export function linesOf(text: string): readonly string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function updateSection({ path, before, after }: TextChange): readonly string[] {
  const old = linesOf(before);
  const chunks: string[] = [];
  let cursor = 0;
  const spans = spansOf(old, linesOf(after));
  spans.forEach((span, index) => {
    const limit = spans[index + 1]?.from ?? old.length;
    const { from, to } = widen(old, span, cursor, limit);
    const context = (start: number, end: number): readonly string[] => old.slice(start, end).map((line) => ` ${line}`);
    const removed = old.slice(span.from, span.to).map((line) => `-${line}`);
    chunks.push(
      '@@',
      ...context(from, span.from),
      ...removed,
      ...span.added.map((line) => `+${line}`),
      ...context(span.to, to),
    );
    // The next chunk is searched for behind this one's context.
    cursor = to;
  });
  return [`*** Update File: ${path}`, ...chunks];
}

/** Line by line where the count is the same; else one span between the common start and the common end. */
function spansOf(old: readonly string[], now: readonly string[]): readonly Span[] {
  if (old.length !== now.length) return [spanBetween(old, now)];
  const spans: Span[] = [];
  for (let at = 0; at < old.length; at += 1) {
    if (old[at] === now[at]) continue;
    const from = at;
    while (at < old.length && old[at] !== now[at]) at += 1;
    spans.push({ from, to: at, added: now.slice(from, at) });
  }
  return mergeNear(spans, now);
}

/** Spans whose context would overlap become one. */
function mergeNear(spans: readonly Span[], now: readonly string[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    const isNear = last !== undefined && span.from - last.to <= 2 * CONTEXT_LINES;
    if (isNear) merged[merged.length - 1] = { from: last.from, to: span.to, added: now.slice(last.from, span.to) };
    else merged.push(span);
  }
  return merged;
}

function spanBetween(old: readonly string[], now: readonly string[]): Span {
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < shorter - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  return { from: start, to: old.length - end, added: now.slice(start, now.length - end) };
}

/** Takes in context, from three lines on, until the old lines are first found where they are meant. */
function widen(old: readonly string[], span: Span, cursor: number, limit: number): { from: number; to: number } {
  for (let context = CONTEXT_LINES; ; context *= 2) {
    const from = Math.max(cursor, span.from - context);
    const to = Math.min(limit, span.to + context);
    const isWhole = from === cursor && to === limit;
    if (isWhole || firstPlace(old, from, to, cursor) === from) return { from, to };
  }
}

function firstPlace(old: readonly string[], from: number, to: number, cursor: number): number {
  const sought = old.slice(from, to).map((line) => line.trim());
  for (let at = cursor; at < from; at += 1) {
    if (sought.every((line, index) => (old[at + index] ?? '').trim() === line)) return at;
  }
  return from;
}
