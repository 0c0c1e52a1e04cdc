import type { ContextFacts } from '../context/context-items.ts';
import type { ResponseItem } from '../model/response-item.ts';
import type { ApprovalOutcome, OpenApproval } from '../protocol/types/approval.ts';
import type { ClientTag, ThreadItem } from '../protocol/types/item.ts';
import type { QueuedPrompt, ThreadSettings, TurnError } from '../protocol/types/thread.ts';

/**
 * The lines of a thread's log, in the reference's layout (agent.md §12), one JSON object each. Lines of type
 * `codex_daemon` are ours; the reference skips and keeps them.
 */
export type LinePayload =
  | { readonly type: 'session_meta'; readonly payload: SessionMeta }
  | { readonly type: 'turn_context'; readonly payload: TurnContextLine }
  | { readonly type: 'response_item'; readonly payload: ResponseItem }
  | { readonly type: 'event_msg'; readonly payload: EventMessage }
  | { readonly type: 'compacted'; readonly payload: CompactedLine }
  | { readonly type: 'codex_daemon'; readonly payload: DaemonRecord };

export type RolloutLine = LinePayload & { readonly timestamp: string; readonly ordinal?: number };

/** First line of every log. */
export interface SessionMeta {
  readonly id: string;
  readonly session_id?: string;
  readonly timestamp: string;
  readonly forked_from_id?: string;
  /** What a client said the thread is for. */
  readonly thread_source?: string;
  readonly cwd: string;
  readonly originator: string;
  readonly cli_version: string;
  readonly source: string;
  readonly model_provider: string;
  /** What a client answers itself; the reference may have written it. */
  readonly dynamic_tools?: unknown;
  readonly base_instructions?: { readonly text: string };
  readonly git?: { readonly commit_hash?: string; readonly branch?: string; readonly repository_url?: string };
}

/** What a turn ran with. */
export interface TurnContextLine {
  readonly turn_id: string;
  readonly cwd: string;
  readonly current_date: string;
  readonly timezone: string;
  readonly approval_policy: string;
  readonly sandbox_policy: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly effort?: string | null;
  /** Read with care: another version of the reference may have written it. */
  readonly collaboration_mode?: unknown;
  readonly summary: string;
  readonly truncation_policy: { readonly mode: string; readonly limit: number };
}

/** A history that was shortened: what stood before it in the log is the model's no longer (agent.md §5). */
export interface CompactedLine {
  /** The preface and the summary. */
  readonly message: string;
  /** The whole history from here on. Older logs of the reference lack it. */
  readonly replacement_history?: readonly unknown[] | null;
}

/** Events of the interface. Kinds of other versions of the reference are read where they help, else skipped. */
export type EventMessage = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Our own durable records. */
export type DaemonRecord =
  /** Numbers up to here may have been given to events; a restart goes on above (DESIGN §3). */
  | { readonly kind: 'seq'; readonly upTo: number }
  | { readonly kind: 'prompt'; readonly turnId: string; readonly prompt: QueuedPrompt }
  | { readonly kind: 'promptTaken'; readonly promptId: string }
  | { readonly kind: 'promptWithdrawn'; readonly promptId: string }
  | { readonly kind: 'promptChanged'; readonly prompt: QueuedPrompt }
  /** The order of the prompts in line, each once. */
  | { readonly kind: 'promptsOrdered'; readonly promptIds: readonly string[] }
  /** Written before a side effect; its item and output are written after it. */
  | { readonly kind: 'intent'; readonly turnId: string; readonly callId: string; readonly item: ThreadItem | null }
  /** What the model was told about its surroundings, to tell it later only what changed. */
  | { readonly kind: 'context'; readonly facts: ContextFacts }
  /** Written before a question is asked, so that it outlives the daemon. */
  | ({ readonly kind: 'question' } & QuestionRecord)
  /** The same for what a running call asks. It ends with its call: no daemon after this one asks it again. */
  | { readonly kind: 'aside'; readonly approval: OpenApproval }
  /** What somebody chose for the turns to come; the next turn's own line takes its place. */
  | { readonly kind: 'settings'; readonly settings: ThreadSettings }
  /** The reference keeps this out of its log. */
  | { readonly kind: 'goalCleared' }
  | { readonly kind: 'decision'; readonly outcome: ApprovalOutcome }
  /** Who stopped a turn; its end follows. */
  | { readonly kind: 'turnStopped'; readonly turnId: string; readonly by: ClientTag }
  | { readonly kind: 'turnFailed'; readonly turnId: string; readonly error: TurnError };

/** A question, and what is needed to go on with its call when the daemon that asked is gone. */
export interface QuestionRecord {
  readonly approval: OpenApproval;
  /** The call as it is shown while it waits. */
  readonly item: ThreadItem | null;
  /** Whether the call, once it is accepted, runs outside the sandbox. */
  readonly thenOutside: boolean;
  /** The shell that the shown command names; the environment itself is never written. */
  readonly shell: string;
  readonly outputSchema?: unknown;
}

/** Whether a record of ours tells of what was said and done, and so goes along when a thread is forked. */
export function isOfHistory({ kind }: DaemonRecord): boolean {
  switch (kind) {
    case 'intent':
    case 'context':
    case 'decision':
    case 'turnFailed':
    case 'turnStopped':
      return true;
    // The numbers, the line of prompts, the goal and what is chosen for later turns are the thread's own.
    case 'seq':
    case 'settings':
    case 'prompt':
    case 'promptTaken':
    case 'promptWithdrawn':
    case 'promptChanged':
    case 'promptsOrdered':
    case 'question':
    case 'aside':
    case 'goalCleared':
      return false;
    default:
      // A kind of another version.
      return (kind satisfies never) === undefined;
  }
}

export const SEQ_BLOCK = 1_000;

const TYPES: ReadonlySet<string> = new Set([
  'session_meta',
  'turn_context',
  'response_item',
  'event_msg',
  'compacted',
  'codex_daemon',
]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line of a log; null for a line of another program's or version's type, and for one cut by a crash. */
export function parseRolloutLine(text: string): RolloutLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || typeof value.type !== 'string' || !TYPES.has(value.type)) return null;
  if (!isRecord(value.payload) || typeof value.timestamp !== 'string') return null;
  // The payload's own readers check what they use: a log may come from another version of the reference.
  return value as unknown as RolloutLine;
}
