import type { ResultOf } from '../../machines/protocol/define.ts';
import type { threadResume } from '../../machines/protocol/methods/thread.ts';
import { askedBy, questionKinds } from '../../machines/protocol/question-kinds.ts';
import type { ApprovalDecision, OpenApproval } from '../../machines/protocol/types/approval.ts';
import { type ThreadItem, threadItem } from '../../machines/protocol/types/item.ts';
import type { ThreadSnapshot, Turn } from '../../machines/protocol/types/thread.ts';

/** The kinds of items that this client knows how to show. */
const KNOWN_ITEMS: ReadonlySet<string> = new Set(threadItem.options.map(({ entries }) => entries.type.literal));

/** Whether an item of another server can be shown here. */
export const isKnownItem = (item: { readonly type?: unknown } | undefined): item is ThreadItem =>
  typeof item?.type === 'string' && KNOWN_ITEMS.has(item.type);

/** What the answer to thread/start or thread/resume says of a thread. The server has no line of prompts and no presence. */
export function snapshotOf(opened: ResultOf<typeof threadResume>): ThreadSnapshot {
  const { thread, model, modelProvider, cwd, approvalPolicy, sandbox, reasoningEffort, collaborationMode } = opened;
  const turns = (thread.turns ?? []).map((turn): Turn => ({ ...turn, items: turn.items.filter(isKnownItem) }));
  return {
    thread: { ...thread, turns },
    settings: {
      model,
      modelProvider,
      effort: reasoningEffort ?? null,
      approvalPolicy,
      sandboxPolicy: sandbox,
      cwd,
      mode: collaborationMode?.mode ?? 'default',
      modeInstructions: collaborationMode?.settings.developer_instructions ?? null,
    },
    approvals: [],
    decisions: [],
    queue: [],
    queueHeld: false,
    presence: [],
    tokenUsage: null,
    plan: null,
    notice: null,
  };
}

/** A server's request as a question of ours; null when it asks something else. */
export function questionOf(id: string | number, method: string, params: unknown): OpenApproval | null {
  const asked = askedBy(method, params);
  if (asked === null || typeof params !== 'object' || params === null) return null;
  const { kind, own } = asked;
  const given = params as Readonly<Record<string, unknown>>;
  const text = (name: string): string | null => (typeof given[name] === 'string' ? given[name] : null);
  const { startedAtMs, availableDecisions } = given;
  return {
    approvalId: `approval-${id}`,
    kind,
    threadId: text('threadId') ?? '',
    turnId: text('turnId') ?? '',
    itemId: text('itemId') ?? '',
    command: text('command'),
    cwd: text('cwd'),
    reason: text('reason'),
    availableDecisions: decisionsOf(availableDecisions, questionKinds[kind].decisions),
    startedAtMs: typeof startedAtMs === 'number' ? startedAtMs : Date.now(),
    ...own,
  };
}

/** Those that this client knows; refusing is always possible (protocol.md §7). */
function decisionsOf(offered: unknown, usual: readonly ApprovalDecision[]): ApprovalDecision[] {
  if (!Array.isArray(offered)) return [...usual];
  return usual.filter((decision) => offered.includes(decision) || decision === 'decline');
}
