import { RpcError } from '../../machines/core/errors.ts';
import { checkAgainst, type ParamsIn, type ResultOf, type Schema } from '../../machines/protocol/define.ts';
import { foldThread } from '../../machines/protocol/fold-thread.ts';
import { type ThreadNotification, threadNotifications } from '../../machines/protocol/index.ts';
import {
  classify,
  type NotificationMessage,
  type RequestId,
  type WireMessage,
} from '../../machines/protocol/message.ts';
import { approvalList, approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { threadAttach, threadList, threadResume, threadUnsubscribe } from '../../machines/protocol/methods/thread.ts';
import { ALL_SOURCE_KINDS } from '../../machines/protocol/methods/thread-search.ts';
import { turnInterrupt } from '../../machines/protocol/methods/turn.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import { questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { threadIdOf } from './followed-thread.ts';
import { pause } from './limits.ts';
import type { Caller } from './link.ts';
import { isKnownItem, questionOf, snapshotOf } from './plain-snapshot.ts';

/** What a followed thread is known to be, and how many events it took. */
interface Known {
  readonly snapshot: ThreadSnapshot;
  readonly seq: number;
}

interface Asked {
  readonly requestId: RequestId;
  readonly open: OpenApproval;
}

export interface PlainServerOptions {
  readonly peer: Peer;
  readonly send: (message: WireMessage) => void;
  readonly notified: (message: NotificationMessage) => void;
}

/** How long a question is waited for that a thread's status speaks of. */
const QUESTIONS_LIMIT_MS = 2_000;
/** How long the server may take to say that a question is settled. */
const RESOLVED_LIMIT_MS = 5_000;
const LOOK_AGAIN_MS = 20;
/** Threads that are looked through for open questions, newest first. */
const PAGE = 200;

/** Calls whose answers hold a whole thread, and subscribe to it. */
const OPENING: ReadonlySet<string> = new Set(['thread/start', 'thread/resume', 'thread/fork']);

/**
 * A server that speaks only the reference's protocol, seen as one that speaks ours: it numbers the events of a thread as
 * they come, answers `thread/attach` by `thread/resume`, and makes events of the requests by which it asks for
 * approvals (DESIGN §2). What it lacks it refuses by name.
 */
export class PlainServer implements Caller {
  private readonly known = new Map<string, Known>();
  private readonly asked = new Map<string, Asked>();
  private readonly opening = new Set<RequestId>();
  private calls = 0;

  constructor(private readonly options: PlainServerOptions) {}

  async request<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
  ): Promise<ResultOf<{ result: Result }>> {
    const { method } = definition;
    // The casts: what a method takes and answers with is tied to its name.
    if (method === threadAttach.method) return (await this.attach(params as { threadId: string })) as never;
    if (method === approvalList.method)
      return { data: await this.openApprovals((params as { threadId?: string | null }).threadId ?? null) } as never;
    if (method === approvalRespond.method)
      return (await this.respond(params as ParamsIn<typeof approvalRespond>)) as never;
    if (method === 'turn/start') this.refuseQueueing(params as { threadId: string; whenBusy?: unknown });
    try {
      const given = OPENING.has(method) ? (openingParams(params) as typeof params) : params;
      return completed(definition.result, await this.call(definition, given));
    } catch (error) {
      throw asLacking(error, method);
    } finally {
      if (method === threadUnsubscribe.method) this.known.delete((params as { threadId: string }).threadId);
    }
  }

  /** Takes one decoded value, in the order in which they come. */
  receive(value: unknown): boolean {
    const incoming = classify(value);
    if (incoming?.kind === 'request') {
      const { id, method, params } = incoming.message;
      const open = questionOf(id, method, params);
      if (open) {
        this.ask(id, open);
        return true;
      }
    }
    if (incoming?.kind === 'notification') {
      this.take(incoming.message);
      return true;
    }
    if (incoming?.kind === 'response' && this.opening.delete(incoming.message.id)) this.open(incoming.message.result);
    return this.options.peer.receive(value);
  }

  private call<Params extends Schema, Result extends Schema>(
    definition: { readonly method: string; readonly params: Params; readonly result: Result },
    params: ParamsIn<{ params: Params }>,
  ): Promise<ResultOf<{ result: Result }>> {
    if (!OPENING.has(definition.method)) return this.options.peer.request(definition, params);
    this.calls += 1;
    const id = `open-${this.calls}`;
    this.opening.add(id);
    return this.options.peer.request(definition, params, id);
  }

  private async attach({ threadId }: { readonly threadId: string }): Promise<ResultOf<typeof threadAttach>> {
    if (!this.known.has(threadId)) {
      await this.call(threadResume, { threadId });
      await this.whenAsked(threadId);
    }
    const known = this.known.get(threadId);
    if (!known) throw new RpcError('threadNotFound', `thread not found: ${threadId}`);
    return { seq: known.seq, snapshot: known.snapshot, events: [] };
  }

  /** The server has no list of them: the threads that wait are followed, and then they are known. */
  private async openApprovals(threadId: string | null): Promise<readonly OpenApproval[]> {
    const { data } = await this.call(threadList, { limit: PAGE, sourceKinds: [...ALL_SOURCE_KINDS] });
    const waiting = data.filter(({ id, status }) => (threadId === null || id === threadId) && isWaiting(status));
    for (const { id } of waiting) await this.attach({ threadId: id });
    return waiting.flatMap(({ id }) => this.known.get(id)?.snapshot.approvals ?? []);
  }

  /** The open questions of a thread come right after the answer, as requests; who attaches is given both at once. */
  private async whenAsked(threadId: string): Promise<void> {
    const giveUpAtMs = Date.now() + QUESTIONS_LIMIT_MS;
    while (isUnasked(this.known.get(threadId)?.snapshot) && Date.now() < giveUpAtMs) await pause(LOOK_AGAIN_MS);
  }

  /** An answer that holds a thread. Whatever was known of it is in it. */
  private open(result: unknown): void {
    if (typeof result !== 'object' || result === null || !('thread' in result)) return;
    const snapshot = snapshotOf(completed(threadResume.result, result as ResultOf<typeof threadResume>));
    const { id } = snapshot.thread;
    const before = this.known.get(id);
    const approvals = [...this.asked.values()].map(({ open }) => open).filter(({ threadId }) => threadId === id);
    this.known.set(id, { snapshot: { ...snapshot, approvals }, seq: (before?.seq ?? 0) + 1 });
  }

  private take(message: NotificationMessage): void {
    if (message.method === 'serverRequest/resolved') this.settle(message.params);
    const threadId = threadIdOf(message);
    const isOfThread = Object.hasOwn(threadNotifications, message.method);
    if (threadId === null || !isOfThread || !this.known.has(threadId)) return this.options.notified(message);
    // Clients trust the server: what it sends is what the protocol declares.
    const { method } = message as ThreadNotification;
    const params = completed(threadNotifications[method].params, message.params);
    const event = { method, params } as ThreadNotification;
    const { item } = params as { item?: { readonly type?: unknown } };
    if (item === undefined || isKnownItem(item)) this.tell(threadId, event);
  }

  private tell(threadId: string, event: ThreadNotification): void {
    const known = this.known.get(threadId);
    if (!known) return;
    const seq = known.seq + 1;
    this.known.set(threadId, { snapshot: foldThread(known.snapshot, event), seq });
    this.options.notified({ ...event, seq });
  }

  private ask(requestId: RequestId, open: OpenApproval): void {
    const isNew = !this.asked.has(open.approvalId);
    this.asked.set(open.approvalId, { requestId, open });
    if (isNew) this.tell(open.threadId, { method: 'approval/requested', params: open });
  }

  /** The server does not answer an answer; that it took it shows when the question is resolved. */
  private async respond({
    threadId,
    approvalId,
    decision,
    content = null,
  }: ParamsIn<typeof approvalRespond>): Promise<Record<string, never>> {
    // Only who follows a thread is listened to, and told.
    await this.attach({ threadId });
    const asked = this.asked.get(approvalId);
    if (!asked) throw new RpcError('approvalNotFound', 'this question is no longer open');
    const { kind, turnId } = asked.open;
    const result = questionKinds[kind].toResult({ decision, content });
    if (result !== null) this.options.send({ id: asked.requestId, result });
    else await this.call(turnInterrupt, { threadId, turnId });
    const giveUpAtMs = Date.now() + RESOLVED_LIMIT_MS;
    while (this.asked.get(approvalId) === asked && Date.now() < giveUpAtMs) await pause(LOOK_AGAIN_MS);
    if (this.asked.get(approvalId) === asked) this.forget(asked);
    return {};
  }

  /** Somebody answered, or the turn ended: the server does not say who or how. */
  private settle(params: unknown): void {
    const { requestId } = params as { readonly requestId?: unknown };
    const asked = [...this.asked.values()].find((one) => one.requestId === requestId);
    if (asked) this.forget(asked);
  }

  private forget({ open: { approvalId, threadId } }: Asked): void {
    this.asked.delete(approvalId);
    const known = this.known.get(threadId);
    if (!known) return;
    const approvals = known.snapshot.approvals.filter((open) => open.approvalId !== approvalId);
    this.tell(threadId, {
      method: 'thread/snapshot',
      params: { threadId, snapshot: { ...known.snapshot, approvals } },
    });
  }

  /** It would take the prompt as steering, which is something else than what was asked for (protocol.md §4.4). */
  private refuseQueueing({ threadId, whenBusy }: { readonly threadId: string; readonly whenBusy?: unknown }): void {
    const isBusy = this.known.get(threadId)?.snapshot.thread.turns.at(-1)?.status === 'inProgress';
    if (whenBusy !== 'queue' || !isBusy) return;
    throw new RpcError(
      'notSupported',
      'this server keeps no line of prompts; wait until the turn has ended, or steer it',
    );
  }
}

