/** The words that a turn, its thread and the daemon share. */
import type { ApprovalPolicy } from '../protocol/types/policy.ts';
import type { TurnError } from '../protocol/types/thread.ts';
import type { ToolCall } from './tool-call.ts';

export interface TurnPrompt {
  readonly turnId: string;
  /** The client-made id of the prompt that started it. */
  readonly promptId: string;
}

/** Calls of a turn that waited for a person when the daemon ended. */
export interface ReopenedCalls {
  /** Asked about already; `thenOutside`: once accepted, they run outside the sandbox. */
  readonly waiting: readonly { readonly call: ToolCall; readonly thenOutside: boolean }[];
  /** Made by the model, and not looked at yet. */
  readonly pending: readonly ToolCall[];
}

export interface TurnInput extends TurnPrompt {
  /** Null for a new turn. */
  readonly reopened: ReopenedCalls | null;
}

/**
 * What a turn does: answers (a prompt, as a reviewer, on for a goal), shortens the history, or runs a command that a
 * person typed.
 */
export type TurnTask = 'answer' | 'compact' | 'userCommand';

/** What setting up a turn found out. */
export interface PreparedTurn {
  readonly task: TurnTask;
  /** Whether the history has to be shortened before the model is asked (agent.md §5). */
  readonly isFull: boolean;
  readonly approvalPolicy: ApprovalPolicy;
  /** How often a cut or refused stream is tried again (agent.md §4). */
  readonly streamMaxRetries: number;
}

/** Why a response did not come whole. */
export interface StreamFailure {
  readonly error: TurnError;
  readonly isRetryable: boolean;
  /** The history does not fit the model's window: asking again helps only once it was shortened. */
  readonly isOverflow: boolean;
  /** Waits in ms by attempt, 1 first: the usual back-off, or the wait that the server named. */
  readonly waitsMs: (attempt: number) => number;
}

export interface TurnOutput {
  readonly status: 'completed' | 'interrupted' | 'failed';
  readonly error: TurnError | null;
}
