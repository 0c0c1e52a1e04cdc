import * as v from 'valibot';
import { approvalOutcome, openApproval } from './approval.ts';
import { threadGoal } from './goal.ts';
import { clientTag, planStep, threadItem, userInput } from './item.ts';
import { approvalPolicy, sandboxPolicy } from './policy.ts';
import { threadTokenUsage } from './usage.ts';

export const turnError = v.object({
  message: v.string(),
  codexErrorInfo: v.nullish(v.unknown()),
  additionalDetails: v.nullish(v.string()),
});
export type TurnError = v.InferOutput<typeof turnError>;

export const turnStatus = v.picklist(['completed', 'interrupted', 'failed', 'inProgress']);
export type TurnStatus = v.InferOutput<typeof turnStatus>;

/** One prompt until the model rests. Times of a turn are whole seconds, `durationMs` milliseconds. */
export const turn = v.object({
  id: v.string(),
  items: v.array(threadItem),
  itemsView: v.optional(v.picklist(['notLoaded', 'summary', 'full']), 'full'),
  status: turnStatus,
  error: v.nullish(turnError),
  startedAt: v.nullish(v.number()),
  completedAt: v.nullish(v.number()),
  durationMs: v.nullish(v.number()),
  /** Ours: the client that stopped it, for an interrupted turn. */
  interruptedBy: v.nullish(clientTag),
});
export type Turn = v.InferOutput<typeof turn>;

/** What an active thread waits for. */
export const activeFlag = v.picklist(['waitingOnApproval', 'waitingOnUserInput']);
export type ActiveFlag = v.InferOutput<typeof activeFlag>;

export const threadStatus = v.variant('type', [
  v.object({ type: v.literal('notLoaded') }),
  v.object({ type: v.literal('idle') }),
  v.object({ type: v.literal('systemError') }),
  v.object({
    type: v.literal('active'),
    activeFlags: v.array(activeFlag),
  }),
]);
export type ThreadStatus = v.InferOutput<typeof threadStatus>;

export const gitInfo = v.object({
  sha: v.nullish(v.string()),
  branch: v.nullish(v.string()),
  originUrl: v.nullish(v.string()),
});
export type GitInfo = v.InferOutput<typeof gitInfo>;

/** A conversation. Times are whole Unix seconds; `turns` is empty unless the call says it fills them. */
export const thread = v.object({
  id: v.string(),
  sessionId: v.string(),
  /** The first prompt's text, cut. */
  preview: v.string(),
  name: v.nullable(v.string()),
  createdAt: v.number(),
  updatedAt: v.number(),
  recencyAt: v.nullish(v.number()),
  status: threadStatus,
  cwd: v.string(),
  cliVersion: v.string(),
  source: v.string(),
  modelProvider: v.string(),
  model: v.nullish(v.string()),
  path: v.nullable(v.string()),
  gitInfo: v.nullish(gitInfo),
  historyMode: v.optional(v.picklist(['legacy', 'paginated']), 'legacy'),
  ephemeral: v.boolean(),
  projectId: v.nullable(v.string()),
  canAcceptDirectInput: v.nullish(v.boolean()),
  forkedFromId: v.nullish(v.string()),
  /** What a client said it is for, such as `thread_title`. */
  threadSource: v.nullish(v.string()),
  turns: v.array(turn),
});
export type Thread = v.InferOutput<typeof thread>;

/** A prompt that waits for the running turn to end. */
export const queuedPrompt = v.object({
  /** The client-made id: sent again, it is not doubled. */
  promptId: v.string(),
  input: v.array(userInput),
  sentBy: v.nullable(clientTag),
  /** Who changed its words last, or nobody. */
  editedBy: v.nullish(clientTag),
  /** What a client of the reference keeps with it. */
  responsesapiClientMetadata: v.nullish(v.record(v.string(), v.string())),
  queuedAtMs: v.number(),
  /** Says why a prompt does not start by itself (its environment was lost in a restart), or null. */
  waitsFor: v.nullable(v.string()),
});
export type QueuedPrompt = v.InferOutput<typeof queuedPrompt>;

