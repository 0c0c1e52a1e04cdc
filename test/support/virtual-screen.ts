import { PassThrough, Writable } from 'node:stream';
import headless from '@xterm/headless';
import { runTui, type TuiExit, type TuiOptions } from '../../client/tui/app.ts';
import { clusterWidth } from '../../client/tui/view/width.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

export interface VirtualScreenOptions extends Partial<Omit<TuiOptions, 'input' | 'output'>> {
  readonly link: TuiOptions['link'];
  readonly threadId: string;
  /** 80 and 24 unless told. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface WaitOptions {
  /** Milliseconds until it gives up; `WAIT_LIMIT_MS` unless told. */
  readonly timeout?: number;
}

/** `runTui` in a terminal of its own: what a person would see, and the keys that a person would press. */
export interface VirtualScreen {
  /** All rows, blanks at their ends cut. */
  screenText(): string;
  /** Waits until the screen fits; rejects with the screen's text when it does not in time. */
  waitForText(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
  /** Waits until the text is gone. */
  waitForNoText(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
  /** Sends input as a terminal would: text, or sequences such as `\r` and `\u001b[A`. */
  type(text: string): void;
  resize(columns: number, rows: number): void;
  cursor(): { readonly row: number; readonly column: number };
  /** Every byte written so far. */
  readonly output: () => string;
  readonly exit: Promise<TuiExit>;
  /** Leaves the interface if it still runs, and waits for its end. */
  close(): Promise<void>;
}

/** Starts the interface; waits until the first frame is on the screen. */
export async function openVirtualScreen(options: VirtualScreenOptions): Promise<VirtualScreen> {
  const { columns = 80, rows = 24, ...rest } = options;
  const terminal = createTerminal(columns, rows);
  const output = new TerminalOutput(terminal, columns, rows);
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const exit = runTui({
    initialPrompt: null,
    role: 'operator',
    cwd: '/home/user/project',
    notices: [],
    env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', HOME: '/home/user' },
    seat: { pid: 123, terminal: '/dev/pts/3' },
    newThread: () => Promise.reject(new Error('this test makes no threads')),
    openUrl: () => undefined,
    ...rest,
    input,
    output,
  });
  exit.catch(() => undefined);
  const text = (): string => screenText(terminal);
  const waitFor =
    (isThere: boolean) =>
    (pattern: string | RegExp, wait: WaitOptions = {}) =>
      output.waitUntil(
        () => matches(text(), pattern) === isThere,
        text,
        `${isThere ? '' : 'no '}${pattern}`,
        wait.timeout,
      );

  const screen: VirtualScreen = {
    screenText: text,
    waitForText: waitFor(true),
    waitForNoText: waitFor(false),
    type: (typed) => void input.write(typed),
    resize: (nextColumns, nextRows) => {
      terminal.resize(nextColumns, nextRows);
      output.resize(nextColumns, nextRows);
    },
    cursor: () => ({ row: terminal.buffer.active.cursorY, column: terminal.buffer.active.cursorX }),
    output: () => output.written,
    exit,
    async close() {
      input.end();
      await exit.catch(() => undefined);
      await output.settled();
      terminal.dispose();
    },
  };
  await Promise.race([screen.waitForText(/\S/), exit]);
  return screen;
}

const matches = (text: string, pattern: string | RegExp): boolean =>
  typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);

/** All rows of a terminal, blanks at their ends cut. */
export function screenText(terminal: headless.Terminal): string {
  const { active } = terminal.buffer;
  const rows = Array.from(
    { length: terminal.rows },
    (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
  );
  return rows
    .map((row) => row.trimEnd())
    .join('\n')
    .trimEnd();
}

/** A stream with a size that writes into the terminal and tells when that is done. */
class TerminalOutput extends Writable {
  readonly isTTY = true;
  written = '';
  private pending = 0;
  private readonly listeners_ = new Set<() => void>();

  constructor(
    private readonly terminal: headless.Terminal,
    public columns: number,
    public rows: number,
  ) {
    super({ decodeStrings: false });
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    const text = chunk.toString();
    this.written += text;
    this.pending += 1;
    this.terminal.write(text, () => {
      this.pending -= 1;
      for (const listener of [...this.listeners_]) listener();
    });
    done();
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  waitUntil(holds: () => boolean, state: () => string, what: string, timeout = WAIT_LIMIT_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.listeners_.delete(check);
        act();
      };
      const check = (): void => {
        if (holds()) settle(() => resolve(state()));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`waited ${timeout} ms for ${what}; the screen is\n${state()}`))),
        timeout,
      );
      this.listeners_.add(check);
      check();
    });
  }

  async settled(): Promise<void> {
    if (this.pending > 0)
      await this.waitUntil(
        () => this.pending === 0,
        () => '',
        'the last output',
      );
  }
}

function createTerminal(columns: number, rows: number): headless.Terminal {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  useClusterWidths(terminal);
  return terminal;
}

/** xterm counts cells as Unicode 6 did; terminals of today (and we) count clusters. */
export function useClusterWidths(terminal: headless.Terminal): void {
  terminal.unicode.register({
    version: 'clusters',
    wcwidth: (codePoint) => clusterWidth(String.fromCodePoint(codePoint)),
    charProperties: clusterProperties,
  });
  terminal.unicode.activeVersion = 'clusters';
}

const JOINER = 0x200d;
const isRegional = (codePoint: number): boolean => codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff;

/** Joins what belongs to the character before: marks, ZWJ sequences, skin tones, the second half of a flag. */
function clusterProperties(codePoint: number, preceding: number): number {
  const state = preceding >> 3;
  const before = { width: (preceding >> 1) & 3, wasJoiner: (state & 1) !== 0, wasRegional: (state & 2) !== 0 };
  const own = clusterWidth(String.fromCodePoint(codePoint));
  const isFlagEnd = isRegional(codePoint) && before.wasRegional;
  const isTone = codePoint >= 0x1f3fb && codePoint <= 0x1f3ff && before.width > 0;
  const joins = preceding !== 0 && (own === 0 || before.wasJoiner || isTone || isFlagEnd);
  const isWide = codePoint === 0xfe0f || isFlagEnd || isTone;
  const width = !joins ? own : isWide ? 2 : before.width;
  const next = (codePoint === JOINER ? 1 : 0) | (isRegional(codePoint) && !isFlagEnd ? 2 : 0);
  return (next << 3) | (width << 1) | (joins ? 1 : 0);
}
