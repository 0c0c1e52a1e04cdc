import { cutOutput, DEFAULT_MAX_OUTPUT_TOKENS } from '../../machines/exec/format-output.ts';
import { displayCommand, shellArgv } from '../../machines/exec/shell-command.ts';
import { type ResponseItem, textMessage } from '../../machines/model/response-item.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import { completedItem } from '../actors/record-item.ts';
import { OutputBuffer } from '../exec/output-buffer.ts';
import type { RunningProcess } from '../exec/spawn-command.ts';
import { cannotRun } from '../tools/cannot-run.ts';
import { commandPlace, shellOf } from '../tools/command-place.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadJournal } from './thread-journal.ts';
import type { TurnRun } from './turn-run.ts';

/** A command that nobody ends is ended after an hour, as in the reference. */
export const USER_COMMAND_TIMEOUT_MS = 60 * 60_000;
/** Exit code of a command that ran out of its time, as `timeout` gives it. */
const TIMED_OUT = 124;

type CommandItem = ItemOf<'commandExecution'>;

/** A command line as a person typed it, and the turn it belongs to. */
export interface UserCommand {
  readonly command: string;
  readonly timeoutMs: number | null;
  /** The turn, with the environment of the client that typed it. */
  readonly turn: TurnRun;
}

interface CommandThread {
  readonly id: string;
  readonly deps: ThreadDeps;
  readonly journal: ThreadJournal;
  readonly history: ResponseItem[];
  newId(): string;
}

interface LiveCommand {
  readonly stopped: AbortController;
  readonly ended: Promise<unknown>;
}

/**
 * The commands that people run in a thread (`!cmd`, agent.md §18): without sandbox and without a question, since a
 * person typed them. What they put out is shown, and told to the model with its next request.
 */
export class UserCommands {
  private readonly live = new Set<LiveCommand>();

  constructor(private readonly thread: CommandThread) {}

  get isRunning(): boolean {
    return this.live.size > 0;
  }

  /** Runs a command to its end. Whatever becomes of it is a result; `isStopped`: somebody ended it. */
  async run(command: UserCommand): Promise<{ readonly isStopped: boolean }> {
    const stopped = new AbortController();
    const ended = this.runUntil(command, stopped.signal);
    const live = { stopped, ended };
    this.live.add(live);
    try {
      await ended;
    } finally {
      this.live.delete(live);
    }
    return { isStopped: stopped.signal.aborted };
  }

  /** Ends what runs; settles when it is gone. */
  async stop(): Promise<void> {
    const live = [...this.live];
    for (const { stopped } of live) stopped.abort();
    await Promise.allSettled(live.map(({ ended }) => ended));
  }

  private async runUntil(command: UserCommand, stopped: AbortSignal): Promise<void> {
    const { thread } = this;
    const { turnId } = command.turn;
    const item = this.itemOf(command);
    const intent = { kind: 'intent', turnId, callId: item.id, item } as const;
    const startedAtMs = item.startedAtMs ?? thread.deps.clock.now();
    const isRecorded = thread.journal.record([{ type: 'codex_daemon', payload: intent }], {
      method: 'item/started',
      params: { threadId: thread.id, turnId, item, startedAtMs },
    });
    if (!isRecorded) throw new Error('not run: the thread cannot be written to');
    const { exitCode, output } = await this.execute(command, item, stopped);
    const durationMs = thread.deps.clock.now() - startedAtMs;
    const status = exitCode === 0 ? 'completed' : 'failed';
    this.record({ ...item, status, exitCode, aggregatedOutput: output, durationMs }, command);
  }

  private itemOf({ command, turn }: UserCommand): CommandItem {
    return {
      type: 'commandExecution',
      id: this.thread.newId(),
      command: displayCommand(argvOf(command, turn)),
      cwd: turn.settings.cwd,
      status: 'inProgress',
      commandActions: [{ type: 'unknown', command }],
      aggregatedOutput: null,
      exitCode: null,
      durationMs: null,
      processId: null,
      source: 'userShell',
      startedAtMs: this.thread.deps.clock.now(),
    };
  }

  private async execute(
    { command, timeoutMs, turn }: UserCommand,
    { id: itemId }: CommandItem,
    stopped: AbortSignal,
  ): Promise<{ exitCode: number; output: string }> {
    const { thread } = this;
    const buffer = new OutputBuffer();
    const params = { threadId: thread.id, turnId: turn.turnId, itemId };
    try {
      const running = await thread.deps.tools.spawn({
        ...commandPlace(turn, itemId, true),
        argv: argvOf(command, turn),
        cwd: turn.settings.cwd,
        tty: false,
        onOutput: (delta) => {
          buffer.push(delta);
          thread.journal.announce({ method: 'item/commandExecution/outputDelta', params: { ...params, delta } });
        },
      });
      const limitMs = timeoutMs ?? USER_COMMAND_TIMEOUT_MS;
      const { exitCode, why } = await this.untilEnd(running, limitMs, stopped);
      return { exitCode, output: why === null ? buffer.aggregated() : lineAfter(buffer.aggregated(), why) };
    } catch (error) {
      return { exitCode: -1, output: cannotRun(error) };
    }
  }

  private async untilEnd(
    running: RunningProcess,
    limitMs: number,
    stopped: AbortSignal,
  ): Promise<{ exitCode: number; why: string | null }> {
    const { clock } = this.thread.deps;
    let isLate = false;
    const timer = clock.setTimeout(() => {
      isLate = true;
      running.kill();
    }, limitMs);
    const stop = () => running.kill();
    stopped.addEventListener('abort', stop, { once: true });
    if (stopped.aborted) stop();
    const exitCode = await running.exited;
    clock.clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
    if (isLate) return { exitCode: TIMED_OUT, why: `ended after its time of ${limitMs / 1000} s` };
    return stopped.aborted ? { exitCode: -1, why: 'ended by the user' } : { exitCode, why: null };
  }

  /** The item first, then what the model reads, as in the reference's log. */
  private record(item: CommandItem, { command, turn }: UserCommand): void {
    const { thread } = this;
    const { lines, event } = completedItem(thread.id, turn.turnId, item, thread.deps.clock.now());
    const message = textMessage('user', commandText(command, item));
    if (thread.journal.record([...lines, { type: 'response_item', payload: message }], event))
      thread.history.push(message);
  }
}

const argvOf = (command: string, turn: TurnRun) => shellArgv(command, { shell: shellOf(turn), login: true });

const lineAfter = (output: string, line: string): string =>
  output === '' || output.endsWith('\n') ? `${output}${line}\n` : `${output}\n${line}\n`;

/** What the model reads of a person's command, in the form that models know from the reference. */
function commandText(command: string, { exitCode, durationMs, aggregatedOutput }: CommandItem): string {
  return [
    '<user_shell_command>',
    '<command>',
    command,
    '</command>',
    '<result>',
    `Exit code: ${exitCode}`,
    `Duration: ${((durationMs ?? 0) / 1000).toFixed(4)} seconds`,
    'Output:',
    cutOutput(aggregatedOutput ?? '', DEFAULT_MAX_OUTPUT_TOKENS),
    '</result>',
    '</user_shell_command>',
  ].join('\n');
}
