import { foldThread } from '../../machines/protocol/fold-thread.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { NotificationMessage } from '../../machines/protocol/message.ts';
import { threadAttach, threadStart } from '../../machines/protocol/methods/thread.ts';
import { turnStart } from '../../machines/protocol/methods/turn.ts';
import type { ItemOf, ThreadItem } from '../../machines/protocol/types/item.ts';
import type { ThreadSnapshot, Turn } from '../../machines/protocol/types/thread.ts';
import type { DaemonClient } from './daemon-client.ts';

export type StartParams = Parameters<typeof startThread>[1];
export type NumberedEvent = ThreadNotification & { readonly seq: number };

/** A thread as one client follows it: its numbered events, checked for gaps and doubles, and what they fold to. */
export class ClientThread {
  readonly events: NumberedEvent[] = [];
  /** Numbers that did not follow their predecessor. Empty in a good test. */
  readonly gaps: string[] = [];

  constructor(
    readonly client: DaemonClient,
    readonly id: string,
    public snapshot: ThreadSnapshot | null,
    public seq: number | null,
  ) {
    client.listeners.add((message) => this.take(message));
    for (const message of client.notifications) this.take(message);
  }

  get turns(): readonly Turn[] {
    return this.snapshot?.thread.turns ?? [];
  }

  get items(): readonly ThreadItem[] {
    return this.turns.flatMap((turn) => turn.items);
  }

  itemsOf<Type extends ThreadItem['type']>(type: Type): ItemOf<Type>[] {
    return this.items.filter((item): item is ItemOf<Type> => item.type === type);
  }

  /** The events in words, one line each: `item/started commandExecution`. Presence is left out: it is the others' doing. */
  outline(from = 0): string[] {
    return this.events
      .slice(from)
      .filter(({ method }) => method !== 'presence/changed')
      .map(lineOf);
  }

  /** Sends a prompt. */
  async prompt(text: string, more: Omit<Parameters<typeof sendPrompt>[2], 'text'> = {}): Promise<string> {
    return (await sendPrompt(this.client, this.id, { text, ...more })).turn.id;
  }

  /** Waits for the end of a turn, which may have come inside a snapshot when this client lagged. */
  ended(turnId: string): Promise<Turn> {
    return this.waitFor(`the end of turn ${turnId}`, () => {
      const end = this.events.find((event) => event.method === 'turn/completed' && event.params.turn.id === turnId);
      if (end?.method === 'turn/completed') return end.params.turn;
      const hasJumped = this.events.some(({ method }) => method === 'thread/snapshot');
      return hasJumped && this.turns.find(({ id, status }) => id === turnId && status !== 'inProgress');
    });
  }

  /** Sends a prompt and waits for the end of its turn. */
  async run(text: string, more: Omit<Parameters<typeof sendPrompt>[2], 'text'> = {}): Promise<Turn> {
    return this.ended(await this.prompt(text, more));
  }

  /** Waits for an event of a method. @param count which one, from 1 */
  event<M extends ThreadNotification['method']>(
    method: M,
    count = 1,
  ): Promise<Extract<ThreadNotification, { method: M }>> {
    return this.waitFor(`${method} of thread ${this.id}`, () => {
      const found = this.events.filter((event) => event.method === method)[count - 1];
      return found as Extract<ThreadNotification, { method: M }> | undefined;
    });
  }

  waitFor<T>(what: string, find: () => T | undefined | null | false): Promise<T> {
    return this.client.waitFor(what, find);
  }

  private take(message: NotificationMessage): void {
    const { threadId, thread } = (message.params ?? {}) as { threadId?: string; thread?: { id?: string } };
    if ((threadId ?? thread?.id) !== this.id || message.seq === undefined) return;
    const first = message.firstSeq ?? message.seq;
    if (this.seq !== null && message.seq <= this.seq && this.events.length === 0) return;
    const isSnapshot = message.method === 'thread/snapshot';
    if (this.seq !== null && first !== this.seq + 1 && !isSnapshot) this.gaps.push(`${this.seq} -> ${first}`);
    this.seq = message.seq;
    // Clients trust the daemon: what it sends is what it declared.
    const event = message as NumberedEvent;
    this.events.push(event);
    if (this.snapshot) this.snapshot = foldThread(this.snapshot, event);
  }
}

function lineOf({ method, params }: ThreadNotification): string {
  const details = params as { item?: ThreadItem; status?: { type: string; activeFlags?: string[] }; turn?: Turn };
  if (method === 'item/started') return `${method} ${details.item?.type}`;
  if (method === 'item/completed') {
    const status = details.item && 'status' in details.item ? ` ${details.item.status}` : '';
    return `${method} ${details.item?.type}${status}`;
  }
  if (method === 'thread/status/changed') {
    return [method, details.status?.type, ...(details.status?.activeFlags ?? [])].join(' ');
  }
  return method === 'turn/completed' ? `${method} ${details.turn?.status}` : method;
}

/** Starts a thread that may do everything without asking, unless told otherwise. */
export async function startThread(
  client: DaemonClient,
  params: Parameters<typeof client.request<typeof threadStart.params, typeof threadStart.result>>[1] = {},
): Promise<ClientThread> {
  const { thread } = await client.request(threadStart, {
    sandbox: 'danger-full-access',
    approvalPolicy: 'never',
    ...params,
  });
  return attachThread(client, thread.id);
}

/** Attaches, and folds from the snapshot on. */
export async function attachThread(
  client: DaemonClient,
  threadId: string,
  role: 'operator' | 'observer' = 'operator',
): Promise<ClientThread> {
  const { seq, snapshot } = await client.request(threadAttach, { threadId, role });
  return new ClientThread(client, threadId, snapshot, seq);
}

export async function sendPrompt(
  client: DaemonClient,
  threadId: string,
  {
    text,
    ...more
  }: Omit<
    Parameters<typeof client.request<typeof turnStart.params, typeof turnStart.result>>[1],
    'threadId' | 'input'
  > & { text: string },
) {
  return client.request(turnStart, { threadId, input: [{ type: 'text', text }], ...more });
}
