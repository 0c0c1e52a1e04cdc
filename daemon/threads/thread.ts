import { type ActorRefFrom, createActor, waitFor } from 'xstate';
import type { ContextFacts } from '../../machines/context/context-items.ts';
import { RpcError } from '../../machines/core/errors.ts';
import { createUuidV7 } from '../../machines/core/ids.ts';
import { findModel } from '../../machines/model/models.ts';
import type { ResponseItem } from '../../machines/model/response-item.ts';
import type { Usage } from '../../machines/model/usage.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ClientEnvironment } from '../../machines/protocol/methods/initialize.ts';
import type { WaitingLink } from '../../machines/protocol/methods/thread-why.ts';
import type { ClientTag } from '../../machines/protocol/types/item.ts';
import {
  type ThreadSettings,
  type ThreadSnapshot,
  type Turn,
  toToldSettings,
} from '../../machines/protocol/types/thread.ts';
import type { SessionMeta } from '../../machines/thread/rollout-line.ts';
import type { ThreadEvent, threadMachine } from '../../machines/thread/thread-machine.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';
import type { PartialText } from '../store/partial-text.ts';
import type { Rollout } from '../store/rollout.ts';
import { type ApprovalAnswer, answerApproval } from './approvals.ts';
import { CallQuestions } from './call-questions.ts';
import { ClientPolicies } from './client-policies.ts';
import { GoalKeeper } from './goal-keeper.ts';
import { PromptDesk } from './prompt-desk.ts';
import { PromptLine } from './prompt-line.ts';
import type { SleepingThread } from './sleeping-threads.ts';
import type { ThreadDeps } from './thread-deps.ts';
import { ThreadJournal } from './thread-journal.ts';
import type { ThreadOverrides } from './thread-setup.ts';
import { isOnlyWaiting, whenResting } from './turn-rest.ts';
import type { PromptTask, TurnRun } from './turn-run.ts';
import { UserCommands } from './user-commands.ts';
import { waitingChain } from './waiting-chain.ts';

/** What the reference's interface starts a thread for that only finds a name for another one (protocol.md §4.4). */
const TITLE_SOURCE = 'thread_title';

/** A loaded thread: its machine, its journal, and what its turns share. */
export class Thread {
  readonly journal: ThreadJournal;
  /** What the model is sent, oldest first. */
  readonly history: ResponseItem[];
  readonly prompts: PromptDesk;
  readonly line: PromptLine;
  readonly commands = new UserCommands(this);
  readonly callQuestions = new CallQuestions(this);
  readonly goals: GoalKeeper;
  /** What each client asked for its own turns. */
  readonly policies = new ClientPolicies();
  /** Facts that the model was told last, to tell it only what changes. */
  context: ContextFacts | null;
  usage: { total: Usage; last: Usage; window: number | null } | null;
  run: TurnRun | null = null;
  /** The client that interrupted the turn that runs. */
  stoppedBy: ClientTag | null = null;
  /** Whose surroundings a turn goes on in whose own were lost in a restart: those of the client that answered. */
  adopted: { readonly by: ClientTag; readonly environment: ClientEnvironment } | null = null;
  /** `-c` pairs and instructions that this thread was started or resumed with. */
  overrides: ThreadOverrides;
  /** The first line of its log. */
  readonly meta: SessionMeta;
  private readonly actor: ActorRefFrom<typeof threadMachine>;

  constructor(
    readonly id: string,
    readonly deps: ThreadDeps,
    log: Rollout,
    readonly partial: PartialText,
    record: ThreadRecord,
    snapshot: ThreadSnapshot,
    overrides: ThreadOverrides,
    /** The thread's machine with its effects. */
    provide: (thread: Thread) => typeof threadMachine,
    /** It is loaded again, and goes on with these. */
    slept: SleepingThread | null = null,
  ) {
    this.history = record.history;
    this.context = record.context;
    this.usage = record.usage;
    this.overrides = overrides;
    if (!record.meta) throw new Error(`thread ${id} has no first line`);
    this.meta = record.meta;
    this.journal = new ThreadJournal(
      log,
      snapshot,
      record.seqReserved,
      deps.clock.now,
      (error) => this.breakOff(error),
      (entry) => this.isKeptApart || deps.onEvent(id, entry),
      slept?.seq ?? record.seqReserved,
    );
    this.prompts = new PromptDesk(this, record);
    this.goals = new GoalKeeper(this);
    this.line = new PromptLine(this, this.prompts);
    const { clock, inspect } = deps;
    this.actor = createActor(provide(this), { id, input: { threadId: id }, clock, inspect });
    this.actor.subscribe({
      error: (error) => deps.onInternalError(error, `thread ${id}`),
      next: () => deps.onChange(id),
    });
    this.actor.start();
  }

  get baseInstructions(): string {
    return this.meta.base_instructions?.text ?? '';
  }

  get feed() {
    return this.journal.feed;
  }

  get settings(): ThreadSettings {
    return this.feed.snapshot.settings;
  }

  get isRunning(): boolean {
    return this.actor.getSnapshot().matches('running');
  }

  get isHeld(): boolean {
    return this.actor.getSnapshot().context.isHeld;
  }

  /** Whether it concerns its followers alone: the reference's interface makes such threads by the dozen (protocol.md §6). */
  get isKeptApart(): boolean {
    const { ephemeral, threadSource } = this.feed.snapshot.thread;
    return ephemeral && threadSource === TITLE_SOURCE;
  }

  /** Whether a turn runs, or will by itself. */
  get isAtWork(): boolean {
    const { queue } = this.actor.getSnapshot().context;
    return this.isRunning || queue.some((prompt) => prompt.isReady);
  }

