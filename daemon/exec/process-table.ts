import type { InspectionEvent } from 'xstate';
import { DEFAULT_MAX_OUTPUT_TOKENS, formatAborted, formatExecOutput } from '../../machines/exec/format-output.ts';
import type { Clock } from '../deps.ts';
import { ExecSession, type ProcessEnd, type SessionIdentity } from './exec-session.ts';
import { KILL_GRACE_MS } from './process-tree.ts';
import type { SpawnCommand, SpawnRequest } from './spawn-command.ts';
import { firstWaitMs, writeWaitMs } from './wait-limits.ts';
import { WriteStdinError } from './write-stdin-error.ts';

export interface ExecRequest extends SpawnRequest {
  /** How long `start` waits for the end (agent.md §7); the rest of the output is polled with `write`. */
  readonly yieldTimeMs?: number;
  readonly maxOutputTokens?: number;
  /** Aborting it while `start` waits kills the process. */
  readonly signal: AbortSignal;
  /** Called once, when the process has ended, also long after `start` answered. */
  readonly onExit?: (end: ProcessEnd) => void;
}

export interface WriteRequest {
  readonly threadId: string;
  readonly sessionId: number;
  /** Empty: only look at what is new. */
  readonly chars: string;
  readonly yieldTimeMs?: number;
  readonly maxOutputTokens?: number;
  /** Aborting it while `write` waits kills the process. */
  readonly signal: AbortSignal;
}

export interface ExecResult {
  readonly state: 'exited' | 'running' | 'aborted';
  /** Null unless exited. */
  readonly exitCode: number | null;
  /** Null unless running. */
  readonly sessionId: number | null;
  /** New output since the last answer, not yet cut to the budget. */
  readonly output: string;
  readonly wallTimeMs: number;
  /** What the model reads. */
  readonly text: string;
}

export interface ProcessTableDeps {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly spawnCommand: SpawnCommand;
  /** Longest wait of an empty poll (`background_terminal_max_timeout`). */
  readonly maxPollMs?: number;
  /** Hears of every step of the commands' machines (actor-list.ts). */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface ProcessListing extends SessionIdentity {
  readonly pid: number | null;
  readonly isRunning: boolean;
}

/** Live sessions of one thread; one more drops the oldest. */
export const MAX_SESSIONS_PER_THREAD = 64;

/** The commands of all threads: those being waited for, and those that live on under a session id. */
export class ProcessTable {
  readonly #deps: ProcessTableDeps;
  readonly #sessions = new Map<number, ExecSession>();
  /** Settles when a process has ended and everything of it is gone. */
  readonly #ends = new Map<ExecSession, Promise<void>>();
  #isClosed = false;

  constructor(deps: ProcessTableDeps) {
    this.#deps = deps;
  }

  /**
   * Runs a command and waits for its end or for `yieldTimeMs`. Rejects as createSpawnCommand says; a command that
   * fails or is aborted is a result.
   */
  async start(request: ExecRequest): Promise<ExecResult> {
    const { clock } = this.#deps;
    if (this.#isClosed) throw new Error('commands are no longer started: the daemon is stopping');
    const startedAtMs = clock.now();
    if (request.signal.aborted) return abortedResult('', 0);

    const session = this.#createSession(request, startedAtMs);
    await this.#run(session, request);
    return this.#answer(session, startedAtMs, firstWaitMs(request.yieldTimeMs), request);
  }

  /** Types into a running process, or looks at it, and waits. Rejects with WriteStdinError. */
  async write(request: WriteRequest): Promise<ExecResult> {
    const session = this.#sessions.get(request.sessionId);
    if (session === undefined || session.identity.threadId !== request.threadId) {
      throw WriteStdinError.unknownProcess(request.sessionId);
    }
    const startedAtMs = this.#deps.clock.now();
    if (request.chars !== '' && session.exitCode === null && !session.process?.write(request.chars)) {
      throw WriteStdinError.stdinClosed(request.sessionId);
    }
    return this.#answer(session, startedAtMs, writeWaitMs(request, this.#deps.maxPollMs), request);
  }

  list(): readonly ProcessListing[] {
    return [...this.#sessions.values()].map(({ identity, process, exitCode }) => ({
      ...identity,
      pid: process?.pid ?? null,
      isRunning: exitCode === null,
    }));
  }

  /** Ends one running process; its last output can still be read. False: there is none. */
  terminate(threadId: string, sessionId: number): boolean {
    const session = this.#sessions.get(sessionId);
    if (session?.identity.threadId !== threadId || session.exitCode !== null) return false;
    session.kill();
    return session.process !== null;
  }

