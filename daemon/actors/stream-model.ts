import { type EventObject, fromCallback } from 'xstate';
import type { ModelEvent } from '../../machines/model/model-event.ts';
import { messageText, type ResponseItem } from '../../machines/model/response-item.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { type SpokenItem, spokenDelta } from '../../machines/protocol/spoken-item.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { orderOutputs } from '../../machines/thread/history.ts';
import { toolCallOf } from '../../machines/thread/tool-call.ts';
import type { TurnEvent } from '../../machines/thread/turn-setup.ts';
import { buildRequestBody } from '../model/request.ts';
import type { Thread } from '../threads/thread.ts';
import type { TurnRun } from '../threads/turn-run.ts';
import { offeredSpecs } from '../tools/offered.ts';
import { PlannedAnswer } from './planned-answer.ts';
import { completedItem, modelLines } from './record-item.ts';
import { isFull, recordUsage } from './record-usage.ts';
import { toStreamFailure } from './stream-failure.ts';

/** One model response: deltas go straight to the followers, whole items into the log, and the turn hears what matters. */
export function createStreamModel(thread: Thread) {
  return fromCallback<EventObject, { turnId: string }>(({ sendBack }) => {
    const controller = new AbortController();
    const { run } = thread;
    if (run) void new ResponseReader(thread, run, sendBack as (event: TurnEvent) => void).read(controller.signal);
    return () => controller.abort();
  });
}

class ResponseReader {
  /** The API's item id -> ours: a server may use one again, an item of a thread has an id of its own. */
  private readonly ids = new Map<string, string>();
  /** Answers in Plan mode, by the API's item id. */
  private readonly planned = new Map<string, PlannedAnswer>();

  constructor(
    private readonly thread: Thread,
    private readonly run: TurnRun,
    private readonly tell: (event: TurnEvent) => void,
  ) {}

