import type { FileUpdateChange } from '../../../machines/protocol/types/item.ts';
import type { StyleName } from '../theme.ts';
import { type Line, span } from './line.ts';
import { sanitize, sanitizeRow } from './sanitize.ts';
import { wrapWithPrefix } from './wrap.ts';

/** One line of a change: its sign, its number in the new file (in the old one when removed), its text. */
interface DiffLine {
  readonly sign: '+' | '-' | ' ' | '@';
  readonly number: number | null;
  readonly text: string;
}

const STYLE_OF_SIGN: Readonly<Record<DiffLine['sign'], StyleName>> = {
  '+': 'added',
  '-': 'removed',
  ' ': 'plain',
  '@': 'hunk',
};
const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
const MIN_COLUMNS_FOR_NUMBERS = 40;

export interface ChangeCount {
  readonly added: number;
  readonly removed: number;
}

export function countChanges(change: FileUpdateChange): ChangeCount {
  const lines = diffLines(change);
  const count = (sign: string) => lines.filter((line) => line.sign === sign).length;
  return { added: count('+'), removed: count('-') };
}

/** `path (+3 -1)`, with the new path of a moved file; below `cwd` without it. */
export function changeTitle(change: FileUpdateChange, cwd: string): string {
  const { added, removed } = countChanges(change);
  const below = (path: string) => (path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path);
  const moved = change.kind.type === 'update' && change.kind.move_path ? ` → ${below(change.kind.move_path)}` : '';
  return sanitizeRow(`${below(change.path)}${moved} (+${added} -${removed})`);
}

/** The rows of one file's change. */
export function diffRows(change: FileUpdateChange, columns: number): Line[] {
  const lines = diffLines(change);
  const digits = String(Math.max(0, ...lines.map((line) => line.number ?? 0))).length;
  return lines.flatMap(({ sign, number, text }) => {
    if (sign === '@') return wrapWithPrefix([[span(text, 'hunk')]], columns, span(''), span(''));
    const gutter = columns < MIN_COLUMNS_FOR_NUMBERS ? '' : `${String(number ?? '').padStart(digits)} `;
    const style = STYLE_OF_SIGN[sign];
    return wrapWithPrefix(
      [[span(text, style)]],
      columns,
      span(`${gutter}${sign} `, style),
      span(`${' '.repeat(gutter.length)}  `, style),
    );
  });
}

/** A whole file's text for one that is added or deleted, else a unified diff's body. */
function diffLines({ kind, diff }: FileUpdateChange): DiffLine[] {
  const lines = sanitize(diff).replace(/\n$/, '').split('\n');
  if (kind.type === 'update') return hunkLines(lines);
  const sign = kind.type === 'add' ? '+' : '-';
  return diff === '' ? [] : lines.map((text, index) => ({ sign, number: index + 1, text }));
}

function hunkLines(lines: readonly string[]): DiffLine[] {
  let oldNumber = 1;
  let newNumber = 1;
  return lines.flatMap((line): DiffLine[] => {
    const hunk = HUNK.exec(line);
    if (hunk || line.startsWith('@@')) {
      oldNumber = Number(hunk?.[1] ?? oldNumber);
      newNumber = Number(hunk?.[2] ?? newNumber);
      return [{ sign: '@', number: null, text: line }];
    }
    const text = line.slice(1);
    if (line.startsWith('+')) return [{ sign: '+', number: newNumber++, text }];
    if (line.startsWith('-')) return [{ sign: '-', number: oldNumber++, text }];
    if (line.startsWith('\\')) return [];
    oldNumber += 1;
    return [{ sign: ' ', number: newNumber++, text }];
  });
}
