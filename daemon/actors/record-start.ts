import { type ContextFacts, contextChanges, initialContext } from '../../machines/context/context-items.ts';
import { usableContextWindow } from '../../machines/model/models.ts';
import type { ResponseItem } from '../../machines/model/response-item.ts';
import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import { type Turn, toCollaborationMode } from '../../machines/protocol/types/thread.ts';
import type { CoreItem } from '../../machines/thread/rollout-item.ts';
import type { LinePayload } from '../../machines/thread/rollout-line.ts';
import type { Thread } from '../threads/thread.ts';
import type { SubmittedPrompt, TurnRun } from '../threads/turn-run.ts';
import { completedItem, modelLines } from './record-item.ts';
import type { TurnOpening } from './turn-opening.ts';

/** What is known when a turn begins; `run` and `facts` are null when the set-up failed. */
export interface TurnStart {
  readonly prompt: SubmittedPrompt;
  readonly run: TurnRun | null;
  readonly facts: ContextFacts | null;
  readonly opening: TurnOpening;
}

/** Logs the beginning of a turn with what it is asked, then tells it. */
export function recordStart(thread: Thread, start: TurnStart): void {
  const nowMs = thread.deps.clock.now();
  const { turnId, promptId } = start.prompt;
  const threadId = thread.id;
  const context = contextOf(thread, start);
  const items = start.opening.items.map((item) => ({ ...item, startedAtMs: nowMs }));
  const ends = items.map((item) => completedItem(threadId, turnId, item, nowMs, reviewCore(item, start.prompt)));
  const turn: Turn = {
    id: turnId,
    items: [],
    itemsView: 'notLoaded',
    status: 'inProgress',
    error: null,
    startedAt: Math.floor(nowMs / 1000),
  };
  const lines: LinePayload[] = [
    ...(start.prompt.task ? [] : [{ type: 'codex_daemon', payload: { kind: 'promptTaken', promptId } } as const]),
    startedLine(start, turn),
    ...context.flatMap((item) => modelLines(start.run, item)),
    ...(start.facts && context.length > 0 && !start.run?.review
      ? [{ type: 'codex_daemon' as const, payload: { kind: 'context' as const, facts: start.facts } }]
      : []),
    ...(start.run ? [turnContextLine(start.run, start.facts)] : []),
    ...start.opening.messages.flatMap((item) => modelLines(start.run, item)),
    ...ends.flatMap((end) => end.lines),
  ];
  const isRecorded = thread.journal.record(
    lines,
    ...queueWithout(thread, promptId),
    { method: 'thread/status/changed', params: { threadId, status: { type: 'active', activeFlags: [] } } },
    { method: 'turn/started', params: { threadId, turn } },
    ...items.flatMap((item, index): ThreadNotification[] => {
      const end = ends[index];
      const begin = { method: 'item/started' as const, params: { threadId, turnId, item, startedAtMs: nowMs } };
      return end ? [begin, end.event] : [begin];
    }),
  );
  if (!isRecorded) return;
  (start.run?.history ?? thread.history).push(...context, ...start.opening.messages);
  if (start.facts && context.length > 0 && !start.run?.review) thread.context = start.facts;
}

/** What the model is told about its surroundings: all of it at first and to a reviewer, later what changed. */
function contextOf(thread: Thread, { prompt, run, facts }: TurnStart): readonly ResponseItem[] {
  if (!facts || prompt.task?.kind === 'compact' || prompt.task?.kind === 'userCommand') return [];
  return thread.context && !run?.review ? contextChanges(thread.context, facts) : initialContext(facts);
}

/** The reference keeps more of a review's beginning than the item shows. */
function reviewCore(item: ThreadItem, { task }: SubmittedPrompt): CoreItem | undefined {
  if (item.type !== 'enteredReviewMode' || task?.kind !== 'review') return undefined;
  return { type: 'EnteredReviewMode', id: item.id, target: task.target, user_facing_hint: item.review };
}

function startedLine({ run }: TurnStart, turn: Turn): LinePayload {
  return {
    type: 'event_msg',
    payload: {
      type: 'task_started',
      turn_id: turn.id,
      started_at: turn.startedAt,
      model_context_window: run ? usableContextWindow(run.model.contextWindow) : null,
      collaboration_mode_kind: run?.settings.mode ?? 'default',
    },
  };
}

/** A prompt that begins leaves the line. */
function queueWithout(thread: Thread, promptId: string): ThreadNotification[] {
  const known = thread.feed.snapshot.queue;
  const queue = known.filter((queued) => queued.promptId !== promptId);
  if (queue.length === known.length) return [];
  return [{ method: 'thread/queue/changed', params: { threadId: thread.id, queue } }];
}

function turnContextLine({ turnId, settings, model }: TurnRun, facts: ContextFacts | null): LinePayload {
  const policy = settings.sandboxPolicy;
  return {
    type: 'turn_context',
    payload: {
      turn_id: turnId,
      cwd: settings.cwd,
      current_date: facts?.environment?.currentDate ?? '',
      timezone: facts?.environment?.timezone ?? '',
      approval_policy: settings.approvalPolicy,
      sandbox_policy:
        policy.type === 'workspaceWrite'
          ? {
              type: 'workspace-write',
              writable_roots: policy.writableRoots,
              network_access: policy.networkAccess,
              exclude_tmpdir_env_var: policy.excludeTmpdirEnvVar,
              exclude_slash_tmp: policy.excludeSlashTmp,
            }
          : { type: policy.type === 'readOnly' ? 'read-only' : 'danger-full-access' },
      model: model.slug,
      effort: settings.effort,
      collaboration_mode: toCollaborationMode(settings),
      summary: 'auto',
      truncation_policy: { mode: 'tokens', limit: 10_000 },
    },
  };
}
