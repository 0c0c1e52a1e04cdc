import type { ResponseItem } from '../../machines/model/response-item.ts';
import { decideCall } from '../../machines/policy/approval.ts';
import { questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { ApprovalOutcome, OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { LinePayload, QuestionRecord } from '../../machines/thread/rollout-line.ts';
import type { CallEnding, CallOutcome, PreparedCall, ToolCall } from '../../machines/thread/tool-call.ts';
import { closeApproval, keepQuestion, noteGranted } from '../threads/approvals.ts';
import type { Thread } from '../threads/thread.ts';
import { announceWaiting } from '../threads/turn-notices.ts';
import { shellOf } from '../tools/command-place.ts';
import type { ReadyCall, ToolContext } from '../tools/define-tool.ts';
import { findTool } from '../tools/offered.ts';
import { completedItem, modelLines } from './record-item.ts';

/** What the model reads when what a person accepted after a restart is no longer what would be done. */
export const CHANGED_SINCE_ASKED =
  'not run: the files or the surroundings changed since the user was asked, so the answer was given to something else. Look again, and ask anew if it is still wanted.';

interface LiveCall {
  readonly turnId: string;
  readonly abort: AbortController;
  ready: ReadyCall | null;
  /** The item as it is shown now; null: not shown (yet, or at all). */
  item: ThreadItem | null;
  /** The item as its tool left it. */
  ended: ThreadItem | null;
  approvalId: string | null;
  /** The question as an earlier daemon asked it. */
  readonly asked: QuestionRecord | null;
}

/** What the calls of a thread's turns do: look, ask, run, answer. One entry per open call. */
export class CallDesk {
  private readonly calls = new Map<string, LiveCall>();

  /** @param asked questions that an earlier daemon asked, and that are still open */
  constructor(
    private readonly thread: Thread,
    asked: readonly QuestionRecord[],
  ) {
    for (const question of asked)
      this.calls.set(question.approval.itemId, liveCall(question.approval.turnId, question));
  }

  async prepare(call: ToolCall, signal: AbortSignal): Promise<PreparedCall> {
    const { run } = this.thread;
    const tool = run && findTool(call, run);
    if (!run || !tool) return { type: 'answered', output: `unsupported call: ${call.name}` };
    const known = this.calls.get(call.callId);
    const live = known?.asked ? known : liveCall(run.turnId, null);
    this.calls.set(call.callId, live);
    signal.addEventListener('abort', () => live.ready ?? live.abort.abort(), { once: true });
    const context: ToolContext = {
      turn: run,
      callId: call.callId,
      signal: live.abort.signal,
      announce: (event) => this.thread.journal.announce(event),
      ask: (question, of) => this.thread.callQuestions.ask(question, { turnId: run.turnId, itemId: call.callId }, of),
      finishLater: (item) => this.finishItem(run.turnId, item),
    };
    const prepared = await tool.prepare(call.input, context);
    if ('answer' in prepared) return { type: 'answered', output: prepared.answer };
    if (live.asked && !isAsAsked(prepared, live.asked)) return { type: 'answered', output: CHANGED_SINCE_ASKED };
    live.ready = prepared;
    return { type: 'ready', facts: prepared.facts };
  }

  /**
   * Keeps the question, then shows the call and asks everybody who follows the thread.
   * @throws when the question cannot be kept; then nobody was asked
   */
  async ask(call: ToolCall, thenOutside: boolean): Promise<void> {
    const live = this.calls.get(call.callId);
    const { run } = this.thread;
    if (!live?.ready || !run) throw new Error(`call ${call.callId} was not prepared`);
    const { question } = live.ready;
    const startedAtMs = this.thread.deps.clock.now();
    const approval: OpenApproval = {
      approvalId: `approval-${this.thread.newId()}`,
      ...question,
      threadId: this.thread.id,
      turnId: live.turnId,
      itemId: call.callId,
      availableDecisions: [...questionKinds[question.kind].decisions],
      startedAtMs,
    };
    const item = live.ready.item && asShown(live.ready.item, 'agent', startedAtMs);
    const { outputSchema } = run.prompt;
    keepQuestion(this.thread, { approval, item, thenOutside, shell: shellOf(run), outputSchema });
    live.approvalId = approval.approvalId;
    // As in the reference: a command's status changes before it is shown, a patch's after that (protocol.md §5).
    if (question.kind === 'command') announceWaiting(this.thread, [approval]);
    this.showItem(live, 'agent', startedAtMs);
    announceWaiting(this.thread, [approval]);
    this.thread.journal.announce({ method: 'approval/requested', params: approval });
  }

  grant(call: ToolCall): void {
    const live = this.calls.get(call.callId);
    if (!live?.ready) return;
    this.thread.policies.grant(live.ready.grantKeys, live.turnId, this.answerTo(live)?.by ?? null);
  }

  private answerTo({ approvalId }: LiveCall): ApprovalOutcome | null {
    if (approvalId === null) return null;
    return this.thread.feed.snapshot.decisions.findLast((outcome) => outcome.approvalId === approvalId) ?? null;
  }

  stop(call: ToolCall): void {
    this.calls.get(call.callId)?.abort.abort();
  }

  /** Runs a call. The intent is in the log before anything happens (DESIGN §6). */
  async run(call: ToolCall, outside: boolean): Promise<CallOutcome> {
    const live = this.calls.get(call.callId);
    if (!live?.ready) throw new Error(`call ${call.callId} was not prepared`);
    if (live.approvalId === null && this.isLetThrough(live.ready))
      noteGranted(this.thread, live.turnId, call.callId, live.ready);
    if (live.ready.item && live.ready.facts.kind !== 'harmless') {
      const { turnId } = live;
      const item = { ...live.ready.item, startedAtMs: this.thread.deps.clock.now() };
      const intent = { type: 'codex_daemon', payload: { kind: 'intent', turnId, callId: call.callId, item } } as const;
      if (!this.thread.journal.record([intent])) throw new Error('not run: the thread cannot be written to');
    }
    this.showItem(live, 'unifiedExecStartup', this.thread.deps.clock.now());
    const { output, ok, item } = await live.ready.run({ outside, content: this.answerTo(live)?.content ?? null });
    live.ended = item;
    if (item === null) live.item = null;
    return { output, ok };
  }

  /** Writes what the model reads and how the item ended, then tells it. */
  finish(call: ToolCall, ending: CallEnding, outcome: CallOutcome): void {
    const live = this.calls.get(call.callId);
    this.calls.delete(call.callId);
    // A question that nobody answered before its turn was stopped closes everywhere.
    if (live?.approvalId) closeApproval(this.thread, live.approvalId);
    const payload = toOutput(call, outcome.output);
    const shown = live?.ended ?? (live?.item ? withStatus(live.item, ending, outcome.output) : null);
    const end = live && shown ? completedItem(this.thread.id, live.turnId, shown, this.thread.deps.clock.now()) : null;
    const { run } = this.thread;
    const lines: LinePayload[] = [...(end?.lines ?? []), ...modelLines(run, payload)];
    (run?.history ?? this.thread.history).push(payload);
    this.thread.journal.record(lines, ...(end ? [end.event] : []));
  }

  /** Whether it runs without a question only because a person allowed equal calls for the rest of the thread. */
  private isLetThrough({ facts }: ReadyCall): boolean {
    if (!('isGranted' in facts) || !facts.isGranted) return false;
    const { approvalPolicy } = this.thread.run?.settings ?? this.thread.settings;
    return decideCall({ ...facts, isGranted: false }, approvalPolicy).type === 'ask';
  }

  private showItem(live: LiveCall, source: ItemSource, startedAtMs: number): void {
    if (live.item || !live.ready?.item) return;
    live.item = asShown(live.ready.item, source, startedAtMs);
    const params = { threadId: this.thread.id, turnId: live.turnId, item: live.item, startedAtMs };
    this.thread.journal.announce({ method: 'item/started', params });
  }

  private finishItem(turnId: string, item: ThreadItem): void {
    const { lines, event } = completedItem(this.thread.id, turnId, item, this.thread.deps.clock.now());
    this.thread.journal.record(lines, event);
  }
}

type ItemSource = 'agent' | 'unifiedExecStartup';

const asShown = (item: ThreadItem, source: ItemSource, startedAtMs: number): ThreadItem => ({
  ...item,
  startedAtMs,
  ...(item.type === 'commandExecution' ? { source } : {}),
});

function liveCall(turnId: string, asked: QuestionRecord | null): LiveCall {
  const approvalId = asked?.approval.approvalId ?? null;
  return {
    turnId,
    abort: new AbortController(),
    ready: null,
    item: asked?.item ?? null,
    ended: null,
    approvalId,
    asked,
  };
}

/** Whether a call that is looked at again would do what the person was shown. */
function isAsAsked({ question, item }: ReadyCall, asked: QuestionRecord): boolean {
  const changesOf = (shown: ThreadItem | null) => (shown?.type === 'fileChange' ? JSON.stringify(shown.changes) : null);
  return (
    question.command === asked.approval.command &&
    question.cwd === asked.approval.cwd &&
    JSON.stringify(question.form ?? null) === JSON.stringify(asked.approval.form ?? null) &&
    changesOf(item) === changesOf(asked.item)
  );
}

function toOutput(call: ToolCall, output: CallOutcome['output']): ResponseItem {
  const type = call.kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output';
  return { type, call_id: call.callId, output: typeof output === 'string' ? output : [...output] };
}

/** An item whose tool left it as it was: it never ran, or was given up. */
function withStatus(item: ThreadItem, ending: CallEnding, output: CallOutcome['output']): ThreadItem {
  if (item.type === 'mcpToolCall') {
    const message = typeof output === 'string' ? output : ending;
    return { ...item, status: 'failed', error: { message } };
  }
  if (item.type === 'dynamicToolCall') return { ...item, status: 'failed', success: false };
  if (item.type !== 'commandExecution' && item.type !== 'fileChange') return item;
  return { ...item, status: ending === 'aborted' ? 'failed' : ending };
}
