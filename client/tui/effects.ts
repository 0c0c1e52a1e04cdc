import { messageOf, RpcError } from '../../machines/core/errors.ts';
import { approvalRespond } from '../../machines/protocol/methods/approval.ts';
import { daemonStatus } from '../../machines/protocol/methods/daemon.ts';
import { draftTake } from '../../machines/protocol/methods/draft.ts';
import { environmentRead } from '../../machines/protocol/methods/environment.ts';
import { threadGoalClear, threadGoalSet } from '../../machines/protocol/methods/goal.ts';
import { mcpServerStatusList } from '../../machines/protocol/methods/mcp-server.ts';
import { modelList } from '../../machines/protocol/methods/model.ts';
import { presenceList } from '../../machines/protocol/methods/presence.ts';
import { reviewStart } from '../../machines/protocol/methods/review.ts';
import { threadList, threadNameSet, threadSettingsUpdate } from '../../machines/protocol/methods/thread.ts';
import { ALL_SOURCE_KINDS } from '../../machines/protocol/methods/thread-search.ts';
import { threadCompactStart, threadShellCommand } from '../../machines/protocol/methods/thread-work.ts';
import { turnInterrupt, turnStart, turnSteer } from '../../machines/protocol/methods/turn.ts';
import type { CollaborationMode } from '../../machines/protocol/types/thread.ts';
import type { DaemonLink } from '../connection/link.ts';
import { runAccountEffect } from './account-effects.ts';
import { goalText } from './goal-text.ts';
import type { Effect, GoalWish, Message } from './model.ts';
import { runQueueEffect } from './queue-effects.ts';

/** What effects work with. `threadId` and `cwd` are read anew each time. */
export interface EffectDeps {
  readonly link: DaemonLink;
  readonly threadId: () => string;
  readonly dispatch: (message: Message) => void;
  /** A fresh UUID: the id of a prompt. */
  readonly randomId: () => string;
  /** Follows another thread and shows it. @throws what `link.follow` throws */
  readonly openThread: (threadId: string) => Promise<void>;
  /** Makes a thread and answers with its id. */
  readonly newThread: () => Promise<string>;
  readonly redraw: () => void;
  readonly openUrl: (url: string) => void;
  /** Puts a text into the terminal's clipboard. */
  readonly copy: (text: string) => void;
  /** Leaves. @param message what the person should still be told, or null */
  readonly quit: (message: string | null) => void;
}

const THREADS_LISTED = 100;

/** Runs an effect. It never throws: what goes wrong comes back as a message. */
export function runEffect(effect: Effect, deps: EffectDeps): void {
  switch (effect.type) {
    case 'sendPrompt':
      return void sendPrompt(effect, deps);
    case 'answerApproval':
      return void answerApproval(effect, deps);
    case 'interrupt':
      return report(deps, interrupt(effect.turnId, deps));
    case 'withdrawPrompt':
    case 'orderPrompts':
    case 'startPrompt':
      return report(deps, runQueueEffect(effect, deps));
    case 'takeDraft':
      return report(deps, takeDraft(deps));
    case 'loadModels':
      return report(deps, loadModels(deps));
    case 'loadThreads':
      return report(deps, loadThreads(deps));
    case 'loadPresence':
      return report(deps, loadPresence(deps));
    case 'loadStatus':
      return report(deps, loadStatus(deps));
    case 'loadMcpServers':
      return report(deps, loadMcpServers(deps));
    case 'changeModel':
      return report(deps, changeModel(effect, deps));
    case 'changeMode':
      return report(deps, changeMode(effect.mode, deps));
    case 'rename':
      return report(deps, deps.link.request(threadNameSet, { threadId: deps.threadId(), name: effect.name }));
    case 'compact':
      return report(deps, deps.link.request(threadCompactStart, { threadId: deps.threadId() }));
    case 'shellCommand':
      return report(
        deps,
        deps.link.request(threadShellCommand, { threadId: deps.threadId(), command: effect.command }),
      );
    case 'review':
      return report(deps, deps.link.request(reviewStart, { threadId: deps.threadId(), target: effect.target }));
    case 'changeGoal':
      return report(deps, changeGoal(effect.change, deps));
    case 'openThread':
      return report(deps, deps.openThread(effect.threadId));
    case 'startThread':
      return report(deps, deps.newThread().then(deps.openThread));
    case 'redraw':
      return deps.redraw();
    case 'quit':
      return deps.quit(null);
    default:
      return runAccountEffect(effect, deps);
  }
}

/** A failure becomes a line in the transcript. */
function report({ dispatch }: EffectDeps, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    dispatch({ type: 'noted', text: messageOf(error), style: 'bad' });
    if (lacksSignIn(error)) dispatch({ type: 'signInMissing' });
  });
}

const lacksSignIn = (error: unknown): boolean => error instanceof RpcError && error.errorName === 'notLoggedIn';

async function sendPrompt(effect: Extract<Effect, { type: 'sendPrompt' }>, deps: EffectDeps): Promise<void> {
  const promptId = effect.promptId ?? deps.randomId();
  const { text } = effect;
  deps.dispatch({ type: 'promptSent', promptId, text, inMode: effect.inMode?.mode ?? null });
  try {
    await deliver(effect, promptId, deps);
  } catch (error) {
    deps.dispatch({ type: 'promptFailed', promptId, text, why: messageOf(error) });
    if (lacksSignIn(error)) deps.dispatch({ type: 'signInMissing' });
  }
}