  async read(signal: AbortSignal): Promise<void> {
    try {
      const headers = this.run.review ? { 'x-openai-subagent': 'review' } : {};
      const request = { threadId: this.thread.id, body: this.body(), headers };
      for await (const event of this.run.client.stream(request, { signal })) {
        if (signal.aborted) return;
        this.take(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.tell({ type: 'responseFailed', failure: toStreamFailure(error, this.thread.deps, this.thread.id) });
    }
  }

  private body() {
    const { run, thread } = this;
    const { config } = run.loaded;
    return buildRequestBody({
      model: run.model,
      instructions: run.instructions,
      input: orderOutputs(run.history),
      tools: offeredSpecs(run),
      threadId: thread.id,
      effort: run.settings.effort,
      summary: config.model_reasoning_summary,
      verbosity: config.model_verbosity,
      outputSchema: run.prompt.outputSchema,
    });
  }

  private take(event: ModelEvent): void {
    switch (event.type) {
      case 'itemAdded':
        // In Plan mode the words decide what is shown.
        if (!this.isPlanned(event.item)) this.startItem(event.item);
        return;
      case 'textDelta':
        return this.takeText(event.itemId, event.delta);
      case 'reasoningSummaryPartAdded':
        return this.announceDelta('item/reasoning/summaryPartAdded', event.itemId, {
          summaryIndex: event.summaryIndex,
        });
      case 'reasoningSummaryDelta':
        return this.announceDelta('item/reasoning/summaryTextDelta', event.itemId, {
          summaryIndex: event.summaryIndex,
          delta: event.delta,
        });
      case 'reasoningTextDelta':
        return this.announceDelta('item/reasoning/textDelta', event.itemId, {
          contentIndex: event.contentIndex,
          delta: event.delta,
        });
      case 'itemDone':
        return this.finishItem(event.item);
      case 'completed':
        if (event.usage) recordUsage(this.thread, this.run, event.usage);
        this.tell({ type: 'responseCompleted', isFull: isFull(this.run, event.usage?.totalTokens ?? 0) });
        return;
      default:
        return;
    }
  }

  private takeText(apiId: string, delta: string): void {
    const { run } = this;
    if (run.review) return;
    if (run.settings.mode === 'plan') return this.plannedAnswer(apiId).push(delta);
    const id = this.ids.get(apiId);
    if (id !== undefined) this.say({ type: 'agentMessage', id }, delta);
  }

  private say(item: Pick<SpokenItem, 'type' | 'id'>, delta: string): void {
    this.thread.journal.announce(spokenDelta(this.of, item, delta));
    this.thread.partial.note(this.run.turnId, item, delta);
  }

  private isPlanned(item: ResponseItem): boolean {
    const { review, settings } = this.run;
    return item.type === 'message' && item.role === 'assistant' && settings.mode === 'plan' && !review;
  }

  private plannedAnswer(apiId: string): PlannedAnswer {
    const known = this.planned.get(apiId);
    if (known) return known;
    const start = (type: SpokenItem['type']): SpokenItem => {
      const planId = `${this.run.turnId}-plan`;
      const id = type === 'agentMessage' ? this.idOf(apiId, true) : this.isShown(planId) ? this.thread.newId() : planId;
      const item = { type, id, text: '' };
      this.announceStart(item);
      return item;
    };
    const answer = new PlannedAnswer({ start, say: (item, delta) => this.say(item, delta) });
    this.planned.set(apiId, answer);
    return answer;
  }

  private startItem(item: ResponseItem): void {
    const shown = this.toThreadItem(item, true);
    if (shown) this.announceStart(shown);
  }

  private announceStart(item: ThreadItem): void {
    const startedAtMs = this.thread.deps.clock.now();
    const params = { ...this.of, item: { ...item, startedAtMs }, startedAtMs };
    this.thread.journal.announce({ method: 'item/started', params });
  }

  private finishItem(item: ResponseItem): void {
    this.tell({ type: 'progressed' });
    const { thread, run } = this;
    const ends = this.endedItems(item).map((shown) =>
      completedItem(thread.id, run.turnId, { ...shown, startedAtMs: this.startOf(shown.id) }, thread.deps.clock.now()),
    );
    const lines = [...modelLines(run, item), ...ends.flatMap((end) => end.lines)];
    // Told the plan first, as in the reference; kept in the order in which they began, in which they are read again.
    const told = ends.map(({ event }) => event);
    if (!thread.journal.record(lines, ...told.filter(isOfPlan), ...told.filter((event) => !isOfPlan(event)))) return;
    run.history.push(item);
    thread.partial.clear();
    const call = toolCallOf(item);
    if (call) this.tell({ type: 'toolCall', call });
  }

  /** What is shown of an item that is whole; shown from here on, when no piece of it came. */
  private endedItems(item: ResponseItem): ThreadItem[] {
    if (item.type === 'message' && this.isPlanned(item)) {
      const apiId = item.id ?? '';
      const ended = this.plannedAnswer(apiId).finish(messageText(item));
      this.planned.delete(apiId);
      return ended;
    }
    const shown = this.toThreadItem(item, false);
    if (shown && !this.isShown(shown.id)) this.startItem(item);
    return shown ? [shown] : [];
  }

  private toThreadItem(item: ResponseItem, isNew: boolean): ThreadItem | null {
    if (item.type === 'message' && item.role === 'assistant') {
      // A reviewer's words are for the program: its findings are shown when it is done.
      if (this.run.review) return null;
      return { type: 'agentMessage', id: this.idOf(item.id, isNew), text: isNew ? '' : messageText(item) };
    }
    if (item.type === 'reasoning') {
      const summary = isNew ? [] : item.summary.map((part) => part.text);
      const content = isNew ? [] : (item.content ?? []).map((part) => part.text);
      return { type: 'reasoning', id: this.idOf(item.id, isNew), summary, content };
    }
    return null;
  }

  private idOf(apiId: string | null | undefined, isNew: boolean): string {
    const key = apiId ?? '';
    const known = this.ids.get(key);
    if (known !== undefined && !(isNew && this.isShown(known))) return known;
    const id = key === '' || this.isShown(key) ? this.thread.newId() : key;
    this.ids.set(key, id);
    return id;
  }

  private isShown(id: string): boolean {
    return this.startOf(id) !== undefined;
  }

  /** When an item of this turn began, in ms; undefined: it is not shown. */
  private startOf(id: string): number | undefined {
    const turn = this.thread.feed.snapshot.thread.turns.at(-1);
    return turn?.items.findLast((item) => item.id === id)?.startedAtMs ?? undefined;
  }

  private get of() {
    return { threadId: this.thread.id, turnId: this.run.turnId };
  }

  private announceDelta<M extends DeltaMethod>(method: M, apiId: string, delta: DeltaOf<M>): void {
    const itemId = this.ids.get(apiId);
    // The fields of each delta are tied to its method by DeltaOf; the union of them all is not.
    if (itemId !== undefined)
      this.thread.journal.announce({ method, params: { ...this.of, itemId, ...delta } } as never);
  }
}

const isOfPlan = (event: ThreadNotification): boolean =>
  event.method === 'item/completed' && event.params.item.type === 'plan';

interface Deltas {
  'item/reasoning/summaryPartAdded': { summaryIndex: number };
  'item/reasoning/summaryTextDelta': { summaryIndex: number; delta: string };
  'item/reasoning/textDelta': { contentIndex: number; delta: string };
}
type DeltaMethod = keyof Deltas;
type DeltaOf<M extends DeltaMethod> = Deltas[M];
