import type { Clock } from '../deps.ts';

/** Everything a child needs to start; `argv` already includes sandbox and umask. */
export interface Launch {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Text for stdin, which is then closed; null: nothing. */
  readonly input: string | null;
  /** A terminal was asked for: stdin stays open. */
  readonly tty: boolean;
  readonly size: TerminalSize;
  readonly clock: Clock;
  readonly output: OutputSink;
  /** Stdin stays open also without a terminal. */
  readonly keepsInput: boolean;
}

export type Channel = 'stdout' | 'stderr';

/**
 * Where output goes: as text with stderr in its place between stdout, or as bytes of each channel. A terminal has one
 * channel, which counts as stdout.
 */
export type OutputSink =
  | { readonly kind: 'text'; readonly onText: (text: string) => void }
  | { readonly kind: 'bytes'; readonly onBytes: (channel: Channel, bytes: Uint8Array) => void };

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A started child, on pipes or on a terminal. It leads a process group of its own. */
export interface Child {
  readonly pid: number;
  readonly hasTerminal: boolean;
  /** False: stdin is closed. */
  readonly write: (data: string | Uint8Array) => boolean;
  /** Closes stdin; a terminal is sent its end-of-input key. */
  readonly endInput: () => void;
  /** Stops reading its output until `resume`; it then waits when it writes on. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly resize: (size: TerminalSize) => void;
  /** The leader's exit code (128 + signal when killed), once it ended; its output may still be on the way. */
  readonly leaderExited: Promise<number>;
  /** All output has been reported (true), or waiting for it was given up (false). */
  readonly drained: Promise<boolean>;
}

/** How long output is waited for after a leader's exit: a process that left the group may hold the channel for ever. */
export const DRAIN_LIMIT_MS = 2_000;