  /** Whether it holds work: a turn, a prompt in line, a command in the background. */
  get isBusy(): boolean {
    return this.isAtWork || this.hasBackgroundCommands;
  }

  get hasBackgroundCommands(): boolean {
    if (this.commands.isRunning) return true;
    return this.deps.tools.processes.list().some((process) => process.threadId === this.id && process.isRunning);
  }

  /** Not kept: it goes with its last client. */
  get isEphemeral(): boolean {
    return this.feed.snapshot.thread.ephemeral;
  }

  get hasPrompt(): boolean {
    return this.feed.snapshot.thread.turns.length > 0 || this.prompts.hasOpen;
  }

  /** What the running turn does, when it is no plain prompt. */
  get task(): PromptTask | null {
    const task = this.run?.prompt.task;
    // On for a goal is answered like a prompt.
    return task && task.kind !== 'goal' ? task : null;
  }

  get currentTurn(): Turn | null {
    const turn = this.feed.snapshot.thread.turns.at(-1);
    return turn?.status === 'inProgress' ? turn : null;
  }

  /** @throws RpcError noActiveTurn, turnMismatch; the returned function stops the turn */
  interrupt(turnId: string | null, by: ClientTag): () => void {
    this.requireTurn(turnId, 'interrupt');
    return () => {
      this.stoppedBy ??= by;
      this.actor.send({ type: 'interrupt' });
    };
  }

  /** Settles an open question; the first answer wins. @throws RpcError as answerApproval does */
  answer(answer: ApprovalAnswer, environment: ClientEnvironment): void {
    const { itemId } = answerApproval(this, answer);
    if (this.callQuestions.settle(answer.approvalId, answer)) return;
    if (!this.run) this.adopted ??= { by: answer.by, environment };
    this.actor.send({ type: 'answered', callId: itemId, decision: answer.decision });
  }

  setName(name: string): void {
    this.deps.index.setName(this.id, name, new Date(this.deps.clock.now()));
    this.journal.announce({ method: 'thread/name/updated', params: { threadId: this.id, threadName: name } });
  }

  /** Tells what the next turn runs with. The turn's own lines keep it. */
  updateSettings(change: Partial<ThreadSettings>): void {
    const event = this.settingsEvent({ ...this.settings, ...change });
    if (event) this.journal.announce(event);
  }

  /** Somebody chose what the next turn runs with: it outlives the daemon. @throws RpcError threadStoreFailed */
  chooseSettings(change: Partial<ThreadSettings>): void {
    const settings = { ...this.settings, ...change };
    const event = this.settingsEvent(settings);
    if (!event || this.journal.record([{ type: 'codex_daemon', payload: { kind: 'settings', settings } }], event))
      return;
    throw new RpcError('threadStoreFailed', 'the settings are as before: the log of the thread cannot be written to');
  }

  /** Null: nothing changes. */
  private settingsEvent(settings: ThreadSettings): ThreadNotification | null {
    if (JSON.stringify(settings) === JSON.stringify(this.settings)) return null;
    const params = { threadId: this.id, threadSettings: toToldSettings(settings) };
    return { method: 'thread/settings/updated', params };
  }

  /** Changes what the rest of a turn asks with. False: it does not run, or is still being set up. */
  changeRun(
    turnId: string,
    { model, effort }: { model?: string | null | undefined; effort?: string | null | undefined },
  ) {
    const { run } = this;
    if (run?.turnId !== turnId) return false;
    const settings = { ...run.settings, model: model ?? run.settings.model, effort: effort ?? run.settings.effort };
    this.run = { ...run, settings, model: findModel(settings.model) };
    return true;
  }

  /** Settles when the log was taken in, and the turn that it leaves open goes on. */
  async whenLoaded(): Promise<void> {
    await waitFor(this.actor, (state) => !state.matches('loading'));
  }

  /** What it waits for, from the thread down to the model, the command or the person. */
  get waitingChain(): WaitingLink[] {
    return waitingChain(this.actor, this.id, this.feed.snapshot.approvals);
  }

  /** Settles when no turn runs, or one that only waits for a person. Whoever waits sets a limit. */
  async whenResting(): Promise<void> {
    await whenResting(this.actor);
  }

  /**
   * Stops the turn, kills what runs in the background, flushes the log and lets go of the thread. A turn that only waits
   * for a person is not stopped: it goes on when the thread is loaded again.
   */
  async unload(): Promise<void> {
    this.actor.send({ type: 'unload' });
    const isKept = !this.isEphemeral && isOnlyWaiting(this.actor);
    if (this.isRunning) this.actor.send({ type: isKept ? 'suspend' : 'interrupt' });
    await waitFor(this.actor, (state) => state.status !== 'active');
  }

  /** Tells the machine of a prompt or of a message that was added. */
  send(event: ThreadEvent): void {
    this.actor.send(event);
  }

  newId(): string {
    return createUuidV7(this.deps.ids);
  }

  /** The log takes no more lines: the turn ends with the reason, and so does the next until the log can be opened anew. */
  private breakOff(error: RpcError): void {
    this.actor.send({ type: 'storeFailed', error: { message: error.message, codexErrorInfo: 'other' } });
  }

  /** @throws RpcError noActiveTurn, turnMismatch */
  requireTurn(turnId: string | null, purpose: 'steer' | 'interrupt'): Turn {
    const turn = this.currentTurn;
    if (!turn || !this.isRunning) throw new RpcError('noActiveTurn', `no active turn to ${purpose}`);
    if (turnId !== null && turnId !== turn.id) {
      throw new RpcError('turnMismatch', `expected active turn id ${turnId} but found ${turn.id}`);
    }
    return turn;
  }
}