  /** Ends all processes of a thread; settles when they are gone, or were sent SIGKILL. */
  async kill(threadId: string): Promise<void> {
    await this.#killWhere((session) => session.identity.threadId === threadId);
  }

  /** Ends everything and starts nothing more; settles as `kill` does. */
  async killAll(): Promise<void> {
    this.#isClosed = true;
    await this.#killWhere(() => true);
  }

  /** Settles when the process has started. Until it has ended, `#ends` knows it, so that a kill can wait for it. */
  async #run(session: ExecSession, request: ExecRequest): Promise<void> {
    const { sessionId } = session.identity;
    const onOutput = (text: string) => {
      session.output.push(text);
      request.onOutput(text);
    };
    const started = this.#deps.spawnCommand({ ...request, onOutput });
    const ended = started.then((running) => {
      // The thread was closed or the daemon began to stop while the process was being started.
      if (this.#isClosed || !this.#sessions.has(sessionId)) session.kill();
      return session.follow(running, this.#deps.clock);
    });
    this.#ends.set(
      session,
      ended.then(
        (end) => {
          this.#ends.delete(session);
          request.onExit?.(end);
        },
        () => {
          this.#ends.delete(session);
          this.#sessions.delete(sessionId);
          session.abandon();
        },
      ),
    );
    await started;
  }

  async #answer(session: ExecSession, startedAtMs: number, limitMs: number, request: WaitRequest): Promise<ExecResult> {
    const { clock } = this.#deps;
    const outcome = await session.wait(clock, limitMs, request.signal);
    const { sessionId } = session.identity;
    if (outcome === 'aborted') {
      session.kill();
      await session.wait(clock, KILL_GRACE_MS, NEVER);
    }
    if (outcome !== 'timeIsUp' || session.exitCode !== null) this.#sessions.delete(sessionId);

    const { text: output, bytes } = session.output.takeFresh();
    const wallTimeMs = clock.now() - startedAtMs;
    if (outcome === 'aborted') return abortedResult(output, wallTimeMs);
    const exitCode = session.exitCode;
    const text = formatExecOutput({
      chunkId: this.#randomHex(3),
      wallTimeMs,
      state: exitCode === null ? { kind: 'running', sessionId } : { kind: 'exited', exitCode },
      output,
      originalBytes: bytes,
      maxOutputTokens: request.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS,
    });
    if (exitCode !== null) return { state: 'exited', exitCode, sessionId: null, output, wallTimeMs, text };
    return { state: 'running', exitCode, sessionId, output, wallTimeMs, text };
  }

  #createSession({ threadId, callId, argv, tty }: ExecRequest, startedAtMs: number): ExecSession {
    this.#dropOldest(threadId);
    const identity = { sessionId: this.#freeId(), threadId, callId, argv, tty, startedAtMs };
    const session = new ExecSession(identity, this.#deps.inspect);
    this.#sessions.set(session.identity.sessionId, session);
    return session;
  }

  /** Ended sessions go first: their last output may wait to be read, but nothing is lost that still runs. */
  #dropOldest(threadId: string): void {
    const own = [...this.#sessions.values()].filter((session) => session.identity.threadId === threadId);
    if (own.length < MAX_SESSIONS_PER_THREAD) return;
    const oldest = own.find((session) => session.exitCode !== null) ?? own[0];
    if (oldest === undefined) return;
    this.#sessions.delete(oldest.identity.sessionId);
    oldest.kill();
  }

  /** Five digits, not in use. */
  #freeId(): number {
    const bytes = this.#deps.randomBytes(4);
    let id = 10_000 + (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 90_000);
    while (this.#sessions.has(id)) id = id === 99_999 ? 10_000 : id + 1;
    return id;
  }

  #randomHex(byteCount: number): string {
    return Buffer.from(this.#deps.randomBytes(byteCount)).toString('hex');
  }

  async #killWhere(isMeant: (session: ExecSession) => boolean): Promise<void> {
    for (const [id, session] of this.#sessions) if (isMeant(session)) this.#sessions.delete(id);
    // Also those that were dropped or aborted before and are still ending.
    const meant = [...this.#ends].filter(([session]) => isMeant(session));
    for (const [session] of meant) session.kill();
    await Promise.all(meant.map(([, ended]) => ended));
  }
}

type WaitRequest = Pick<ExecRequest, 'signal' | 'maxOutputTokens'>;

const NEVER = new AbortController().signal;

function abortedResult(output: string, wallTimeMs: number): ExecResult {
  const text = formatAborted(wallTimeMs);
  return { state: 'aborted', exitCode: null, sessionId: null, output, wallTimeMs, text };
}
