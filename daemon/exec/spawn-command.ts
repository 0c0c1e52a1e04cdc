import { stat } from 'node:fs/promises';
import { type SandboxPolicy, sandboxPlan } from '../../machines/policy/sandbox.ts';
import type { Clock } from '../deps.ts';
import type { SandboxProbe } from '../sandbox/probe.ts';
import { type WrappedCommand, wrapCommand } from '../sandbox/wrap-command.ts';
import type { Channel, Child, Launch, TerminalSize } from './child.ts';
import { launchArgv, restoringArgv } from './launch-script.ts';
import { startOnPipes } from './pipes.ts';
import type { ProcessLedger } from './process-ledger.ts';
import { endFamily, killFamily } from './process-tree.ts';
import { type LoadPty, startOnTerminal } from './terminal.ts';

export interface SpawnRequest {
  readonly threadId: string;
  readonly callId: string;
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The child's whole environment (machines/exec/child-environment.ts). */
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number;
  readonly policy: SandboxPolicy;
  /** `TMPDIR` of the client's environment; null: not set. */
  readonly tmpdir: string | null;
  /** Absolute paths a sandboxed command must not read: socket folders, auth.json, token files. */
  readonly hidden: readonly string[];
  /** Absolute folders a sandboxed command may only read, wherever they lie. */
  readonly guarded?: readonly string[];
  readonly tty: boolean;
  readonly size?: TerminalSize;
  /** Text for stdin, for commands without a terminal. */
  readonly input?: string;
  /** Stdin stays open for `write`, also without a terminal. */
  readonly keepsInput?: boolean;
  /** The output as one text, stderr in its place. */
  readonly onOutput: (text: string) => void;
  /** Given: the output comes as the bytes of each channel here, and `onOutput` hears nothing. */
  readonly onBytes?: (channel: Channel, bytes: Uint8Array) => void;
}

export interface RunningProcess {
  readonly pid: number;
  /** A sentence for the reader when something asked for could not be had; null otherwise. */
  readonly note: string | null;
  /** False: stdin is closed. */
  readonly write: (data: string | Uint8Array) => boolean;
  readonly endInput: () => void;
  /** Stops reading output until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly hasTerminal: boolean;
  readonly resize: (size: TerminalSize) => void;
  /** Ends the whole family: SIGTERM, and SIGKILL after KILL_GRACE_MS. */
  readonly kill: () => void;
  /** The exit code, after all output was reported, everything was killed that was left, and the ledger closed. */
  readonly exited: Promise<number>;
  /** After the end: whether waiting for the last of its output was given up. */
  readonly isCutShort: () => boolean;
}

export interface SpawnDeps {
  readonly clock: Clock;
  readonly ledger: ProcessLedger;
  readonly probe: () => Promise<SandboxProbe>;
  readonly loadPty: LoadPty;
}

/** The command was not started, for a reason that its caller can change. */
export class CommandNotStartedError extends Error {
  override readonly name = 'CommandNotStartedError';
}

export type SpawnCommand = (request: SpawnRequest) => Promise<RunningProcess>;

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };
const NO_TERMINAL = 'No pseudo terminal is available on this machine: the command runs on plain pipes.';

/**
 * A function that starts commands, each in its sandbox, process group and ledger line. It rejects with
 * SandboxUnavailableError (never runs unsandboxed instead) or CommandNotStartedError.
 */
export function createSpawnCommand(deps: SpawnDeps): SpawnCommand {
  return async (request) => {
    await checkFolder(request.cwd);
    const pty = request.tty ? await deps.loadPty() : null;
    const sandbox = await sandboxFor(request, deps);
    try {
      const launch = toLaunch(request, sandbox, pty !== null, deps);
      const child = pty === null ? await startOnPipes(launch) : startOnTerminal(pty, launch);
      return own(child, request, sandbox.wrapped, deps);
    } catch (error) {
      sandbox.wrapped?.release();
      throw new CommandNotStartedError('the command could not be started', { cause: error });
    }
  };
}

async function checkFolder(cwd: string): Promise<void> {
  const isFolder = await stat(cwd).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new CommandNotStartedError(`the folder ${cwd} does not exist`);
}

interface Sandbox {
  readonly argv: readonly string[];
  readonly wrapped: WrappedCommand | null;
  readonly isDeafToInterrupts: boolean;
}

async function sandboxFor(request: SpawnRequest, deps: SpawnDeps): Promise<Sandbox> {
  const { argv, env, cwd, tty } = request;
  const plan = sandboxPlan(request.policy, request);
  if (plan === null) return { argv: restoringArgv(argv, env, false), wrapped: null, isDeafToInterrupts: false };

  const probe = await deps.probe();
  const isDeafToInterrupts = tty && probe.available && probe.resetsSignals;
  const wrapped = await wrapCommand(restoringArgv(argv, env, isDeafToInterrupts), { cwd, plan, probe });
  return { argv: wrapped.argv, wrapped, isDeafToInterrupts };
}

function toLaunch(request: SpawnRequest, sandbox: Sandbox, hasTerminal: boolean, { clock }: SpawnDeps): Launch {
  return {
    argv: launchArgv({
      argv: sandbox.argv,
      umask: request.umask,
      filterPath: sandbox.wrapped?.filterPath ?? null,
      isDeafToInterrupts: sandbox.isDeafToInterrupts && hasTerminal,
      joinsErrors: request.onBytes === undefined || hasTerminal,
    }),
    cwd: request.cwd,
    env: request.env,
    input: request.input ?? null,
    tty: request.tty,
    size: request.size ?? DEFAULT_SIZE,
    clock,
    keepsInput: request.keepsInput ?? false,
    output: request.onBytes ? { kind: 'bytes', onBytes: request.onBytes } : { kind: 'text', onText: request.onOutput },
  };
}

/** From here on the child has an owner: whoever ends first, nothing of it stays. */
function own(child: Child, request: SpawnRequest, wrapped: WrappedCommand | null, deps: SpawnDeps): RunningProcess {
  const { pid } = child;
  const { threadId, callId } = request;
  try {
    deps.ledger.add({ pid, threadId, callId, placeholders: [...(wrapped?.placeholders ?? [])] });
  } catch (error) {
    killFamily(pid);
    throw error;
  }

  let isKilled = false;
  let isCutShort = false;
  const kill = () => {
    if (isKilled) return;
    isKilled = true;
    endFamily(pid, deps.clock);
  };
  const exited = child.leaderExited.then(async (exitCode) => {
    kill(); // What the command left in the background.
    isCutShort = !(await child.drained);
    wrapped?.release();
    deps.ledger.remove(pid);
    return exitCode;
  });
  const note = request.tty && !child.hasTerminal ? NO_TERMINAL : null;
  const { write, endInput, pause, resume, hasTerminal, resize } = child;
  return {
    ...{ pid, note, write, endInput, pause, resume, hasTerminal, resize, kill, exited },
    isCutShort: () => isCutShort,
  };
}
