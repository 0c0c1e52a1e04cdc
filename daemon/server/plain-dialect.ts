import type { ThreadNotification } from '../../machines/protocol/index.ts';
import { NO_RATE_LIMITS, type RateLimits, rateLimitsUpdated } from '../../machines/protocol/methods/account-limits.ts';
import type { Peer } from '../../machines/protocol/peer.ts';
import { PlainView } from '../../machines/protocol/plain-view.ts';
import { turnsAtRest } from '../../machines/protocol/resume-events.ts';
import type { OpenApproval, QuestionAnswer } from '../../machines/protocol/types/approval.ts';
import type { ThreadSnapshot } from '../../machines/protocol/types/thread.ts';
import { askPlainClient } from './ask-plain-client.ts';
import { type PlainEvent, plainEvent } from './plain-event.ts';

/** A program that answers by itself must not be asked for ever. */
const MAX_TIMES_ASKED = 3;

export interface PlainDialectDeps {
  readonly peer: Peer;
  /** Sends an event to this client alone, unless it wants none of its kind. */
  readonly tell: (event: PlainEvent | ThreadNotification) => void;
  readonly rateLimits: () => RateLimits | null;
  /** Whether it follows the thread as one that may answer. */
  readonly mayAnswer: (threadId: string) => boolean;
  /** Whether the question is settled then. */
  readonly answer: (question: OpenApproval, answer: QuestionAnswer) => boolean;
}

/**
 * How one client of the reference is told of threads: in the reference's own shapes, with questions as requests, and
 * after a lag with what it missed instead of a snapshot.
 */
export class PlainDialect {
  /** Open questions that were put to this client as requests, with their threads. */
  private readonly asked = new Map<string, string>();
  private readonly views = new Map<string, PlainView>();

  constructor(private readonly deps: PlainDialectDeps) {}

  /** It has the thread from an answer that left out what is still being said. */
  takeUp(snapshot: ThreadSnapshot): void {
    this.leave(snapshot.thread.id);
    this.views.set(snapshot.thread.id, new PlainView(turnsAtRest(snapshot)));
  }

  /** When it takes the thread up again, it is asked again (protocol.md §4.3). */
  leave(threadId: string): void {
    this.views.delete(threadId);
    for (const [approvalId, of] of this.asked) if (of === threadId) this.stopAsking(approvalId);
  }

  /** It is told an event that is not of the stream. */
  note(event: ThreadNotification): void {
    const { params } = event;
    if ('threadId' in params && params.threadId != null) this.views.get(params.threadId)?.note(event);
  }

  /** @param send sends the event as every follower gets it */
  deliver(event: ThreadNotification, send: () => void): void {
    if (event.method === 'thread/snapshot') return this.tellMissed(event.params.snapshot);
    this.note(event);
    const own = plainEvent(event);
    if (own) this.deps.tell(own);
    else send();
    if (event.method === 'thread/tokenUsage/updated') this.tellRateLimits();
    else if (event.method === 'approval/requested') this.ask(event.params);
    else if (event.method === 'approval/resolved') this.stopAsking(event.params.approvalId);
  }

  /**
   * Puts a question as a request whose id is the question's (protocol.md §9.5). Its dialog closes with its answer: after one
   * that was not taken it is asked again. @param times how often at most
   */
  ask(open: OpenApproval, times = MAX_TIMES_ASKED): void {
    const { approvalId, threadId } = open;
    if (this.asked.has(approvalId) || !this.deps.mayAnswer(threadId)) return;
    this.asked.set(approvalId, threadId);
    void askPlainClient(this.deps.peer, open).then((answer) => {
      // Null: it cannot or will not answer; the question stays open for the others.
      if (answer === null || !this.asked.delete(approvalId)) return;
      // Only who is asked may answer, and who left the thread is asked no more (protocol.md §6).
      if (!this.deps.mayAnswer(threadId)) return;
      const isSettled = this.deps.answer(open, answer);
      if (!isSettled && times > 1) this.ask(open, times - 1);
    });
  }

  private tellMissed(snapshot: ThreadSnapshot): void {
    for (const event of this.views.get(snapshot.thread.id)?.missed(snapshot) ?? []) {
      this.note(event);
      this.deps.tell(event);
      if (event.method === 'serverRequest/resolved') this.stopAsking(String(event.params.requestId));
    }
    // It may have been asked while this client lagged.
    for (const open of snapshot.approvals) this.ask(open);
  }

  /** The reference's clients wait for it behind every count of tokens (protocol.md §5). */
  private tellRateLimits(): void {
    this.deps.tell({
      method: rateLimitsUpdated.method,
      params: { rateLimits: this.deps.rateLimits() ?? NO_RATE_LIMITS },
    });
  }

  private stopAsking(approvalId: string): void {
    if (this.asked.delete(approvalId)) this.deps.peer.forget(approvalId);
  }
}
