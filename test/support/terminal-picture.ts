/** A terminal's screen with its colours as an SVG picture. */
import type { IBufferCell, Terminal } from '@xterm/headless';

export interface PictureOptions {
  /** Written into the window's bar, and read out by screen readers. */
  readonly title: string;
}

/** Cells of one row that look the same. */
interface Run {
  readonly column: number;
  readonly width: number;
  readonly text: string;
  readonly style: Style;
}

interface Style {
  readonly front: string;
  readonly back: string | null;
  readonly isBold: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
}

const CELL = { width: 8.4, height: 18, fontSize: 14 } as const;
const MARGIN = 14;
const BAR = 34;
const PAPER = '#16181d';
const INK = '#d7dae0';
const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** The sixteen named colours, black to bright white. */
const NAMED = (
  '#2b303b #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #abb2bf ' +
  '#6b7385 #ef8a92 #b2d99a #f0d399 #8cc6f5 #d79be8 #7fd0da #ffffff'
).split(' ');

const hex = (parts: readonly number[]): string =>
  `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

/** One of the 256 colours of the palette: sixteen names, a cube of 6 × 6 × 6, 24 greys. */
export function paletteColor(index: number): string {
  if (index < 16) return NAMED[index] ?? INK;
  if (index >= 232) return hex(Array.from({ length: 3 }, () => 8 + (index - 232) * 10));
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

function colorOf(isPalette: boolean, isRgb: boolean, value: number): string | null {
  if (isPalette) return paletteColor(value);
  return isRgb ? `#${value.toString(16).padStart(6, '0')}` : null;
}

/** Two colours as one: `share` of the first. */
function mixed(first: string, second: string, share: number): string {
  const part = (color: string, at: number): number => Number.parseInt(color.slice(1 + at * 2, 3 + at * 2), 16);
  return hex([0, 1, 2].map((at) => Math.round(part(first, at) * share + part(second, at) * (1 - share))));
}

function styleOf(cell: IBufferCell): Style {
  const front = colorOf(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor()) ?? INK;
  const back = colorOf(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor());
  const isInverse = cell.isInverse() !== 0;
  const [ink, paper] = isInverse ? [back ?? PAPER, front] : [front, back];
  return {
    front: cell.isDim() !== 0 ? mixed(ink, paper ?? PAPER, 0.6) : ink,
    back: paper,
    isBold: cell.isBold() !== 0,
    isItalic: cell.isItalic() !== 0,
    isUnderlined: cell.isUnderline() !== 0,
  };
}

const isSame = (a: Style, b: Style): boolean => JSON.stringify(a) === JSON.stringify(b);

function runsOf(terminal: Terminal, row: number): readonly Run[] {
  const { active } = terminal.buffer;
  const line = active.getLine(active.viewportY + row);
  const runs: Run[] = [];
  for (let column = 0; column < terminal.cols; column += 1) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const [text, width, style] = [cell.getChars() || ' ', cell.getWidth(), styleOf(cell)];
    const last = runs.at(-1);
    // Wide characters stand alone: their fonts are not as wide as two cells everywhere.
    if (last && width === 1 && last.width === last.text.length && isSame(last.style, style))
      runs[runs.length - 1] = { ...last, width: last.width + 1, text: last.text + text };
    else runs.push({ column, width, text, style });
  }
  return runs;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number): number => Math.round(value * 100) / 100;

function drawRun({ column, width, text, style }: Run, row: number): string {
  const [x, y] = [round(MARGIN + column * CELL.width), BAR + row * CELL.height];
  const length = round(width * CELL.width);
  const back =
    style.back === null
      ? ''
      : `<rect x="${x}" y="${y}" width="${length}" height="${CELL.height}" fill="${style.back}"/>`;
  const words = text.trim();
  if (words === '') return back;
  // Blanks at the ends are only room: not every viewer keeps them.
  const start = round(x + (text.length - text.trimStart().length) * CELL.width);
  const wordsLength = words.length === text.length ? length : round(words.length * CELL.width);
  const looks = [
    style.front === INK ? '' : ` fill="${style.front}"`,
    style.isBold ? ' font-weight="bold"' : '',
    style.isItalic ? ' font-style="italic"' : '',
    style.isUnderlined ? ' text-decoration="underline"' : '',
  ].join('');
  return `${back}<text x="${start}" y="${y + 13}" textLength="${wordsLength}"${looks}>${escaped(words)}</text>`;
}

/** @returns a complete SVG document of what the terminal shows now */
export function drawTerminal(terminal: Terminal, { title }: PictureOptions): string {
  const width = Math.ceil(terminal.cols * CELL.width + 2 * MARGIN);
  const height = BAR + terminal.rows * CELL.height + MARGIN;
  const rows = Array.from({ length: terminal.rows }, (_, row) =>
    runsOf(terminal, row)
      .map((run) => drawRun(run, row))
      .join(''),
  ).filter((row) => row !== '');
  const dots = ['#e06c75', '#e5c07b', '#98c379'].map(
    (fill, at) => `<circle cx="${20 + at * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" rx="9" fill="${PAPER}"/>`,
    dots.join(''),
    `<text x="${width / 2}" y="22" text-anchor="middle" font-family="system-ui, sans-serif" font-size="13" fill="#8b93a3">${escaped(title)}</text>`,
    `<g font-family="${FONT}" font-size="${CELL.fontSize}" fill="${INK}" xml:space="preserve">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
