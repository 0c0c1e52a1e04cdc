import { type Model, runningTurn } from '../model.ts';
import type { Overlay } from '../overlays/overlay.ts';
import { viewCompletion } from './completion-view.ts';
import { MAX_COMPOSER_ROWS, viewComposer } from './composer-view.ts';
import { EMPTY_LINE, fitLine, type Line, lineWidth, type Size, span } from './line.ts';
import { statusLine, workingLine } from './status-line.ts';
import { transcriptWindow } from './transcript.ts';

/** A whole screen: exactly as many rows as the terminal has, and where its cursor stands. */
export interface Frame {
  readonly lines: readonly Line[];
  readonly cursor: { readonly row: number; readonly column: number } | null;
}

/** What stands below the transcript. */
interface Bottom {
  readonly lines: readonly Line[];
  readonly cursor: { readonly row: number; readonly column: number } | null;
}

/** The whole picture of a model. Pure: the same model gives the same frame. */
export function viewFrame(model: Model): Frame {
  const { columns, rows } = model.size;
  const overlay = model.overlays.at(-1);
  const status = statusLine(model, columns);
  if (overlay?.placement === 'screen') {
    const space = { columns, rows: Math.max(1, rows - 1) };
    return {
      lines: filled([...filled(overlay.view({ model, size: model.size }, space), space.rows), status], rows),
      cursor: null,
    };
  }
  const bottom = viewBottom(model, overlay);
  const transcriptRows = Math.max(0, rows - bottom.lines.length - 1);
  const above = transcriptLines(model, transcriptRows);
  const cursor = bottom.cursor && { row: transcriptRows + bottom.cursor.row, column: bottom.cursor.column };
  return { lines: filled([...above, ...bottom.lines, status], rows), cursor };
}

/** How many rows of the transcript are seen: a page to scroll by. */
export function transcriptSize(model: Model): Size {
  const { columns, rows } = model.size;
  const bottom = viewBottom(model, model.overlays.at(-1));
  return { columns, rows: Math.max(1, rows - bottom.lines.length - 1) };
}

function transcriptLines(model: Model, rows: number): Line[] {
  const { columns } = model.size;
  const { lines, hasMore } = transcriptWindow(model, model, { columns, rows });
  const shown = filled(lines, rows);
  return hasMore && rows > 1 ? [...shown.slice(0, -1), moreBelow(columns)] : shown;
}

/** The last row of a transcript that is scrolled up. */
export function moreBelow(columns: number): Line {
  const text = [span('↓ more', 'selected'), span(' (pgdn, ctrl+end)', 'dim')];
  const left = Math.max(0, columns - lineWidth(text));
  return fitLine([span(' '.repeat(Math.floor(left / 2))), ...text], columns);
}

function viewBottom(model: Model, overlay: Overlay | undefined): Bottom {
  const { columns, rows } = model.size;
  const working = rows >= 6 ? workingLine(model, columns) : null;
  const head = working === null ? [] : [working];
  if (overlay?.placement === 'panel') {
    const space = { columns, rows: Math.max(1, Math.min(rows - 2, Math.max(5, Math.floor(rows * 0.6)))) };
    return { lines: overlay.view({ model, size: model.size }, space).slice(0, space.rows), cursor: null };
  }
  const gap = rows >= 12 ? [EMPTY_LINE] : [];
  const composerRows = Math.max(1, Math.min(MAX_COMPOSER_ROWS, rows - 2 - head.length - gap.length - 1));
  const composer = viewComposer(model.composer, columns, composerRows, placeholder(model));
  const popup = viewCompletion(model, columns, Math.max(1, rows - composer.lines.length - head.length - 2));
  const above = [...gap, ...head, ...popup];
  return {
    lines: [...above, ...composer.lines],
    cursor: { row: above.length + composer.cursor.row, column: composer.cursor.column },
  };
}

function placeholder(model: Model): string {
  if (model.role === 'observer') return 'Watching: prompts are for operators';
  return runningTurn(model) === null ? 'Ask for anything, / for commands' : 'Enter steers the turn, Tab queues';
}

function filled(lines: readonly Line[], rows: number): Line[] {
  const shown = lines.slice(0, rows);
  return [...shown, ...Array.from({ length: rows - shown.length }, () => EMPTY_LINE)];
}
