import { type LoadedImages, promptMessage } from '../../machines/context/prompt-message.ts';
import { RpcError } from '../../machines/core/errors.ts';
import type { ResponseItem } from '../../machines/model/response-item.ts';
import type { ClientTag, ItemOf, UserInput } from '../../machines/protocol/types/item.ts';
import type { QueuedPrompt, Turn } from '../../machines/protocol/types/thread.ts';
import { toCoreItem } from '../../machines/thread/rollout-item.ts';
import type { ThreadEvent } from '../../machines/thread/thread-machine.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';
import type { ClientPolicies } from './client-policies.ts';
import { requireRoomInLine } from './queue-limits.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadJournal } from './thread-journal.ts';
import type { PromptTask, SubmittedPrompt } from './turn-run.ts';

/** How a prompt was taken. */
export interface Submission {
  readonly turn: Turn;
  readonly queued: boolean;
  /** Sets it going; called after the answer was sent, so that no event overtakes it. */
  readonly begin: () => void;
}

export interface PromptRequest {
  readonly promptId: string | null;
  readonly input: readonly UserInput[];
  readonly sentBy: ClientTag | null;
  readonly environment: SubmittedPrompt['environment'];
  readonly overrides: SubmittedPrompt['overrides'];
  readonly outputSchema: unknown;
  readonly whenBusy: 'queue' | 'steer';
  /** What a client of the reference keeps with its prompt. */
  readonly metadata: Readonly<Record<string, string>> | null;
}

type NewPrompt = SubmittedPrompt & { readonly metadata: PromptRequest['metadata'] };

/** The thread that prompts are taken for. */
export interface PromptThread {
  readonly id: string;
  readonly deps: ThreadDeps;
  readonly journal: ThreadJournal;
  readonly history: ResponseItem[];
  readonly policies: ClientPolicies;
  readonly isRunning: boolean;
  /** A person stopped the turn before; what is in line waits. */
  readonly isHeld: boolean;
  readonly currentTurn: Turn | null;
  /** What the running turn does, when it is no plain prompt. */
  readonly task: PromptTask | null;
  requireTurn(turnId: string | null, purpose: 'steer'): Turn;
  send(event: ThreadEvent): void;
  newId(): string;
}

/** Takes a thread's prompts: one that is taken is in the log, and taken once however often it is sent. */
export class PromptDesk {
  /** Prompts that wait for their turn, by id; their environment is kept nowhere else. */
  private readonly open = new Map<string, SubmittedPrompt>();
  private readonly seenIds: Set<string>;
  /** Turns of the prompts in line that wait for a client's environment, by prompt id. */
  private readonly lost: Map<string, string>;

  constructor(
    private readonly thread: PromptThread,
    record: ThreadRecord,
  ) {
    this.seenIds = record.promptIds;
    this.lost = new Map(record.queue.map(({ turnId, prompt }) => [prompt.promptId, turnId]));
  }

  /** Whether something waits for its turn, be it only for a client's environment. */
  get hasOpen(): boolean {
    return this.open.size + this.lost.size > 0;
  }

  /** Whether a turn runs or is about to. */
  get isBusy(): boolean {
    return this.thread.isRunning || (this.open.size > 0 && !this.thread.isHeld);
  }

  /** Whether a prompt is still in line; one that is being started is not. */
  isWaiting(promptId: string): boolean {
    return this.open.has(promptId) || this.lost.has(promptId);
  }

  /** Hands a prompt to its turn, once. */
  take(promptId: string): SubmittedPrompt {
    const prompt = this.open.get(promptId);
    if (!prompt) throw new Error(`prompt ${promptId} is gone`);
    this.open.delete(promptId);
    return prompt;
  }

  /**
   * Takes a prompt: starts a turn, steers the running one, or puts it in line. Sent twice, it is taken once.
   * @param images its files, for steering, which is taken at once; a turn reads them itself when it begins
   * @throws RpcError limitReached, threadStoreFailed
   */
  submit(request: PromptRequest, images: LoadedImages): Submission {
    const { isRunning, currentTurn } = this.thread;
    const promptId = request.promptId ?? this.thread.newId();
    if (this.seenIds.has(promptId)) return this.takeUp(promptId, request) ?? this.alreadyTaken(promptId);
    if (isRunning && request.whenBusy === 'steer' && currentTurn && !this.thread.task) {
      return { turn: currentTurn, queued: false, begin: this.takeSteering(promptId, request, images) };
    }
    // With nothing running it starts at once, before what is held in line (as in the reference).
    return this.accept({ ...request, promptId, turnId: this.thread.newId() }, this.isBusy);
  }