/** Whether a thread waits for an answer to a question that is not here yet. */
function isUnasked(snapshot: ThreadSnapshot | undefined): boolean {
  if (!snapshot || snapshot.approvals.length > 0) return false;
  return isWaiting(snapshot.thread.status);
}

const isWaiting = (status: ThreadSnapshot['thread']['status']): boolean =>
  status.type === 'active' && status.activeFlags.length > 0;

/** With the members that only ours has, as they are when nothing is to be said. What does not fit is left as it came. */
function completed<T>(schema: Schema, value: T): T {
  const checked = checkAgainst(schema, value);
  return checked.ok ? (checked.value as T) : value;
}

/** Whole turns in the answer, and overrides as values: the reference reads no TOML in them. */
function openingParams(params: unknown): unknown {
  const {
    excludeTurns: _,
    config,
    ...rest
  } = params as { excludeTurns?: unknown; config?: Record<string, unknown> | null };
  if (!config) return rest;
  return { ...rest, config: Object.fromEntries(Object.entries(config).map(([key, raw]) => [key, configValue(raw)])) };
}

function configValue(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** A method that the server does not know is one of ours. */
function asLacking(error: unknown, method: string): unknown {
  const isUnknown =
    error instanceof RpcError && (error.errorName === 'methodNotFound' || /unknown variant/.test(error.message));
  return isUnknown ? new RpcError('notSupported', `this server cannot do that (${method}); our own daemon can`) : error;
}
