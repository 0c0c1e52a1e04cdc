import { EMPTY_LINE, type Line, lineWidth, padLine, row, span } from './line.ts';
import { wrapLine } from './wrap.ts';

export type Alignment = 'left' | 'right' | 'center' | null;

/** A table: the first row is its head. */
export interface Table {
  readonly rows: readonly (readonly Line[])[];
  /** One for each column. */
  readonly alignments: readonly Alignment[];
}

const GAP = ' │ ';
const CROSS = '─┼─';
/** A column that were narrower than this is not worth reading. */
const MIN_COLUMN = 6;

/** A table as rows of at most `columns` cells. One that is too wide has its widest columns wrapped, then its rows listed. */
export function tableLines({ rows, alignments }: Table, columns: number): Line[] {
  const natural = alignments.map((_, at) => Math.max(1, ...rows.map((cells) => lineWidth(cells[at] ?? EMPTY_LINE))));
  const widths = fitted(natural, columns - GAP.length * (natural.length - 1));
  if (widths === null) return rows.flatMap((cells) => wrapLine(joined(cells), columns));
  const rule = row(widths.map((width) => '─'.repeat(width)).join(CROSS), 'dim');
  const isWrapped = widths.some((width, at) => width < (natural[at] ?? 0));
  const [head = [], ...body] = rows.map((cells) => rowLines(cells, widths, alignments));
  // Where a cell takes several rows, a rule tells where the next one begins.
  const lines = body.flatMap((cells, at) => (isWrapped && at > 0 ? [rule, ...cells] : cells));
  return [...head, rule, ...lines];
}

/** Widths that fit: the widest columns give way first. Null when some would become too narrow. */
function fitted(natural: readonly number[], available: number): readonly number[] | null {
  const least = natural.reduce((sum, width) => sum + Math.min(width, MIN_COLUMN), 0);
  if (least > available) return null;
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function rowLines(cells: readonly Line[], widths: readonly number[], alignments: readonly Alignment[]): Line[] {
  const wrapped = widths.map((width, at) => wrapLine(cells[at] ?? EMPTY_LINE, width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    joined(
      wrapped.map((lines, column) => aligned(lines[at] ?? EMPTY_LINE, widths[column] ?? 0, alignments[column] ?? null)),
    ),
  );
}

function aligned(line: Line, width: number, alignment: Alignment): Line {
  const missing = Math.max(0, width - lineWidth(line));
  const before = alignment === 'right' ? missing : alignment === 'center' ? Math.floor(missing / 2) : 0;
  return padLine(before === 0 ? line : [span(' '.repeat(before)), ...line], width);
}

const joined = (cells: readonly Line[]): Line =>
  cells.flatMap((cell, at) => (at === 0 ? [...cell] : [span(GAP, 'dim'), ...cell]));
