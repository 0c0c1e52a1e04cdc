import { textWidth, truncate } from '../tui/view/width.ts';

/** Rows of cells as aligned columns, each line cut to `columns`; the last cell of a row is not padded. */
export function tableText(rows: readonly (readonly string[])[], columns: number): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...rows.map((row) => textWidth(row[at] ?? ''))));
  const padded = (cell: string, at: number, row: readonly string[]): string =>
    at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - textWidth(cell));
  return rows.map((row) => truncate(row.map(padded).join('  ').trimEnd(), columns)).join('\n');
}
