import { type ActorRefFrom, createActor, type InspectionEvent } from 'xstate';
import { type ExecProcessEvent, execProcessMachine } from '../../machines/exec/exec-process-machine.ts';
import type { Clock } from '../deps.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { RunningProcess } from './spawn-command.ts';

/** How one process ended. */
export interface ProcessEnd {
  readonly exitCode: number;
  /** All of its output, at most about 1 MiB (head and tail). */
  readonly aggregatedOutput: string;
  readonly durationMs: number;
}

export interface SessionIdentity {
  readonly sessionId: number;
  readonly threadId: string;
  readonly callId: string;
  readonly argv: readonly string[];
  readonly tty: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
}

export type WaitOutcome = 'exited' | 'timeIsUp' | 'aborted';

/** One process under the number the model knows it by: its output, its state, and those who wait for its end. */
export class ExecSession {
  readonly output = new OutputBuffer();
  #process: RunningProcess | null = null;
  #watchers = 0;
  readonly #actor: ActorRefFrom<typeof execProcessMachine>;

  /** @param inspect hears of every step of its machine */
  constructor(
    readonly identity: SessionIdentity,
    inspect?: (event: InspectionEvent) => void,
  ) {
    const machine = execProcessMachine.provide({ actions: { killFamily: () => this.#process?.kill() } });
    this.#actor = createActor(machine, {
      id: String(identity.sessionId),
      input: { command: identity.argv.at(-1) ?? '' },
      ...(inspect && { inspect }),
    });
    this.#actor.start();
  }

  get process(): RunningProcess | null {
    return this.#process;
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#actor.getSnapshot().context.exitCode;
  }

  /** Ends it and all that it started; one that is just being started goes as soon as it has. */
  kill(): void {
    this.#tell({ type: 'kill' });
  }

  /** Takes a started process; the answer settles when it has ended and those who waited were told. */
  follow(running: RunningProcess, clock: Clock): Promise<ProcessEnd> {
    this.#process = running;
    if (running.note !== null) this.output.push(`${running.note}\n`);
    this.#tell({ type: 'started' });
    return running.exited.then((exitCode) => {
      this.#tell({ type: 'exited', exitCode });
      const durationMs = clock.now() - this.identity.startedAtMs;
      return { exitCode, aggregatedOutput: this.output.aggregated(), durationMs };
    });
  }

  /** It could not be started. */
  abandon(): void {
    this.#tell({ type: 'failed' });
  }

  /** Nothing changes any more for one that has ended. */
  #tell(event: ExecProcessEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  /** Waits for the end, for `limitMs`, or for an abort, whichever comes first. */
  wait(clock: Clock, limitMs: number, signal: AbortSignal): Promise<WaitOutcome> {
    if (this.exitCode !== null) return Promise.resolve('exited');
    if (signal.aborted) return Promise.resolve('aborted');
    this.#watchers += 1;
    this.#tell({ type: 'watch' });
    return new Promise((settle) => {
      const finish = (outcome: WaitOutcome) => {
        clock.clearTimeout(timer);
        subscription.unsubscribe();
        signal.removeEventListener('abort', aborted);
        this.#watchers -= 1;
        if (this.#watchers === 0) this.#tell({ type: 'unwatch' });
        settle(outcome);
      };
      const aborted = () => finish('aborted');
      const timer = clock.setTimeout(() => finish('timeIsUp'), limitMs);
      const subscription = this.#actor.subscribe({ complete: () => finish('exited') });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}
