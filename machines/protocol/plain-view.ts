import type { ThreadNotification } from './index.ts';
import { isSpoken, type SpokenItem, spokenDelta } from './spoken-item.ts';
import type { ThreadItem } from './types/item.ts';
import type { ThreadSnapshot, Turn } from './types/thread.ts';

/**
 * What a client that knows no snapshots was told of a thread, as far as needed to say later what it missed: while it
 * lagged the events went from memory, and in their place it is told their outcome in words that it knows.
 */
export class PlainView {
  private turnId: string | null = null;
  private hasTurnEnded = false;
  /** Items that were started and not ended, with the length of the text told so far. */
  private readonly open = new Map<string, number>();
  /** Items of the last turn that were ended. */
  private readonly ended = new Set<string>();
  private readonly questions = new Set<string>();

  /** @param turns what the client has already, from the answer by which it took up the thread */
  constructor(turns: readonly Turn[] = []) {
    const last = turns.at(-1);
    if (!last) return;
    this.enterTurn(last.id);
    this.hasTurnEnded = last.status !== 'inProgress';
    for (const { id, completedAtMs } of last.items) {
      if (completedAtMs == null) this.open.set(id, 0);
      else this.ended.add(id);
    }
  }

  /** Takes note of an event that the client was sent. */
  note(event: ThreadNotification): void {
    switch (event.method) {
      case 'turn/started':
        return this.enterTurn(event.params.turn.id);
      case 'turn/completed':
        this.hasTurnEnded = true;
        return;
      case 'item/started':
        this.open.set(event.params.item.id, 0);
        return;
      case 'item/agentMessage/delta':
      case 'item/plan/delta':
        this.open.set(event.params.itemId, (this.open.get(event.params.itemId) ?? 0) + event.params.delta.length);
        return;
      case 'item/completed':
        this.open.delete(event.params.item.id);
        this.ended.add(event.params.item.id);
        return;
      case 'approval/requested':
        this.questions.add(event.params.approvalId);
        return;
      case 'approval/resolved':
        this.questions.delete(event.params.approvalId);
        return;
      default:
        return;
    }
  }

  /** What leads from what was told to a later state of the thread. Take note of them like of any other. */
  missed({ thread, approvals }: ThreadSnapshot): ThreadNotification[] {
    const threadId = thread.id;
    const at = thread.turns.findLastIndex(({ id }) => id === this.turnId);
    // The turn that it was told of last was taken back: it is told so by `thread/reverted`, and reads the thread anew.
    const none = this.turnId === null ? Math.max(0, thread.turns.length - 1) : thread.turns.length;
    const first = at < 0 ? none : at;
    const isOpen = (id: string) => approvals.some(({ approvalId }) => approvalId === id);
    return [
      ...thread.turns.slice(0, first).flatMap((turn) => this.lateEnds({ threadId, turnId: turn.id }, turn)),
      ...thread.turns.slice(first).flatMap((turn) => this.turnEvents(threadId, turn)),
      ...[...this.questions]
        .filter((id) => !isOpen(id))
        .map((requestId) => ({ method: 'serverRequest/resolved' as const, params: { threadId, requestId } })),
      { method: 'thread/status/changed', params: { threadId, status: thread.status } },
    ];
  }

  private enterTurn(turnId: string): void {
    this.turnId = turnId;
    this.hasTurnEnded = false;
    this.ended.clear();
  }

  /** A command may go on after its turn. */
  private lateEnds(of: OfTurn, { items }: Turn): ThreadNotification[] {
    return items.filter(({ id, completedAtMs }) => this.open.has(id) && completedAtMs != null).map(endOf(of));
  }

  private turnEvents(threadId: string, turn: Turn): ThreadNotification[] {
    const of = { threadId, turnId: turn.id };
    const isKnown = turn.id === this.turnId;
    const events = turn.items.flatMap((item) => this.itemEvents(of, item, isKnown));
    const start: ThreadNotification = { method: 'turn/started', params: { threadId, turn: { ...turn, items: [] } } };
    const end: ThreadNotification = { method: 'turn/completed', params: { threadId, turn: { ...turn, items: [] } } };
    const isOver = turn.status !== 'inProgress' && !(isKnown && this.hasTurnEnded);
    return [...(isKnown ? [] : [start]), ...events, ...(isOver ? [end] : [])];
  }

  private itemEvents(of: OfTurn, item: ThreadItem, isTurnKnown: boolean): ThreadNotification[] {
    if (isTurnKnown && this.ended.has(item.id)) return [];
    const told = isTurnKnown ? this.open.get(item.id) : undefined;
    const start = told === undefined ? [startOf(of, item)] : [];
    if (item.completedAtMs != null) return [...start, endOf(of)(item)];
    return [...start, ...(isSpoken(item) ? restOf(of, item, told ?? 0) : [])];
  }
}

type OfTurn = { readonly threadId: string; readonly turnId: string };

function startOf(of: OfTurn, item: ThreadItem): ThreadNotification {
  const empty = isSpoken(item) && item.completedAtMs == null ? { ...item, text: '' } : item;
  return { method: 'item/started', params: { ...of, item: empty, startedAtMs: item.startedAtMs ?? 0 } };
}

const endOf =
  (of: OfTurn) =>
  (item: ThreadItem): ThreadNotification => ({
    method: 'item/completed',
    params: { ...of, item, completedAtMs: item.completedAtMs ?? 0 },
  });

function restOf(of: OfTurn, item: SpokenItem, told: number): ThreadNotification[] {
  const delta = item.text.slice(told);
  return delta === '' ? [] : [spokenDelta(of, item, delta)];
}