  /** Takes a turn that is no prompt: it begins when nothing else runs. It is not kept over a restart. */
  startTask(
    task: PromptTask,
    { sentBy, environment }: Pick<SubmittedPrompt, 'sentBy' | 'environment'>,
  ): { turnId: string; begin: () => void } {
    const ids = { promptId: this.thread.newId(), turnId: this.thread.newId() };
    const prompt: SubmittedPrompt = {
      ...ids,
      sentBy,
      environment,
      input: [],
      overrides: {},
      outputSchema: undefined,
      task,
    };
    const { isBusy } = this;
    this.open.set(prompt.promptId, prompt);
    return { turnId: ids.turnId, begin: this.submission(prompt, isBusy).begin };
  }

  /** Puts a prompt behind all that wait, also when the line is held. Sent twice, it is taken once. */
  enqueue(request: PromptRequest & { readonly promptId: string }): Submission {
    const { promptId } = request;
    if (this.seenIds.has(promptId)) return this.takeUp(promptId, request) ?? this.alreadyTaken(promptId);
    const prompt = { ...request, turnId: this.thread.newId() };
    return this.accept(prompt, this.isBusy || this.thread.isHeld);
  }

  /** Starts a prompt that is in line, now; one that lost its environment gets the caller's. */
  start(promptId: string, request: PromptRequest): Submission {
    const prompt = this.open.get(promptId);
    return prompt ? this.submission(prompt, false) : (this.takeUp(promptId, request) ?? this.alreadyTaken(promptId));
  }

  /** Changes a prompt that is in line. One without environment has only what the log says. */
  rewrite(promptId: string, change: (prompt: SubmittedPrompt) => SubmittedPrompt): void {
    const prompt = this.open.get(promptId);
    if (prompt) this.open.set(promptId, change(prompt));
  }

  /** Lets go of a prompt that was withdrawn; its id stays known, so that it is not taken again. */
  forget(promptId: string): void {
    this.open.delete(promptId);
    this.lost.delete(promptId);
    this.thread.send({ type: 'withdraw', promptId });
  }

  /**
   * Adds a message to the running turn. Beside a person's command it waits for its own turn.
   * @throws RpcError noActiveTurn, turnMismatch, turnNotSteerable
   */
  steer(expectedTurnId: string, request: PromptRequest, images: LoadedImages): { turnId: string; begin: () => void } {
    const turn = this.thread.requireTurn(expectedTurnId, 'steer');
    const promptId = request.promptId ?? this.thread.newId();
    if (this.seenIds.has(promptId)) return { turnId: turn.id, begin: () => {} };
    const { task } = this.thread;
    if (task?.kind === 'userCommand') return { turnId: turn.id, begin: this.enqueue({ ...request, promptId }).begin };
    if (task) throw notSteerable(task.kind);
    return { turnId: turn.id, begin: this.takeSteering(promptId, request, images) };
  }

  private accept(asked: NewPrompt, isBusy: boolean): Submission {
    const prompt = this.withOwnPolicy(asked);
    this.remember(prompt, isBusy);
    return this.submission(prompt, isBusy);
  }

  /** A prompt keeps what its client may do from when it was sent: the client may be gone when it runs. */
  private withOwnPolicy<P extends SubmittedPrompt>(prompt: P): P {
    const { sentBy, overrides } = prompt;
    return { ...prompt, overrides: { ...overrides, ...this.thread.policies.applied(sentBy, overrides) } };
  }

  private submission({ promptId, turnId }: SubmittedPrompt, isBusy: boolean): Submission {
    const { currentTurn } = this.thread;
    const begin = () => {
      // It may have been withdrawn meanwhile.
      if (!this.open.has(promptId)) return;
      this.thread.send({ type: isBusy ? 'submit' : 'submitFirst', prompt: { promptId, turnId, isReady: true } });
    };
    return { turn: isBusy && currentTurn ? currentTurn : freshTurn(turnId), queued: isBusy, begin };
  }