/** An attached client. Times are milliseconds. */
export const presence = v.object({
  ...clientTag.entries,
  role: v.picklist(['operator', 'observer']),
  attachedAtMs: v.number(),
  lastActiveAtMs: v.number(),
  /** What it asked for its own turns beyond the thread's settings; null: as the thread has it. */
  ownPolicy: v.nullish(
    v.object({ approvalPolicy: v.nullable(approvalPolicy), sandboxPolicy: v.nullable(sandboxPolicy) }),
  ),
});
export type Presence = v.InferOutput<typeof presence>;

/** Whether a turn carries things out, or only plans them with the person. */
export const modeKind = v.picklist(['plan', 'default']);
export type ModeKind = v.InferOutput<typeof modeKind>;

/** The mode as the reference's clients set and read it; its model and effort count for the thread too. */
export const collaborationMode = v.object({
  mode: modeKind,
  settings: v.object({
    model: v.string(),
    reasoning_effort: v.nullish(v.string()),
    /** What the model is told about the mode in place of our own words; null: those. */
    developer_instructions: v.nullish(v.string()),
  }),
});
export type CollaborationMode = v.InferOutput<typeof collaborationMode>;

/** What the next turn of a thread runs with. */
export const threadSettings = v.object({
  model: v.string(),
  modelProvider: v.string(),
  effort: v.nullable(v.string()),
  approvalPolicy,
  sandboxPolicy,
  cwd: v.string(),
  mode: v.optional(modeKind, 'default'),
  /** What the model is told about the mode in place of our own words; null: those. */
  modeInstructions: v.optional(v.nullable(v.string()), null),
});
export type ThreadSettings = v.InferOutput<typeof threadSettings>;

/** The same as it is told: with what the reference's clients expect and is equal for all threads (protocol.md §10). */
export const toldSettings = v.object({
  ...v.omit(threadSettings, ['mode', 'modeInstructions']).entries,
  approvalsReviewer: v.literal('user'),
  collaborationMode,
});
export type ToldSettings = v.InferOutput<typeof toldSettings>;

type ModeSettings = Pick<ThreadSettings, 'mode' | 'model' | 'effort' | 'modeInstructions'>;

export function toCollaborationMode({ mode, model, effort, modeInstructions }: ModeSettings): CollaborationMode {
  return { mode, settings: { model, reasoning_effort: effort, developer_instructions: modeInstructions } };
}

/** A mode for the next turn: what somebody wrote about another one does not hold for it. */
export function toMode(settings: ModeSettings, mode: ModeKind): CollaborationMode {
  const modeInstructions = mode === settings.mode ? settings.modeInstructions : null;
  return toCollaborationMode({ ...settings, mode, modeInstructions });
}

/** The settings that a mode brings: all of them, also an effort that is left to the model. */
export function fromCollaborationMode({ mode, settings }: CollaborationMode): ModeSettings {
  const { model, reasoning_effort: effort = null, developer_instructions: modeInstructions = null } = settings;
  return { mode, model, effort, modeInstructions };
}

export function toToldSettings({ mode, modeInstructions, ...settings }: ThreadSettings): ToldSettings {
  const collaborationMode = toCollaborationMode({ ...settings, mode, modeInstructions });
  return { ...settings, approvalsReviewer: 'user', collaborationMode };
}

export function fromToldSettings({
  approvalsReviewer: _,
  collaborationMode: { mode, settings: told },
  ...settings
}: ToldSettings): ThreadSettings {
  return { ...settings, mode, modeInstructions: told.developer_instructions ?? null };
}

/** Everything a client needs to show a thread; the state that `foldThread` keeps. */
export const threadSnapshot = v.object({
  thread,
  settings: threadSettings,
  approvals: v.array(openApproval),
  /** Questions that were answered in this thread, oldest first: who decided what, from where. */
  decisions: v.array(approvalOutcome),
  queue: v.array(queuedPrompt),
  /** The turn before was stopped by a person: the line waits for `thread/queue/start`, or for a turn that ends well. */
  queueHeld: v.optional(v.boolean(), false),
  presence: v.array(presence),
  tokenUsage: v.nullable(threadTokenUsage),
  /** What the thread works towards; left out or null: no goal. */
  goal: v.nullish(threadGoal),
  plan: v.nullable(v.object({ explanation: v.nullable(v.string()), steps: v.array(planStep) })),
  /** The notice of a reconnect or failure that is being shown, or null. */
  notice: v.nullable(v.object({ message: v.string(), willRetry: v.boolean() })),
});
export type ThreadSnapshot = v.InferOutput<typeof threadSnapshot>;
