import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Turn } from '../../machines/protocol/types/thread.ts';
import type { ThreadUpdate } from '../connection/link.ts';

/** The turn to watch: by its id, or by the prompt that will start it when it waits in the queue. */
export type WatchedTurn =
  | { readonly kind: 'turn'; readonly turnId: string }
  | { readonly kind: 'prompt'; readonly clientUserMessageId: string };

/**
 * Picks one turn's events out of a followed thread, each once, also when a snapshot came in place of some of them.
 * What arrives before it is known which turn is ours is kept and looked through then.
 */
export class TurnWatcher {
  private watched: WatchedTurn | null = null;
  private early: ThreadUpdate[] = [];
  private hasStarted = false;
  private readonly started = new Set<string>();
  private readonly completed = new Set<string>();

  constructor(
    private readonly threadId: string,
    private readonly onEvent: (event: ThreadNotification) => void,
  ) {}

  /** The turn's id, as soon as it is known. */
  get turnId(): string | null {
    return this.watched?.kind === 'turn' ? this.watched.turnId : null;
  }

  watch(watched: WatchedTurn): void {
    this.watched = watched;
    const early = this.early;
    this.early = [];
    for (const update of early) this.take(update);
  }

  take(update: ThreadUpdate): void {
    if (this.watched?.kind === 'prompt') this.find(update, this.watched.clientUserMessageId);
    const turnId = this.turnId;
    if (turnId === null) {
      this.early.push(update);
      return;
    }
    if (update.kind === 'event') {
      if (isOf(update.event, turnId)) this.pass(update.event);
      return;
    }
    const turn = update.snapshot.thread.turns.find(({ id }) => id === turnId);
    for (const event of turn ? eventsOf(this.threadId, turn) : []) this.pass(event);
  }

  private find({ snapshot }: ThreadUpdate, clientId: string): void {
    const turn = snapshot.thread.turns.findLast(({ items }) =>
      items.some((item) => item.type === 'userMessage' && item.clientId === clientId),
    );
    if (turn) this.watch({ kind: 'turn', turnId: turn.id });
  }

  private pass(event: ThreadNotification): void {
    if (event.method === 'turn/started') {
      if (this.hasStarted) return;
      this.hasStarted = true;
    }
    if (event.method === 'item/started' || event.method === 'item/completed') {
      const { id } = event.params.item;
      const seen = event.method === 'item/started' ? this.started : this.completed;
      if (seen.has(id) || this.completed.has(id)) return;
      seen.add(id);
    }
    this.onEvent(event);
  }
}

/** Events without a turn (warnings) belong to whoever listens. */
function isOf({ method, params }: ThreadNotification, turnId: string): boolean {
  if (method === 'turn/started' || method === 'turn/completed') return params.turn.id === turnId;
  return !('turnId' in params) || params.turnId === turnId;
}

/** The events that a turn in a snapshot must have had. */
export function eventsOf(threadId: string, turn: Turn): ThreadNotification[] {
  const { id: turnId } = turn;
  const items = turn.items.map((item, index): ThreadNotification => {
    const isSettled = hasEnded(item, turn, index);
    return isSettled
      ? { method: 'item/completed', params: { threadId, turnId, item, completedAtMs: item.completedAtMs ?? 0 } }
      : { method: 'item/started', params: { threadId, turnId, item, startedAtMs: item.startedAtMs ?? 0 } };
  });
  const end: ThreadNotification[] =
    turn.status === 'inProgress' ? [] : [{ method: 'turn/completed', params: { threadId, turn } }];
  return [{ method: 'turn/started', params: { threadId, turn } }, ...items, ...end];
}

/** A command, a patch and an MCP call say so themselves; a text has ended when it has a time, a successor, or a turn that went well. */
function hasEnded(item: ThreadItem, turn: Turn, index: number): boolean {
  if (
    item.type === 'commandExecution' ||
    item.type === 'fileChange' ||
    item.type === 'mcpToolCall' ||
    item.type === 'dynamicToolCall'
  )
    return item.status !== 'inProgress';
  return typeof item.completedAtMs === 'number' || index < turn.items.length - 1 || turn.status === 'completed';
}