/** Steering falls back to a turn of its own when the turn ended meanwhile; the prompt's id keeps it from being doubled. */
async function deliver(
  { text, mode, turnId, inMode }: Extract<Effect, { type: 'sendPrompt' }>,
  clientUserMessageId: string,
  { link, threadId }: EffectDeps,
): Promise<void> {
  const prompt = {
    threadId: threadId(),
    input: [{ type: 'text' as const, text, text_elements: [] }],
    clientUserMessageId,
  };
  if (mode === 'steer' && turnId !== null) {
    try {
      await link.request(turnSteer, { ...prompt, expectedTurnId: turnId });
      return;
    } catch (error) {
      if (!isTurnGone(error)) throw error;
    }
  }
  const collaboration = inMode ? { collaborationMode: inMode } : {};
  await link.request(turnStart, { ...prompt, ...collaboration, whenBusy: mode === 'queue' ? 'queue' : 'steer' });
}

const isTurnGone = (error: unknown): boolean =>
  error instanceof RpcError && (error.errorName === 'noActiveTurn' || error.errorName === 'turnMismatch');

async function answerApproval(effect: Extract<Effect, { type: 'answerApproval' }>, deps: EffectDeps): Promise<void> {
  const { type: _, ...answer } = effect;
  try {
    await deps.link.request(approvalRespond, { threadId: deps.threadId(), ...answer });
  } catch (error) {
    const isSettled = error instanceof RpcError && ['approvalResolved', 'approvalNotFound'].includes(error.errorName);
    deps.dispatch({ type: 'approvalFailed', approvalId: answer.approvalId, isSettled, why: messageOf(error) });
  }
}

/** A turn that ended meanwhile needs no interrupting. */
async function interrupt(turnId: string, { link, threadId }: EffectDeps): Promise<void> {
  try {
    await link.request(turnInterrupt, { threadId: threadId(), turnId });
  } catch (error) {
    if (!isTurnGone(error)) throw error;
  }
}

/** A server of the reference keeps no drafts. */
async function takeDraft({ link, threadId, dispatch }: EffectDeps): Promise<void> {
  if (link.clientId === null) return;
  const { draft } = await link.request(draftTake, { threadId: threadId() });
  if (draft) dispatch({ type: 'draftFound', text: draft.text });
}

/** A new objective is worked on at once. */
async function changeGoal(change: GoalWish | null, { link, threadId, dispatch }: EffectDeps): Promise<void> {
  const of = { threadId: threadId() };
  if (change === null) {
    const { cleared } = await link.request(threadGoalClear, of);
    dispatch({ type: 'noted', text: cleared ? 'the goal is gone' : 'there is no goal', style: 'dim' });
    return;
  }
  const wish = 'objective' in change ? { ...change, status: 'active' as const } : change;
  const { goal } = await link.request(threadGoalSet, { ...of, ...wish });
  dispatch({ type: 'noted', text: goalText(goal), style: 'dim' });
}

async function loadModels({ link, dispatch }: EffectDeps): Promise<void> {
  const { data } = await link.request(modelList, { includeHidden: true });
  dispatch({ type: 'modelsLoaded', models: data });
}

async function loadThreads({ link, dispatch }: EffectDeps): Promise<void> {
  const { data, presence } = await link.request(threadList, {
    limit: THREADS_LISTED,
    sourceKinds: [...ALL_SOURCE_KINDS],
  });
  dispatch({ type: 'threadsLoaded', threads: data, presence: presence ?? {} });
}

async function loadPresence({ link, threadId, dispatch }: EffectDeps): Promise<void> {
  const { data } = await link.request(presenceList, { threadId: threadId() });
  dispatch({ type: 'presenceLoaded', presence: data });
}

async function loadStatus({ link, threadId, dispatch }: EffectDeps): Promise<void> {
  if (link.clientId === null) return; // a server of the reference has no such answer
  const [status, environment] = await Promise.all([
    link.request(daemonStatus, {}),
    link.request(environmentRead, { threadId: threadId() }),
  ]);
  dispatch({ type: 'statusLoaded', status, environment });
}

async function changeMode(collaborationMode: CollaborationMode, deps: EffectDeps): Promise<void> {
  await deps.link.request(threadSettingsUpdate, { threadId: deps.threadId(), collaborationMode });
  deps.dispatch({ type: 'noted', text: MODE_NOTES[collaborationMode.mode], style: 'dim' });
}

const MODE_NOTES = {
  plan: 'Plan mode is on: nothing is carried out until it is left; /plan leaves it',
  default: 'Plan mode is off',
} as const;

async function loadMcpServers({ link, threadId, dispatch }: EffectDeps): Promise<void> {
  const { data } = await link.request(mcpServerStatusList, { threadId: threadId() });
  dispatch({ type: 'mcpServersLoaded', servers: data });
}

async function changeModel(effect: Extract<Effect, { type: 'changeModel' }>, deps: EffectDeps): Promise<void> {
  const { model, effort } = effect;
  await deps.link.request(threadSettingsUpdate, { threadId: deps.threadId(), model, effort });
  deps.dispatch({ type: 'noted', text: `model: ${[model, effort ?? ''].join(' ').trim()}`, style: 'dim' });
}
