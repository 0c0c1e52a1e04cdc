import type { InputEvent } from './input/events.ts';
import { type InputStream, startReader } from './input/reader.ts';
import { type OutputStream, openScreen, type Screen } from './screen.ts';
import type { Size } from './view/line.ts';

export interface TerminalOptions {
  readonly input: InputStream;
  readonly output: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onEvent: (event: InputEvent) => void;
  readonly onResize: (size: Size) => void;
  /** The terminal went away, or the process was told to end. */
  readonly onEnd: (why: string) => void;
  /** Something broke: the terminal is already restored. */
  readonly onCrash: (error: unknown) => void;
}

/** A terminal in use: its screen, and the way to give it back. */
export interface Terminal {
  readonly screen: Screen;
  /** Puts back every mode that was changed. May be called twice. */
  restore(): void;
}

/**
 * On the alternate screen many terminals send arrow keys for the mouse wheel. Nothing tells them from real ones, so that
 * they would walk through earlier prompts: the mode is switched off. It is given back as it was saved, where a terminal
 * saves modes, else on, as terminals that have it begin. Selecting with the mouse is left to the terminal.
 */
const WHEEL_OFF = '\u001b[?1007s\u001b[?1007l';
const WHEEL_BACK = '\u001b[?1007h\u001b[?1007r';
/** Bracketed paste, kitty's disambiguated keys, focus reports. The kitty stack belongs to the alternate screen. */
const MODES_ON = `\u001b[?2004h\u001b[>1u\u001b[?1004h${WHEEL_OFF}`;
const MODES_OFF = `\u001b[?1004l\u001b[<u\u001b[?2004l${WHEEL_BACK}`;
/** After a change of size all is painted anew, once blessed has taken the size (it waits 30 ms). */
const REPAINT_AFTER_MS = 60;
const END_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Takes the terminal over: raw keys, alternate screen. Whatever ends the process, it is given back. */
export function takeTerminal(options: TerminalOptions): Terminal {
  const { input, output, env } = options;
  const screen = openScreen({
    output,
    terminal: env.TERM || 'xterm-256color',
    hasColour: !env.NO_COLOR,
    onResize: options.onResize,
  });
  screen.write(MODES_ON);
  input.setRawMode?.(true);
  const stopReader = startReader(input, {
    onEvent: options.onEvent,
    onEnd: () => options.onEnd('the terminal was closed'),
  });

  let isRestored = false;
  const restore = (): void => {
    if (isRestored) return;
    isRestored = true;
    stopListening();
    stopReader();
    input.setRawMode?.(false);
    screen.write(MODES_OFF);
    screen.close();
  };
  const stopListening = listen(options, restore, () => {
    screen.forget();
    options.onResize(screen.size());
  });
  return { screen, restore };
}

/** Ends of the process and of the terminal. Returns the way to stop listening. */
function listen({ output, onEnd, onCrash }: TerminalOptions, restore: () => void, repaint: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => onEnd(`ended by ${signal}`);
  const crash = (error: unknown): void => {
    restore();
    onCrash(error);
  };
  const onOutputError = (): void => onEnd('the terminal was closed');
  // A terminal that shrinks and grows again has lost what it cut off, and Node tells of no change.
  let repaintTimer: NodeJS.Timeout | undefined;
  const onWindowChange = (): void => {
    clearTimeout(repaintTimer);
    repaintTimer = setTimeout(repaint, REPAINT_AFTER_MS);
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  process.on('SIGWINCH', onWindowChange);
  process.on('uncaughtException', crash);
  // Before blessed's own: the kitty stack has to be popped while the alternate screen is still there.
  process.prependListener('exit', restore);
  output.on('error', onOutputError);
  return () => {
    for (const signal of END_SIGNALS) process.removeListener(signal, onSignal);
    process.removeListener('SIGWINCH', onWindowChange);
    clearTimeout(repaintTimer);
    process.removeListener('uncaughtException', crash);
    process.removeListener('exit', restore);
    output.removeListener('error', onOutputError);
  };
}
