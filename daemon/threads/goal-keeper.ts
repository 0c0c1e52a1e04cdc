import { RpcError } from '../../machines/core/errors.ts';
import type { Usage } from '../../machines/model/usage.ts';
import type { ThreadGoal } from '../../machines/protocol/types/goal.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { afterTurn, changeGoal, type GoalChange, goalTokens } from '../../machines/thread/goal.ts';
import type { TurnOutput } from '../../machines/thread/turn.ts';
import type { PromptDesk } from './prompt-desk.ts';
import type { ThreadDeps } from './thread-deps.ts';
import type { ThreadJournal } from './thread-journal.ts';
import type { SubmittedPrompt, TurnRun } from './turn-run.ts';

/** In whose name, and in whose environment, a thread goes on by itself. */
type Asker = Pick<SubmittedPrompt, 'sentBy' | 'environment'>;

interface GoalThread {
  readonly id: string;
  readonly deps: ThreadDeps;
  readonly journal: ThreadJournal;
  readonly prompts: PromptDesk;
}

/** Items that are only words. */
const TALK: ReadonlySet<ThreadItem['type']> = new Set([
  'userMessage',
  'agentMessage',
  'plan',
  'reasoning',
  'contextCompaction',
]);

/**
 * A thread's goal: what it costs is counted, and while it is active every turn that ends well is followed by another.
 * After a restart it waits for a client: a turn runs in somebody's environment, and that is kept in memory only.
 */
export class GoalKeeper {
  private asker: Asker | null = null;
  private tokens = 0;
  private idleTurns = 0;
  /** The turn's model said how it stands: what is left of that turn still counts. */
  private isChangedInTurn = false;

  constructor(private readonly thread: GoalThread) {}

  get current(): ThreadGoal | null {
    return this.thread.journal.feed.snapshot.goal ?? null;
  }

  /** @param turnId the turn whose model changes it; null: a person @throws RpcError goalNotFound, threadStoreFailed */
  change(change: GoalChange, turnId: string | null): ThreadGoal {
    const { id: threadId } = this.thread;
    const goal = changeGoal(this.current, change, { threadId, nowSeconds: this.nowSeconds });
    if (!goal) throw new RpcError('goalNotFound', `cannot update goal for thread ${threadId}: no goal exists`);
    if (!this.record(goal, turnId))
      throw new RpcError('threadStoreFailed', "the goal could not be written to the thread's log");
    this.idleTurns = 0;
    this.isChangedInTurn = turnId !== null;
    return goal;
  }

  /** Goes on in the name of a client, after its call was answered. */
  takeUp(asker: Asker): void {
    this.asker = asker;
    if (!this.thread.prompts.isBusy) this.goOn();
  }

  clear(): boolean {
    const { id: threadId, journal } = this.thread;
    if (!this.current) return false;
    const line = { type: 'codex_daemon', payload: { kind: 'goalCleared' } } as const;
    return journal.record([line], { method: 'thread/goal/cleared', params: { threadId } });
  }

  count(used: Usage): void {
    if (this.current?.status === 'active' || this.isChangedInTurn) this.tokens += goalTokens(used);
  }

  /** A turn ended: what it cost is told before its end is. */
  settle(run: TurnRun, end: TurnOutput, items: readonly ThreadItem[]): void {
    this.asker = run.prompt;
    const { current: goal, tokens } = this;
    this.tokens = 0;
    this.isChangedInTurn = false;
    if (!goal || (goal.status !== 'active' && tokens === 0)) return;
    const isIdle = run.prompt.task?.kind === 'goal' && items.every(({ type }) => TALK.has(type));
    this.idleTurns = isIdle ? this.idleTurns + 1 : 0;
    const seconds = Math.round((this.thread.deps.clock.now() - run.startedAtMs) / 1000);
    const turn = { end, tokens, seconds, idleTurns: this.idleTurns, nowSeconds: this.nowSeconds };
    this.keep(afterTurn(goal, turn), run.turnId);
  }

  /** A turn ended before it could run, such as in a folder that is gone: the next one would end like it. */
  halt(turnId: string, end: TurnOutput): void {
    const { current: goal, idleTurns, nowSeconds } = this;
    if (goal?.status !== 'active' || end.status === 'completed') return;
    this.keep(afterTurn(goal, { end, tokens: 0, seconds: 0, idleTurns, nowSeconds }), turnId);
  }

  /** Begins the next turn for an active goal, unless something else waits for its turn. In Plan mode people decide. */
  goOn(): void {
    const { prompts } = this.thread;
    const { mode } = this.thread.journal.feed.snapshot.settings;
    if (this.current?.status !== 'active' || !this.asker || prompts.hasOpen || mode === 'plan') return;
    prompts.startTask({ kind: 'goal' }, this.asker).begin();
  }

  /** What cannot be written down is not gone on with, until a client asks for it. */
  private keep(goal: ThreadGoal, turnId: string): void {
    if (!this.record(goal, turnId)) this.asker = null;
  }

  private record(goal: ThreadGoal, turnId: string | null): boolean {
    const { id: threadId, journal } = this.thread;
    const line = { type: 'event_msg', payload: { type: 'thread_goal_updated', threadId, goal } } as const;
    const event = { method: 'thread/goal/updated', params: { threadId, turnId, goal } } as const;
    return journal.record([line], event);
  }

  private get nowSeconds(): number {
    return Math.floor(this.thread.deps.clock.now() / 1000);
  }
}
