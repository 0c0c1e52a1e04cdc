import type { Readable, Writable } from 'node:stream';
import type { printSchemas } from '../schema/print.ts';
import type { runTui } from '../tui/app.ts';

/** Everything a command knows of its surroundings; the process's own in main.ts, streams in memory in tests. */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute folder that the command was started in. */
  readonly cwd: string;
  /** The daemon's bundle. */
  readonly daemonEntry: string;
  readonly now: () => number;
  /** Calls back once at the first such signal; a second one has its default effect. Returns the way to stop listening. */
  readonly onSignal: (signal: NodeJS.Signals, run: () => void) => () => void;
  /** Ends this process by a signal, as if it had not been caught. */
  readonly dieBy: (signal: NodeJS.Signals) => void;
  /** Shows an address in a browser, if one can be had; says nothing when not. */
  readonly openUrl: (url: string) => void;
  /** Loads the printer of the protocol's schemas, which hardly anybody needs. */
  readonly loadPrinter: () => Promise<{ readonly printSchemas: typeof printSchemas }>;
  /** Loads the terminal interface, which most commands do without. */
  readonly loadTui: () => Promise<{ readonly runTui: typeof runTui }>;
}

/** Writes a line to stderr: everything that is not the answer. */
export function say(context: CliContext, line: string): void {
  context.stderr.write(`${line}\n`);
}

/** Whether a person sits at both ends. */
export function isInteractive({ stdin, stdout }: CliContext): boolean {
  return stdin.isTTY === true && stdout.isTTY === true;
}

/** Where nobody sees how wide a table is. */
const PIPE_COLUMNS = 160;

/** Columns that a table on stdout may take. */
export function columnsOf({ stdout }: CliContext): number {
  return stdout.columns ?? PIPE_COLUMNS;
}
