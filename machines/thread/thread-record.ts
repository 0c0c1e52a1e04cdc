import type { ContextFacts } from '../context/context-items.ts';
import type { ResponseItem } from '../model/response-item.ts';
import type { Usage } from '../model/usage.ts';
import { previewOf } from '../protocol/prompt-text.ts';
import type { ApprovalOutcome, OpenApproval } from '../protocol/types/approval.ts';
import type { ThreadGoal } from '../protocol/types/goal.ts';
import type { PlanStep, ThreadItem } from '../protocol/types/item.ts';
import type { QueuedPrompt, ThreadSettings, Turn } from '../protocol/types/thread.ts';
import type { QuestionRecord, SessionMeta, TurnContextLine } from './rollout-line.ts';
import type { TurnMark } from './turn-mark.ts';

/** A side effect that was announced to the log and not yet ended in it. */
export interface OpenIntent {
  readonly turnId: string;
  readonly callId: string;
  readonly item: ThreadItem | null;
}

/** What a thread's log says, gathered line by line. Mutable on purpose: a log may have a million lines. */
export interface ThreadRecord {
  meta: SessionMeta | null;
  lastContext: TurnContextLine | null;
  /** What was chosen since the last turn. Read with care: another version may have written it. */
  chosen: ThreadSettings | null;
  /** Facts that the model was told last. */
  context: ContextFacts | null;
  history: ResponseItem[];
  turns: Turn[];
  usage: { total: Usage; last: Usage; window: number | null } | null;
  queue: { turnId: string; prompt: QueuedPrompt }[];
  decisions: ApprovalOutcome[];
  intents: Map<string, OpenIntent>;
  /** Questions without an answer, by the id of their call. */
  questions: Map<string, QuestionRecord>;
  /** Questions of running calls without an answer, by id. */
  asides: Map<string, OpenApproval>;
  plan: { explanation: string | null; steps: PlanStep[] } | null;
  goal: ThreadGoal | null;
  /** Highest number that may have been given to an event. */
  seqReserved: number;
  ordinal: number;
  preview: string;
  /** Client-made ids of prompts that are in the log. */
  promptIds: Set<string>;
  /** What was known before each turn, to go back to. */
  marks: TurnMark[];
}

export function emptyRecord(): ThreadRecord {
  return {
    meta: null,
    lastContext: null,
    chosen: null,
    context: null,
    history: [],
    turns: [],
    usage: null,
    queue: [],
    decisions: [],
    intents: new Map(),
    questions: new Map(),
    asides: new Map(),
    plan: null,
    goal: null,
    seqReserved: 0,
    ordinal: 0,
    preview: '',
    promptIds: new Set(),
    marks: [],
  };
}

/** Shows an item in its turn, or in the last one; one that is there already is replaced. */
export function putItem(record: ThreadRecord, turnId: string | null, item: ThreadItem): void {
  if (item.type === 'userMessage') {
    if (item.clientId) record.promptIds.add(item.clientId);
    record.preview ||= previewOf(item.content);
  }
  const turn = turnId === null ? record.turns.at(-1) : record.turns.findLast((known) => known.id === turnId);
  if (!turn) return;
  const at = turn.items.findIndex((known) => known.id === item.id);
  if (at < 0) turn.items.splice(placeOf(turn, item), 0, item);
  else turn.items[at] = item;
}

/** Items stand in the order of their starts, as every client saw them; the log has them in the order of their ends. */
function placeOf({ items }: Turn, { startedAtMs }: ThreadItem): number {
  if (startedAtMs == null) return items.length;
  return items.findLastIndex((known) => known.startedAtMs == null || known.startedAtMs <= startedAtMs) + 1;
}
