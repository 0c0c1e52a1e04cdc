import { PassThrough } from 'node:stream';
import blessed from 'blessed';
import { cellAttribute, type StyleName } from './theme.ts';
import type { Frame } from './view/frame.ts';
import { type Line, type Size, styledGlyphs } from './view/line.ts';
import { clusterWidth, isUncertain, textWidth } from './view/width.ts';

/** The part of a terminal's output stream that is used; `process.stdout` fits. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

export interface ScreenOptions {
  readonly output: OutputStream;
  /** The terminal's type, such as `xterm-256color`. */
  readonly terminal: string;
  readonly hasColour: boolean;
  readonly onResize: (size: Size) => void;
}

/** A terminal that shows frames. */
export interface Screen {
  size(): Size;
  draw(frame: Frame): void;
  /** Draws every cell anew at the next `draw`. */
  forget(): void;
  /** Writes control sequences past the cells. */
  write(sequences: string): void;
  /** Leaves the alternate screen and gives the cursor back. */
  close(): void;
}

/** What blessed has and its types do not tell. */
interface Insides {
  readonly lines: (Cell[] & { dirty: boolean })[];
  readonly tput: { brokenACS: boolean };
  readonly program: {
    readonly cols: number;
    readonly rows: number;
    cursorHidden: boolean;
    cup(row: number, column: number): void;
    showCursor(): void;
    hideCursor(): void;
    flush(): void;
    _write(text: string): void;
    destroy(): void;
  };
  realloc(): void;
  render(): void;
  destroy(): void;
  on(event: 'resize', listener: () => void): void;
}
type Cell = [attribute: number, character: string];

/** Stands in the cell behind a wide character: blessed skips it. */
const WIDE_TAIL = '\u0000';

/**
 * Opens a screen on blessed: its cell buffer, its painter and its alternate screen are used, nothing else. Keys go
 * past it: it is given an input that never speaks, since its own parser loses pastes and modifiers (libraries.md §3).
 */
export function openScreen({ output, terminal, hasColour, onResize }: ScreenOptions): Screen {
  replaceWidthTable();
  const options = { input: silentInput(), output, terminal, fullUnicode: true, forceUnicode: true, resizeTimeout: 30 };
  const screen = blessed.screen(options as unknown as blessed.Widgets.IScreenOptions) as unknown as Insides;
  // Without this, lines and dots go through the VT100 alternate character set, which copies out of tmux as letters.
  screen.tput.brokenACS = true;
  const canvas = blessed.box({ parent: screen as unknown as blessed.Widgets.Screen, width: '100%', height: '100%' });
  let frame: Frame = { lines: [], cursor: null };
  canvas.render = () => {
    paint(screen.lines, frame.lines, hasColour);
    return undefined as unknown as ReturnType<typeof canvas.render>;
  };
  const size = (): Size => ({ columns: screen.program.cols, rows: screen.program.rows });
  screen.on('resize', () => onResize(size()));

  return {
    size,
    draw(next) {
      frame = next;
      screen.render();
      placeCursor(screen, next);
      screen.program.flush();
    },
    forget: () => screen.realloc(),
    write(sequences) {
      screen.program._write(sequences);
      screen.program.flush();
    },
    close() {
      screen.program.flush();
      screen.destroy();
    },
  };
}

/** Writes rows into the cell buffer and marks those that changed. */
function paint(cells: Insides['lines'], lines: readonly Line[], hasColour: boolean): void {
  cells.forEach((row, y) => {
    let x = 0;
    let anchor = '';
    const put = (style: StyleName, character: string): void => {
      const cell = row[x];
      const attribute = cellAttribute(style, hasColour);
      if (cell && (cell[0] !== attribute || cell[1] !== character)) {
        row[x] = [attribute, character];
        row.dirty = true;
      }
      x += 1;
    };
    for (const { text, width, style } of styledGlyphs(lines[y] ?? [])) {
      if (width === 0) continue;
      if (x + width > row.length) break;
      put(style, anchor + text);
      if (width === 2) put(style, WIDE_TAIL);
      anchor = isUncertain(text) ? `\u001b[${x + 1}G` : '';
    }
    while (x < row.length) {
      put('plain', `${anchor} `);
      anchor = '';
    }
  });
}

function placeCursor({ program }: Insides, { cursor }: Frame): void {
  if (cursor === null) {
    if (!program.cursorHidden) program.hideCursor();
    return;
  }
  program.cup(Math.min(cursor.row, program.rows - 1), Math.min(cursor.column, program.cols - 1));
  if (program.cursorHidden) program.showCursor();
}

/** blessed counts an emoji as one cell, a family of them as three. Its painter asks through the module's object. */
function replaceWidthTable(): void {
  const { unicode } = blessed as unknown as { unicode: { charWidth: (text: string | number) => number } };
  unicode.charWidth = (text) => {
    if (typeof text === 'number') return clusterWidth(String.fromCodePoint(text));
    return text.length === 1 ? clusterWidth(text) : textWidth(visibleOf(text));
  };
}

/** A cell's character without the sequence that places it. */
function visibleOf(text: string): string {
  return text.charCodeAt(0) === 27 ? text.slice(text.indexOf('G') + 1) : text;
}

function silentInput(): PassThrough {
  return Object.assign(new PassThrough(), { isTTY: true, isRaw: true, setRawMode: () => undefined });
}