  /** A prompt that lost its environment in a restart is sent again: it keeps its place in line and its words. */
  private takeUp(promptId: string, request: PromptRequest): Submission | null {
    const { id: threadId, journal } = this.thread;
    const turnId = this.lost.get(promptId);
    const kept = journal.feed.snapshot.queue.find((known) => known.promptId === promptId);
    if (turnId === undefined || !kept) return null;
    this.lost.delete(promptId);
    const prompt = this.withOwnPolicy({ ...request, promptId, turnId, input: kept.input });
    const { isBusy } = this;
    this.open.set(promptId, prompt);
    const queue = journal.feed.snapshot.queue.map((known) => (known === kept ? { ...kept, waitsFor: null } : known));
    journal.announce({ method: 'thread/queue/changed', params: { threadId, queue } });
    return this.submission(prompt, isBusy);
  }

  private alreadyTaken(promptId: string): Submission {
    const { turns } = this.thread.journal.feed.snapshot.thread;
    const isOf = (turn: Turn) => turn.items.some((item) => item.type === 'userMessage' && item.clientId === promptId);
    const waiting = this.open.get(promptId);
    const turn = turns.findLast(isOf) ?? this.thread.currentTurn ?? freshTurn(waiting?.turnId ?? promptId);
    return { turn, queued: waiting !== undefined && !turns.some(isOf), begin: () => {} };
  }

  private remember(prompt: NewPrompt, isBusy: boolean): void {
    const { promptId, turnId, input, sentBy, metadata } = prompt;
    const { id: threadId, journal, deps } = this.thread;
    const queued: QueuedPrompt = {
      promptId,
      input: [...input],
      sentBy,
      ...(metadata === null ? {} : { responsesapiClientMetadata: metadata }),
      queuedAtMs: deps.clock.now(),
      waitsFor: null,
    };
    const params = { threadId, queue: [...journal.feed.snapshot.queue, queued] };
    if (isBusy) requireRoomInLine(params.queue, deps.limits);
    const line = { type: 'codex_daemon', payload: { kind: 'prompt', turnId, prompt: queued } } as const;
    const events = isBusy ? [{ method: 'thread/queue/changed', params } as const] : [];
    requireRecorded(journal.record([line], ...events));
    this.seenIds.add(promptId);
    this.open.set(promptId, prompt);
  }

  private takeSteering(promptId: string, { input, sentBy }: PromptRequest, images: LoadedImages): () => void {
    const { id: threadId, journal, deps, currentTurn } = this.thread;
    const turnId = currentTurn?.id ?? '';
    const now = deps.clock.now();
    const item: ItemOf<'userMessage'> = {
      type: 'userMessage',
      id: this.thread.newId(),
      content: [...input],
      clientId: promptId,
      sentBy,
      startedAtMs: now,
      completedAtMs: now,
    };
    const message = promptMessage(input, images);
    const recorded = journal.record([
      { type: 'response_item', payload: message },
      {
        type: 'event_msg',
        payload: { type: 'item_completed', turn_id: turnId, item: toCoreItem(item), completed_at_ms: now },
      },
    ]);
    requireRecorded(recorded);
    this.seenIds.add(promptId);
    this.thread.history.push(message);
    return () => {
      const of = { threadId, turnId, item };
      journal.announce({ method: 'item/started', params: { ...of, startedAtMs: now } });
      journal.announce({ method: 'item/completed', params: { ...of, completedAtMs: now } });
      this.thread.send({ type: 'steer' });
    };
  }
}

/** @throws RpcError threadStoreFailed when a prompt, or a change of it, could not be written */
export function requireRecorded(recorded: boolean): void {
  if (!recorded)
    throw new RpcError('threadStoreFailed', "this could not be written to the thread's log, so it was not taken");
}

/** The reference's words and shape: its interface then keeps the message for later. */
function notSteerable(turnKind: string): RpcError {
  const message = `cannot steer a ${turnKind} turn`;
  const codexErrorInfo = { activeTurnNotSteerable: { turnKind } };
  return new RpcError('turnNotSteerable', message, { data: { message, codexErrorInfo, additionalDetails: null } });
}

/** A turn of which nothing is known yet. */
export function freshTurn(id: string): Turn {
  return {
    id,
    items: [],
    itemsView: 'notLoaded',
    status: 'inProgress',
    error: null,
    startedAt: null,
    completedAt: null,
    durationMs: null,
  };
}
