import type { Model, ScrollAnchor } from '../model.ts';
import { entriesFromEnd } from './entries.ts';
import type { ItemContext } from './items.ts';
import { EMPTY_LINE, type Line, type Size } from './line.ts';

/** The part of the transcript that is on the screen. */
export interface TranscriptWindow {
  readonly lines: readonly Line[];
  /** Whether something stands below. */
  readonly hasMore: boolean;
}

/** How the transcript is shown: by itself, or in the pager with a place and a detail of its own. */
export interface TranscriptView {
  readonly scroll: ScrollAnchor | null;
  readonly detail: 'short' | 'full';
}

const contextOf = (model: Model, { detail }: TranscriptView, columns: number): ItemContext => ({
  columns,
  detail,
  seat: model.seat,
  cwd: model.snapshot.settings.cwd,
  isInterrupted: false,
});

/** The rows to show: the end of the transcript, or from the anchor on while it is scrolled up. */
export function transcriptWindow(model: Model, view: TranscriptView, { columns, rows }: Size): TranscriptWindow {
  const offset = view.scroll === null ? 0 : offsetOf(model, view, columns, rows);
  const needed = offset + rows;
  const lines: Line[] = [];
  let below = 0;
  for (const piece of piecesFromEnd(model, contextOf(model, view, columns))) {
    for (let at = piece.length - 1; at >= 0 && below < needed; at -= 1, below += 1) {
      if (below >= offset) lines.push(pieceRow(piece, at));
    }
    if (below >= needed) break;
  }
  return { lines: lines.reverse(), hasMore: offset > 0 };
}

/** The anchor after scrolling by `step` rows (up is positive), or null when the end is in sight. */
export function scrolled(model: Model, view: TranscriptView, size: Size, step: number): ScrollAnchor | null {
  const { columns, rows } = size;
  const offset = view.scroll === null ? 0 : offsetOf(model, view, columns, rows);
  const wanted = Math.max(0, offset + step);
  return wanted === 0 ? null : anchorAt(model, view, size, wanted);
}

/** Rows below the window that begins at the anchor. An anchor that is gone is the end. */
function offsetOf(model: Model, view: TranscriptView, columns: number, rows: number): number {
  let below = 0;
  for (const { key, length } of piecesFromEnd(model, contextOf(model, view, columns))) {
    below += length;
    if (key === view.scroll?.key) return Math.max(0, below - Math.min(view.scroll.row, length) - rows);
  }
  return 0;
}

/** The top row of the window with `offset` rows below it; the transcript's first row at most. */
function anchorAt(model: Model, view: TranscriptView, { columns, rows }: Size, offset: number): ScrollAnchor | null {
  let below = 0;
  let first: ScrollAnchor | null = null;
  for (const { key, length } of piecesFromEnd(model, contextOf(model, view, columns))) {
    below += length;
    if (below >= offset + rows) return { key, row: below - offset - rows };
    first = { key, row: 0 };
  }
  return below <= rows ? null : first;
}

interface Piece {
  readonly key: string;
  readonly rows: readonly Line[];
  /** Rows with the empty one that stands above all pieces but the first. */
  readonly length: number;
}

/** Row `at` of a piece, the empty one above it included. */
function pieceRow({ rows, length }: Piece, at: number): Line {
  return rows[at - (length - rows.length)] ?? EMPTY_LINE;
}

/** Entries that show something, the last first. */
function* piecesFromEnd(model: Model, context: ItemContext): Generator<Piece> {
  let later: { readonly key: string; readonly rows: readonly Line[] } | null = null;
  for (const entry of entriesFromEnd(model, context)) {
    const rows = entry.rows();
    if (rows.length === 0) continue;
    if (later !== null) yield { ...later, length: later.rows.length + 1 };
    later = { key: entry.key, rows };
  }
  if (later !== null) yield { ...later, length: later.rows.length };
}
