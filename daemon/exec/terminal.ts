import { readSync } from 'node:fs';
import type { Child, Launch } from './child.ts';
import { bytesReporter, textReporter } from './report-output.ts';

type NodePty = typeof import('@lydell/node-pty');

/** Null where the optional package is not installed or has no build for this machine. */
export type LoadPty = () => Promise<NodePty | null>;

export const loadNodePty: LoadPty = async () => {
  try {
    return await import('@lydell/node-pty');
  } catch {
    return null;
  }
};

/** What Ctrl-D sends. */
const END_OF_INPUT = '\u0004';

/** What the package's terminals can do beyond their types. */
interface Terminal {
  /** It hands what it is given to a socket, bytes too. */
  write(data: string | Buffer): void;
  /** The end of the stream that is read; its descriptor is closed after this. */
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): void;
  readonly fd: number;
}

/** Starts a child as the leader of a session with a pseudo terminal of its own. */
export function startOnTerminal(pty: NodePty, launch: Launch): Child {
  const [program = '', ...args] = launch.argv;
  const terminal = pty.spawn(program, args, {
    name: launch.env.TERM ?? 'dumb',
    cols: launch.size.columns,
    rows: launch.size.rows,
    cwd: launch.cwd,
    env: { ...launch.env },
    encoding: null,
  });

  const { output } = launch;
  const { report, end } = output.kind === 'text' ? textReporter(output.onText) : bytesReporter(output.onBytes);
  const untyped = terminal as unknown as Terminal;
  let isOpen = true;
  // Without an encoding the package hands out bytes, whatever its types say.
  terminal.onData((bytes: string | Uint8Array) => report(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
  let isWhole = false;
  untyped.on('end', () => {
    for (const bytes of unread(untyped.fd)) report(bytes);
    isWhole = true;
  });
  // EIO, the other way in which a terminal says that nobody is left to write.
  untyped.on('error', ({ code }) => {
    if (code === 'EIO') isWhole = true;
  });
  // The package reports the exit after the last output, or soon after it when others hold the terminal open.
  const exited = new Promise<number>((settle) => {
    terminal.onExit(({ exitCode, signal }) => {
      isOpen = false;
      end();
      settle(signal ? 128 + signal : exitCode);
    });
  });
  return {
    pid: terminal.pid,
    hasTerminal: true,
    write: (data) => {
      if (isOpen) untyped.write(typeof data === 'string' ? data : Buffer.from(data));
      return isOpen;
    },
    endInput: () => {
      if (isOpen) terminal.write(END_OF_INPUT);
    },
    pause: () => terminal.pause(),
    resume: () => terminal.resume(),
    resize: ({ columns, rows }) => {
      if (isOpen) terminal.resize(columns, rows);
    },
    leaderExited: exited,
    drained: exited.then(() => isWhole),
  };
}

/**
 * What a terminal still holds at the end of its stream. libuv takes a short read on a terminal that was hung up for
 * the last one, but the kernel hands over what it already had and keeps what is still on its way from the other side
 * (measured: about one exit in 300 lost its last line).
 */
function* unread(fd: number): Generator<Uint8Array> {
  const chunk = Buffer.alloc(16 * 1024);
  while (true) {
    let length = 0;
    try {
      length = readSync(fd, chunk);
    } catch {
      return; // EIO: nothing is left. EAGAIN: another process opened it again.
    }
    if (length === 0) return;
    yield Buffer.from(chunk.subarray(0, length));
  }
}
