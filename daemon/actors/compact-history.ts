import { type EventObject, fromCallback } from 'xstate';
import { initialContext } from '../../machines/context/context-items.ts';
import { ModelError } from '../../machines/model/failure.ts';
import { messageText, type ResponseItem, textMessage } from '../../machines/model/response-item.ts';
import type { ItemOf } from '../../machines/protocol/types/item.ts';
import { COMPACT_PROMPT, compactedHistory, estimateTokens, summaryText } from '../../machines/thread/compaction.ts';
import { orderOutputs } from '../../machines/thread/history.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import type { TurnEvent } from '../../machines/thread/turn-setup.ts';
import { buildRequestBody } from '../model/request.ts';
import type { Thread } from '../threads/thread.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import { completedItem } from './record-item.ts';
import { recordEstimate, recordUsage } from './record-usage.ts';
import { toStreamFailure } from './stream-failure.ts';

/** Has the model write a summary, and puts it in the history's place (agent.md §5). */
export function createSummarize(thread: Thread) {
  return fromCallback<EventObject, { turnId: string }>(({ sendBack }) => {
    const controller = new AbortController();
    const { run } = thread;
    const tell = sendBack as (event: TurnEvent) => void;
    if (run) void new Compaction(thread, run, tell).run(controller.signal);
    return () => controller.abort();
  });
}

class Compaction {
  /** What stood in the history when the summary was asked for; what comes meanwhile stays. */
  private readonly asked: readonly ResponseItem[];

  constructor(
    private readonly thread: Thread,
    private readonly turn: TurnRun,
    private readonly tell: (event: TurnEvent) => void,
  ) {
    this.asked = [...turn.history];
  }

  async run(signal: AbortSignal): Promise<void> {
    const item = this.showItem();
    try {
      const answer = await this.askFitting(signal);
      if (signal.aborted) return;
      this.replace(item, summaryText(answer));
      this.tell({ type: 'summarized' });
    } catch (error) {
      if (signal.aborted) return;
      this.tell({ type: 'responseFailed', failure: toStreamFailure(error, this.thread.deps, this.thread.id) });
    }
  }

  /** The item is shown once, however often the request is tried. */
  private showItem(): ItemOf<'contextCompaction'> {
    const shown = this.thread.currentTurn?.items.findLast((known) => known.type === 'contextCompaction');
    if (shown && shown.completedAtMs == null) return shown;
    const startedAtMs = this.thread.deps.clock.now();
    const item = { type: 'contextCompaction' as const, id: this.thread.newId(), startedAtMs };
    this.thread.journal.announce({ method: 'item/started', params: { ...this.of, item, startedAtMs } });
    return item;
  }

  /** A history that does not even fit this request loses its oldest items, twice as many each time. */
  private async askFitting(signal: AbortSignal): Promise<string> {
    for (let dropped = 0; ; dropped = dropped * 2 + 1) {
      try {
        return await this.ask(this.asked.slice(dropped), signal);
      } catch (error) {
        const isTooLong = error instanceof ModelError && error.failure.kind === 'contextWindowExceeded';
        if (!isTooLong || dropped * 2 + 1 >= this.asked.length) throw error;
      }
    }
  }

  private async ask(history: readonly ResponseItem[], signal: AbortSignal): Promise<string> {
    const { turn, thread } = this;
    const { config } = turn.loaded;
    const body = buildRequestBody({
      model: turn.model,
      instructions: turn.instructions,
      input: [...orderOutputs(history), textMessage('user', config.compact_prompt ?? COMPACT_PROMPT)],
      tools: [],
      threadId: thread.id,
      effort: turn.settings.effort,
      summary: config.model_reasoning_summary,
      verbosity: config.model_verbosity,
    });
    const headers = { 'x-openai-subagent': 'compact' };
    let answer = '';
    for await (const event of turn.client.stream({ threadId: thread.id, body, headers }, { signal })) {
      if (signal.aborted) break;
      if (event.type === 'itemDone' && event.item.type === 'message') answer = messageText(event.item);
      if (event.type === 'completed' && event.usage) recordUsage(thread, turn, event.usage);
    }
    return answer;
  }

  /** In the order of the reference's log: the history, how long it is guessed to be, the item. */
  private replace(item: ItemOf<'contextCompaction'>, summary: string): void {
    const { thread, turn } = this;
    // By itself a compaction changes nothing about the surroundings: the model is told again what it was told last.
    const facts =
      turn.prompt.task?.kind === 'compact' ? (thread.context ?? turn.facts) : (turn.facts ?? thread.context);
    const meanwhile = turn.history.slice(this.asked.length);
    const history = [...compactedHistory(this.asked, facts ? initialContext(facts) : [], summary), ...meanwhile];
    const lines: LinePayload[] = [
      { type: 'compacted', payload: { message: summary, replacement_history: history } },
      ...(facts ? [{ type: 'codex_daemon', payload: { kind: 'context', facts } } as const] : []),
    ];
    if (!thread.journal.record(turn.review ? [] : lines)) return;
    turn.history.length = 0;
    for (const kept of history) turn.history.push(kept);
    if (!turn.review) thread.context = facts;
    recordEstimate(thread, turn, estimateTokens(history));
    const end = completedItem(thread.id, turn.turnId, item, thread.deps.clock.now());
    thread.journal.record(end.lines, end.event, { method: 'thread/compacted', params: this.of });
  }

  private get of() {
    return { threadId: this.thread.id, turnId: this.turn.turnId };
  }
}
