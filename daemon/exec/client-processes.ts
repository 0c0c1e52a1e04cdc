import { randomUUID } from 'node:crypto';
import { RpcError } from '../../machines/core/errors.ts';
import type { Clock } from '../deps.ts';
import type { TerminalSize } from './child.ts';
import { ClientOutput, type OnDelta } from './client-output.ts';
import type { RunningProcess, SpawnCommand, SpawnRequest } from './spawn-command.ts';

/** Whose a process is: a connection. When it ends, so does what it started. */
export interface ProcessOwner {
  readonly clientId: string;
  readonly isInitialized: boolean;
  /** More is waiting to be sent to it than it takes. */
  readonly isClogged: boolean;
  whenDrained(run: () => void): void;
}

export interface ClientProcessRequest {
  readonly spawn: Omit<SpawnRequest, 'threadId' | 'callId' | 'onOutput' | 'onBytes' | 'keepsInput'>;
  /** Null: none; it ends with exit code TIMEOUT_EXIT_CODE when it ran out. */
  readonly timeoutMs: number | null;
  readonly capBytes: number;
  readonly takesInput: boolean;
  /** Null: the output is kept for the end. */
  readonly onDelta: OnDelta | null;
}

export interface ClientProcessEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutCapReached: boolean;
  readonly stderrCapReached: boolean;
  readonly outputDrainTimedOut: boolean;
}

/** What `timeout(1)` answers, and the reference. */
export const TIMEOUT_EXIT_CODE = 124;
/** Of one connection at a time. */
export const MAX_CLIENT_PROCESSES = 64;

interface Running {
  readonly owner: ProcessOwner;
  readonly takesInput: boolean;
  /** Null while it is being started. */
  process: RunningProcess | null;
  isKilled: boolean;
  /** Its output waits for the client to read on. */
  isHeld: boolean;
  ended: Promise<unknown>;
}

/** How a family of methods words its errors. */
export interface Wording {
  readonly duplicate: (id: string) => string;
  readonly unknown: (id: string) => string;
  readonly noInput: string;
}

/** The processes that clients run themselves, under names of their own that hold for one connection. */
export class ClientProcesses {
  readonly #running = new Map<ProcessOwner, Map<string, Running>>();

  constructor(
    private readonly spawnCommand: SpawnCommand,
    private readonly clock: Clock,
    private readonly wording: Wording,
  ) {}

  /**
   * Starts a process; null as id: nobody will write to it.
   * @returns its end, once it has started
   * @throws RpcError invalidRequest, limitReached; and as SpawnCommand
   */
  async start(
    owner: ProcessOwner,
    id: string | null,
    request: ClientProcessRequest,
  ): Promise<{ ended: Promise<ClientProcessEnd> }> {
    const own = this.#running.get(owner) ?? new Map<string, Running>();
    if (id !== null && own.has(id)) throw new RpcError('invalidRequest', this.wording.duplicate(id));
    if (own.size >= MAX_CLIENT_PROCESSES) {
      throw new RpcError('limitReached', `this client runs ${own.size} commands already; wait for one to end`);
    }
    const key = id ?? `anonymous ${randomUUID()}`;
    const running: Running = {
      owner,
      takesInput: request.takesInput,
      process: null,
      isKilled: false,
      isHeld: false,
      ended: Promise.resolve(),
    };
    this.#running.set(owner, own.set(key, running));
    const forget = () => {
      own.delete(key);
      if (own.size === 0 && this.#running.get(owner) === own) this.#running.delete(owner);
    };
    try {
      const process = await this.#spawn(running, key, request);
      running.ended = process.ended.finally(forget);
      return process;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** @throws RpcError invalidRequest */
  write(owner: ProcessOwner, id: string, data: Uint8Array | null, closes: boolean): void {
    const { process, takesInput } = this.#find(owner, id);
    if (!takesInput) throw new RpcError('invalidRequest', this.wording.noInput);
    if (data !== null && !process?.write(data)) throw new RpcError('invalidRequest', 'stdin is closed');
    if (closes) process?.endInput();
  }

  /** @throws RpcError invalidRequest */
  resize(owner: ProcessOwner, id: string, size: TerminalSize): void {
    const { process } = this.#find(owner, id);
    if (!process?.hasTerminal) {
      throw new RpcError('invalidRequest', 'failed to resize PTY: process is not attached to a PTY');
    }
    process.resize(size);
  }

  /** Asks a process to end, and kills it when it does not. @throws RpcError invalidRequest */
  kill(owner: ProcessOwner, id: string): void {
    end(this.#find(owner, id));
  }

  /** A connection is gone: so are its processes. */
  endFor(owner: ProcessOwner): void {
    for (const running of this.#running.get(owner)?.values() ?? []) end(running);
  }

  /** Ends all of them; settles when they are gone. */
  async endAll(): Promise<void> {
    const all = [...this.#running.values()].flatMap((own) => [...own.values()]);
    for (const running of all) end(running);
    await Promise.allSettled(all.map(({ ended }) => ended));
  }

  #find(owner: ProcessOwner, id: string): Running {
    const running = this.#running.get(owner)?.get(id);
    if (running === undefined) throw new RpcError('invalidRequest', this.wording.unknown(id));
    return running;
  }

  async #spawn(running: Running, key: string, request: ClientProcessRequest) {
    const out = new ClientOutput('stdout', request.capBytes, request.onDelta);
    const err = new ClientOutput('stderr', request.capBytes, request.onDelta);
    const process = await this.spawnCommand({
      ...request.spawn,
      threadId: running.owner.clientId,
      callId: key,
      keepsInput: request.takesInput,
      onOutput: () => undefined,
      onBytes: (channel, bytes) => {
        (channel === 'stdout' ? out : err).push(bytes);
        if (request.onDelta) holdBack(running);
      },
    });
    running.process = process;
    // The client left, or the daemon began to stop, while it was being started.
    if (running.isKilled || !running.owner.isInitialized) end(running);
    const ended = this.#watch(process, request.timeoutMs).then(
      (exitCode): ClientProcessEnd => ({
        exitCode,
        stdout: out.text(),
        stderr: err.text(),
        stdoutCapReached: out.capReached,
        stderrCapReached: err.capReached,
        outputDrainTimedOut: process.isCutShort(),
      }),
    );
    return { ended };
  }

  async #watch(process: RunningProcess, timeoutMs: number | null): Promise<number> {
    let isLate = false;
    const stop = () => {
      isLate = true;
      process.kill();
    };
    const timer = timeoutMs === null ? null : this.clock.setTimeout(stop, timeoutMs);
    const exitCode = await process.exited;
    if (timer !== null) this.clock.clearTimeout(timer);
    return isLate ? TIMEOUT_EXIT_CODE : exitCode;
  }
}

function end(running: Running): void {
  running.isKilled = true;
  running.process?.resume();
  running.process?.kill();
}

/** A client that does not keep up makes its own process wait, and nobody else. */
function holdBack(running: Running): void {
  const { owner, process, isKilled, isHeld } = running;
  if (!owner.isClogged || process === null || isKilled || isHeld) return;
  running.isHeld = true;
  process.pause();
  owner.whenDrained(() => {
    running.isHeld = false;
    process.resume();
  });
}
