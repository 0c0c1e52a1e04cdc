import { RpcError } from '../../machines/core/errors.ts';
import { clientKey, NO_OWN_POLICY } from '../../machines/policy/own-policy.ts';
import { inOrder } from '../../machines/protocol/in-order.ts';
import type { ClientTag, UserInput } from '../../machines/protocol/types/item.ts';
import type { QueuedPrompt } from '../../machines/protocol/types/thread.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import {
  type PromptDesk,
  type PromptRequest,
  type PromptThread,
  requireRecorded,
  type Submission,
} from './prompt-desk.ts';
import { requireRoomInLine } from './queue-limits.ts';
import type { SubmittedPrompt } from './turn-run.ts';

/** New words for a prompt in line, and who gives them. */
export interface PromptEdit {
  readonly input: readonly UserInput[];
  /** Null or empty: what was kept with the prompt stays. */
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly by: ClientTag;
}

/** The prompts in line, as every client may see and change them. A change is in the log before anybody hears of it. */
export class PromptLine {
  constructor(
    private readonly thread: PromptThread,
    private readonly prompts: PromptDesk,
  ) {}

  get all(): readonly QueuedPrompt[] {
    return this.thread.journal.feed.snapshot.queue;
  }

  /** @throws RpcError promptNotFound, promptStarted, limitReached, threadStoreFailed */
  edit(promptId: string, { input, metadata, by }: PromptEdit): QueuedPrompt {
    const known = this.require(promptId);
    const kept = metadata && Object.keys(metadata).length > 0 ? { responsesapiClientMetadata: metadata } : {};
    const prompt: QueuedPrompt = { ...known, ...kept, input: [...input], editedBy: by };
    const queue = this.all.map((other) => (other === known ? prompt : other));
    requireRoomInLine(queue, this.thread.deps.limits);
    this.change({ type: 'codex_daemon', payload: { kind: 'promptChanged', prompt } }, queue);
    this.prompts.rewrite(promptId, (submitted) => ({ ...trustedFor(submitted, by), input: prompt.input }));
    return prompt;
  }

  /** False when it is not in line. @throws RpcError promptStarted, threadStoreFailed */
  withdraw(promptId: string): boolean {
    if (!this.all.some((known) => known.promptId === promptId)) return false;
    const known = this.require(promptId);
    this.change(
      { type: 'codex_daemon', payload: { kind: 'promptWithdrawn', promptId } },
      this.all.filter((other) => other !== known),
    );
    this.prompts.forget(promptId);
    return true;
  }

  /** @param promptIds each prompt in line once @throws RpcError queueMismatch, threadStoreFailed */
  reorder(promptIds: readonly string[]): void {
    const waiting = this.all.map(({ promptId }) => promptId).filter((id) => this.prompts.isWaiting(id));
    // One that is just being started is not in line any more, though a client may not have heard of it.
    const given = promptIds.filter((id) => waiting.includes(id) || !this.all.some((known) => known.promptId === id));
    const isPermutation = given.length === waiting.length && waiting.every((id) => given.includes(id));
    if (!isPermutation)
      throw new RpcError('queueMismatch', 'queue reorder must include every queued submission exactly once', {
        data: { queuedSubmissionIds: waiting },
      });
    const starting = this.all.map(({ promptId }) => promptId).filter((id) => !waiting.includes(id));
    const order = [...starting, ...given];
    this.change(
      { type: 'codex_daemon', payload: { kind: 'promptsOrdered', promptIds: order } },
      inOrder(this.all, order, ({ promptId }) => promptId),
    );
    this.thread.send({ type: 'reorder', promptIds: order });
  }

  /**
   * Starts a prompt in line, the first for null.
   * @param request what runs it when its own environment was lost
   * @throws RpcError promptNotFound, queueEmpty, turnRunning
   */
  start(promptId: string | null, request: PromptRequest): Submission {
    const prompt = promptId === null ? this.all[0] : this.find(promptId);
    if (!prompt) throw new RpcError('queueEmpty', 'queue is empty');
    if (this.prompts.isBusy) throw new RpcError('turnRunning', 'thread already has an active or pending turn');
    return this.prompts.start(prompt.promptId, request);
  }

  private find(promptId: string): QueuedPrompt {
    const prompt = this.all.find((known) => known.promptId === promptId);
    if (!prompt) throw new RpcError('promptNotFound', `queued submission not found: ${promptId}`);
    return prompt;
  }

  private require(promptId: string): QueuedPrompt {
    const prompt = this.find(promptId);
    if (!this.prompts.isWaiting(promptId))
      throw new RpcError('promptStarted', `queued submission is running already: ${promptId}`);
    return prompt;
  }

  private change(line: LinePayload, queue: readonly QueuedPrompt[]): void {
    const { id: threadId, journal } = this.thread;
    const params = { threadId, queue: [...queue] };
    requireRecorded(journal.record([line], { method: 'thread/queue/changed', params }));
  }
}

/** What a client may do unasked covers its own words only: those of another one run with the thread's policy. */
function trustedFor(prompt: SubmittedPrompt, by: ClientTag): SubmittedPrompt {
  if (prompt.sentBy && clientKey(prompt.sentBy) === clientKey(by)) return prompt;
  return { ...prompt, overrides: { ...prompt.overrides, ...NO_OWN_POLICY } };
}
