import { readFileSync } from 'node:fs';
import type { IPty } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { screenText, useClusterWidths, type WaitOptions } from './virtual-screen.ts';
import { WAIT_LIMIT_MS } from './wait-limit.ts';

/** `@lydell/node-pty` is optional: null where there is no build of it for this system. */
const pty = await import('@lydell/node-pty').catch(() => null);

/** For `describe.skipIf`: no pseudo terminals here. Never true in CI, where the tests have to run. */
export const lacksTerminals = pty === null && process.env.CI !== 'true';

export interface TerminalOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** 100 and 30 unless told. */
  readonly columns?: number;
  readonly rows?: number;
}

/** How a program ended. */
export interface TerminalExit {
  readonly exitCode: number;
  /** The number of the signal that ended it; 0 for none. */
  readonly signal: number;
}

/** What a program has switched on in its terminal. */
export interface TerminalModes {
  readonly screen: 'normal' | 'alternate';
  readonly bracketedPaste: boolean;
  readonly focusReports: boolean;
  readonly applicationCursorKeys: boolean;
  readonly isCursorHidden: boolean;
  /** Entries on the stack of kitty's key modes. */
  readonly kittyDepth: number;
}

/** What an untouched terminal has on. */
export const PLAIN_MODES: TerminalModes = {
  screen: 'normal',
  bracketedPaste: false,
  focusReports: false,
  applicationCursorKeys: false,
  isCursorHidden: false,
  kittyDepth: 0,
};

const KEYS = {
  enter: '\r',
  tab: '\t',
  escape: '\u001b',
  up: '\u001b[A',
  down: '\u001b[B',
  backspace: '\u007f',
  'ctrl+c': '\u0003',
  'ctrl+d': '\u0004',
  'ctrl+l': '\u000c',
  'ctrl+u': '\u0015',
} as const;

export type KeyName = keyof typeof KEYS;

/** A program in a pseudo terminal, and what a person would see of it. */
export interface Terminal {
  readonly pid: number;
  /** All rows, blanks at their ends cut. */
  screenText(): string;
  /** Waits until the screen fits; rejects with the screen when it does not in time, or when the program has ended. */
  waitForText(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
  /** Waits until the text is gone. */
  waitForNoText(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
  type(text: string): void;
  press(...keys: readonly KeyName[]): void;
  /** As a terminal pastes: between its brackets when the program asked for them. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  modes(): TerminalModes;
  /** Every character written so far. */
  output(): string;
  /** Resolves when the program has ended and all that it wrote is on the screen. */
  readonly exited: Promise<TerminalExit>;
}

/** Starts a program in a terminal of its own. The caller ends it. */
export function openTerminal(options: TerminalOptions): Terminal {
  if (pty === null) throw new Error('@lydell/node-pty is not installed');
  const { command, args, cwd, env, columns = 100, rows = 30 } = options;
  const emulator = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  useClusterWidths(emulator);
  const child = pty.spawn(command, [...args], {
    cols: columns,
    rows,
    cwd,
    env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
  });
  const watch = new Watch(child, emulator);
  return {
    pid: child.pid,
    screenText: () => screenText(emulator),
    waitForText: (pattern, wait) => watch.until(pattern, true, wait?.timeout),
    waitForNoText: (pattern, wait) => watch.until(pattern, false, wait?.timeout),
    type: (text) => child.write(text),
    press: (...keys) => child.write(keys.map((key) => KEYS[key]).join('')),
    paste: (text) =>
      child.write(emulator.modes.bracketedPasteMode ? `\u001b[200~${text}\u001b[201~` : text.replaceAll('\n', '\r')),
    resize(nextColumns, nextRows) {
      emulator.resize(nextColumns, nextRows);
      child.resize(nextColumns, nextRows);
    },
    kill: (signal) => child.kill(signal),
    modes: () => modesOf(emulator, watch.written),
    output: () => watch.written,
    exited: watch.exited,
  };
}

/** Feeds the emulator, and looks at its screen after everything that came. */
class Watch {
  written = '';
  readonly exited: Promise<TerminalExit>;
  private hasExited = false;
  private readonly looks = new Set<() => void>();

  constructor(
    child: IPty,
    private readonly emulator: headless.Terminal,
  ) {
    // What the program asks of its terminal is answered as a terminal does.
    emulator.onData((answer) => {
      if (!this.hasExited) child.write(answer);
    });
    child.onData((data) => {
      this.written += data;
      emulator.write(data, () => this.look());
    });
    this.exited = new Promise((resolve) => {
      child.onExit(({ exitCode, signal }) => {
        this.hasExited = true;
        emulator.write('', () => {
          resolve({ exitCode, signal: signal ?? 0 });
          this.look();
        });
      });
    });
  }

  until(pattern: string | RegExp, isThere: boolean, limitMs = WAIT_LIMIT_MS): Promise<string> {
    const what = `${isThere ? '' : 'no '}${pattern}`;
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        clearTimeout(timer);
        this.looks.delete(look);
        act();
      };
      const fail = (why: string) =>
        end(() => reject(new Error(`${why} for ${what}; the screen is\n${screenText(this.emulator)}`)));
      const look = (): void => {
        const text = screenText(this.emulator);
        if (matches(text, pattern) === isThere) end(() => resolve(text));
        else if (this.hasExited) fail('the program ended; waited in vain');
      };
      const timer = setTimeout(() => fail(`waited ${limitMs} ms in vain`), limitMs);
      this.looks.add(look);
      look();
    });
  }

  private look(): void {
    for (const look of [...this.looks]) look();
  }
}

const matches = (text: string, pattern: string | RegExp): boolean =>
  typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);

function modesOf(emulator: headless.Terminal, written: string): TerminalModes {
  const { modes, buffer } = emulator;
  const lastOf = (sequence: string) => written.lastIndexOf(sequence);
  const count = (sequence: string) => written.split(sequence).length - 1;
  return {
    screen: buffer.active.type,
    bracketedPaste: modes.bracketedPasteMode,
    focusReports: modes.sendFocusMode,
    applicationCursorKeys: modes.applicationCursorKeysMode,
    isCursorHidden: lastOf('\u001b[?25l') > lastOf('\u001b[?25h'),
    kittyDepth: count('\u001b[>1u') - count('\u001b[<u'),
  };
}

/** The processes that a process has started. Linux only. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
