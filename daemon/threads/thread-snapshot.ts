import { VERSION } from '../../machines/core/version.ts';
import type { Usage } from '../../machines/model/usage.ts';
import { activeFlagsOf } from '../../machines/protocol/question-kinds.ts';
import type {
  ThreadSettings,
  ThreadSnapshot,
  Turn,
  Thread as WireThread,
} from '../../machines/protocol/types/thread.ts';
import type { ThreadTokenUsage } from '../../machines/protocol/types/usage.ts';
import { openQuestions } from '../../machines/thread/reopen.ts';
import type { SessionMeta } from '../../machines/thread/rollout-line.ts';
import type { ThreadRecord } from '../../machines/thread/thread-record.ts';

/** What is known of a thread beside its log. */
export interface ThreadFacts {
  readonly path: string | null;
  readonly name: string | null;
  readonly isEphemeral?: boolean;
  readonly updatedAt: number;
  readonly status: WireThread['status'];
  readonly model: string | null;
}

/** What started a thread, in the words of the wire; in the log MCP stands for any program of another kind. */
function sourceOf({ source }: Pick<SessionMeta, 'source'>): string {
  if (source === 'mcp') return 'appServer';
  // A log of the reference may hold an object here, for a thread that another thread started.
  return typeof source === 'string' ? source : 'unknown';
}

/** A logged thread as it is shown (protocol.md §10.2). */
export function toWireThread(
  meta: Omit<SessionMeta, 'base_instructions'>,
  preview: string,
  facts: ThreadFacts,
  turns: readonly Turn[],
): WireThread {
  const git = meta.git ?? {};
  return {
    id: meta.id,
    sessionId: meta.session_id ?? meta.id,
    preview,
    name: facts.name,
    createdAt: Math.floor(Date.parse(meta.timestamp) / 1000),
    updatedAt: facts.updatedAt,
    recencyAt: facts.updatedAt,
    status: facts.status,
    cwd: meta.cwd,
    cliVersion: meta.cli_version ?? VERSION,
    source: sourceOf(meta),
    modelProvider: meta.model_provider,
    model: facts.model,
    path: facts.path,
    gitInfo: git.commit_hash
      ? { sha: git.commit_hash, branch: git.branch ?? null, originUrl: git.repository_url ?? null }
      : null,
    historyMode: 'legacy',
    ephemeral: facts.isEphemeral ?? false,
    projectId: null,
    canAcceptDirectInput: facts.status.type !== 'notLoaded',
    forkedFromId: meta.forked_from_id ?? null,
    threadSource: meta.thread_source ?? null,
    turns: [...turns],
  };
}

/** How a thread is when it was just loaded: idle, or in a turn that still waits for a person. */
export function statusOf(record: ThreadRecord): WireThread['status'] {
  const open = openQuestions(record).map(({ approval }) => approval);
  return open.length > 0 ? { type: 'active', activeFlags: activeFlagsOf(open) } : { type: 'idle' };
}

/** The state that a thread's clients start from, as its log says it. */
export function toSnapshot(record: ThreadRecord, thread: WireThread, settings: ThreadSettings): ThreadSnapshot {
  return {
    thread,
    settings,
    approvals: openQuestions(record).map(({ approval }) => approval),
    decisions: record.decisions,
    queue: record.queue.map(({ prompt }) => ({
      ...prompt,
      waitsFor: 'a client: its environment was lost when the daemon ended. Send it again.',
    })),
    queueHeld: false,
    presence: [],
    tokenUsage: record.usage ? toTokenUsage(record.usage) : null,
    goal: record.goal,
    plan: record.plan,
    notice: null,
  };
}

export function toTokenUsage(usage: { total: Usage; last: Usage; window: number | null }): ThreadTokenUsage {
  return { total: { ...usage.total }, last: { ...usage.last }, modelContextWindow: usage.window };
}
