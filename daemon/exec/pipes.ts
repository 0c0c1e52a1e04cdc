import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type Child, DRAIN_LIMIT_MS, type Launch } from './child.ts';
import { bytesReporter, type Reporter, textReporter } from './report-output.ts';

/** Starts a child on pipes; for text its stdout carries its stderr too (launch-script.ts). Rejects when it cannot start. */
export async function startOnPipes(launch: Launch): Promise<Child> {
  const [program = '', ...args] = launch.argv;
  const staysOpen = launch.tty || launch.keepsInput;
  const hasInput = staysOpen || launch.input !== null;
  const child = spawn(program, args, {
    cwd: launch.cwd,
    env: { ...launch.env },
    detached: true,
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', launch.output.kind === 'text' ? 'ignore' : 'pipe'],
  });
  // A child that does not read its input is no failure of ours.
  child.stdin?.on('error', () => undefined);
  const ended = watchEnd(child, launch);
  await once(child, 'spawn');

  if (launch.input !== null) child.stdin?.end(launch.input);
  return {
    pid: child.pid ?? 0,
    hasTerminal: false,
    write: (data) => {
      if (!staysOpen || child.stdin?.writable !== true) return false;
      child.stdin.write(data);
      return true;
    },
    endInput: () => child.stdin?.end(),
    pause: () => each(child, (channel) => channel.pause()),
    resume: () => each(child, (channel) => channel.resume()),
    resize: () => undefined,
    ...ended,
  };
}

function watchEnd(child: ChildProcess, launch: Launch): Pick<Child, 'leaderExited' | 'drained'> {
  const { output } = launch;
  if (child.stdout !== null) {
    read(child.stdout, output.kind === 'text' ? textReporter(output.onText) : bytesReporter(output.onBytes));
  }
  if (child.stderr !== null && output.kind === 'bytes') read(child.stderr, bytesReporter(output.onBytes, 'stderr'));

  const leaderExited = new Promise<number>((settle) => {
    child.once('exit', (code, signal) => settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  const closed = new Promise<void>((settle) => child.once('close', () => settle()));
  const drained = leaderExited.then(() => {
    let isWhole = true;
    const timer = launch.clock.setTimeout(() => {
      isWhole = false;
      each(child, (channel) => channel.destroy());
    }, DRAIN_LIMIT_MS);
    return closed.then(() => {
      launch.clock.clearTimeout(timer);
      return isWhole;
    });
  });
  return { leaderExited, drained };
}

function read(channel: Readable, { report, end }: Reporter): void {
  channel.on('data', (bytes: Buffer) => report(bytes));
  channel.once('end', end);
}

function each(child: ChildProcess, run: (channel: Readable) => void): void {
  if (child.stdout !== null) run(child.stdout);
  if (child.stderr !== null) run(child.stderr);
}
