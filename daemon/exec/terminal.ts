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
  // It hands what it is given to a socket, bytes too, whatever its types say.
  const writeTo = terminal as { write(data: string | Buffer): void };
  let isOpen = true;
  // Without an encoding the package hands out bytes, whatever its types say.
  terminal.onData((bytes: string | Uint8Array) => report(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
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
      if (isOpen) writeTo.write(typeof data === 'string' ? data : Buffer.from(data));
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
    drained: exited.then(() => true),
  };
}
