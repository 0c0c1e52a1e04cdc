import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ApprovalOutcome, OpenApproval } from '../../machines/protocol/types/approval.ts';
import type { FileUpdateChange, ThreadItem } from '../../machines/protocol/types/item.ts';
import { type Turn, toToldSettings } from '../../machines/protocol/types/thread.ts';
import fc from './fast-check.ts';
import { emptySnapshot, otherClient, presenceOf, THREAD_ID, thisClient } from './thread-fixtures.ts';

/** Arbitrary events of one thread: few ids, so that they meet; also events that fit to nothing that went before. */

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const nat = fc.nat(1_000);
const turnId = fc.constantFrom('turn-1', 'turn-2', 'turn-3');
const itemId = fc.constantFrom('item-1', 'item-2', 'item-3', 'item-4');
const client = fc.constantFrom(thisClient, otherClient);
const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const times = { startedAtMs: nat, completedAtMs: nat };
const ofTurn = { threadId: fc.constant(THREAD_ID), turnId };
const ofItem = { ...ofTurn, itemId };

const change: fc.Arbitrary<FileUpdateChange> = fc.record({
  path: fc.constantFrom('/repo/a.txt', '/repo/b c.txt'),
  kind: fc.oneof(
    fc.constant({ type: 'add' as const }),
    fc.constant({ type: 'delete' as const }),
    fc.record({ type: fc.constant('update' as const), move_path: nullable(fc.constant('/repo/moved.txt')) }),
  ),
  diff: text,
});
const status = fc.constantFrom('inProgress' as const, 'completed' as const, 'failed' as const, 'declined' as const);

export const threadItem: fc.Arbitrary<ThreadItem> = fc.oneof(
  fc.record({
    type: fc.constant('userMessage' as const),
    id: itemId,
    content: fc.array(fc.record({ type: fc.constant('text' as const), text }), { maxLength: 2 }),
    clientId: nullable(text),
    sentBy: nullable(client),
    ...times,
  }),
  fc.record({ type: fc.constant('agentMessage' as const), id: itemId, text, ...times }),
  fc.record({
    type: fc.constant('dynamicToolCall' as const),
    id: itemId,
    namespace: nullable(fc.constant('my_tools')),
    tool: fc.constant('look'),
    arguments: fc.constant({ a: 1 }),
    status: fc.constantFrom('completed' as const, 'failed' as const),
    contentItems: nullable(fc.array(fc.record({ type: fc.constant('inputText' as const), text }), { maxLength: 2 })),
    success: nullable(fc.boolean()),
    durationMs: nullable(nat),
    ...times,
  }),
  fc.record({ type: fc.constant('plan' as const), id: itemId, text, ...times }),
  fc.record({
    type: fc.constant('reasoning' as const),
    id: itemId,
    summary: fc.array(text, { maxLength: 2 }),
    content: fc.array(text, { maxLength: 2 }),
    ...times,
  }),
  fc.record({
    type: fc.constant('commandExecution' as const),
    id: itemId,
    command: text,
    cwd: text,
    status,
    commandActions: fc.array(fc.record({ type: fc.constant('unknown' as const), command: text }), { maxLength: 1 }),
    aggregatedOutput: nullable(text),
    exitCode: nullable(nat),
    source: fc.constantFrom('agent' as const, 'unifiedExecStartup' as const),
    ...times,
  }),
  fc.record({
    type: fc.constant('mcpToolCall' as const),
    id: itemId,
    server: text,
    tool: text,
    arguments: fc.constantFrom({}, { a: 1 }),
    status: fc.constantFrom('inProgress' as const, 'completed' as const, 'failed' as const),
    error: nullable(fc.record({ message: text })),
    ...times,
  }),
  fc.record({
    type: fc.constant('fileChange' as const),
    id: itemId,
    changes: fc.array(change, { maxLength: 2 }),
    status,
    ...times,
  }),
);

const turn: fc.Arbitrary<Turn> = fc.record({
  id: turnId,
  items: fc.constant([]),
  itemsView: fc.constantFrom('notLoaded' as const, 'summary' as const),
  status: fc.constantFrom('inProgress' as const, 'completed' as const, 'interrupted' as const, 'failed' as const),
  error: nullable(fc.record({ message: text })),
  startedAt: nullable(nat),
  completedAt: nullable(nat),
  durationMs: nullable(nat),
});

const approvalId = fc.constantFrom('approval-1', 'approval-2');
const decision = fc.constantFrom('accept' as const, 'acceptForSession' as const, 'decline' as const, 'cancel' as const);
const openApproval: fc.Arbitrary<OpenApproval> = fc.record({
  ...ofItem,
  approvalId,
  kind: fc.constantFrom(
    'command' as const,
    'fileChange' as const,
    'mcpToolCall' as const,
    'mcpElicitation' as const,
    'userInput' as const,
  ),
  command: nullable(text),
  cwd: nullable(text),
  reason: nullable(text),
  availableDecisions: fc.array(decision, { maxLength: 2 }),
  startedAtMs: nat,
});
const outcome: fc.Arbitrary<ApprovalOutcome> = fc.record({
  ...ofItem,
  approvalId,
  decision,
  by: nullable(client),
  waitedMs: nat,
});
const usage = fc.record({
  totalTokens: nat,
  inputTokens: nat,
  cachedInputTokens: nat,
  outputTokens: nat,
  reasoningOutputTokens: nat,
});
const threadStatus = fc.oneof(
  fc.constant({ type: 'idle' as const }),
  fc.constant({ type: 'systemError' as const }),
  fc.record({
    type: fc.constant('active' as const),
    activeFlags: fc.subarray(['waitingOnApproval' as const, 'waitingOnUserInput' as const]),
  }),
);
const queued = fc.record({
  promptId: text,
  input: fc.array(fc.record({ type: fc.constant('text' as const), text }), { maxLength: 1 }),
  sentBy: nullable(client),
  queuedAtMs: nat,
  waitsFor: nullable(text),
});
const step = fc.record({ step: text, status: fc.constantFrom('pending' as const, 'completed' as const) });
const { thread, settings } = emptySnapshot();
const threadId = fc.constant(THREAD_ID);

const goal = fc.record({
  threadId,
  objective: text,
  status: fc.constantFrom('active' as const, 'paused' as const, 'complete' as const),
  tokenBudget: nullable(nat),
  tokensUsed: nat,
  timeUsedSeconds: nat,
  createdAt: nat,
  updatedAt: nat,
});

/** The parameters of each event; the type makes sure that none is forgotten. */
const params: {
  readonly [M in ThreadNotification['method']]: fc.Arbitrary<Extract<ThreadNotification, { method: M }>['params']>;
} = {
  'thread/started': fc.record({ thread: text.map((preview) => ({ ...thread, preview })) }),
  'thread/closed': fc.record({ threadId }),
  'thread/compacted': fc.record(ofTurn),
  'thread/goal/updated': fc.record({ threadId, turnId: nullable(text), goal }),
  'thread/goal/cleared': fc.record({ threadId }),
  'thread/status/changed': fc.record({ threadId, status: threadStatus }),
  'thread/name/updated': fc.record({ threadId, threadName: nullable(text) }),
  'thread/settings/updated': fc.record({
    threadId,
    threadSettings: text.map((model) => toToldSettings({ ...settings, model })),
  }),
  'thread/tokenUsage/updated': fc.record({
    ...ofTurn,
    tokenUsage: fc.record({ total: usage, last: usage, modelContextWindow: nullable(nat) }),
  }),
  'thread/readState/changed': fc.record({
    threadId,
    readState: fc.record({ firstUnread: fc.constant({ type: 'threadStart' as const }), revision: text }),
  }),
  'thread/gitInfo/updated': fc.record({ threadId, gitInfo: nullable(fc.record({ branch: nullable(text) })) }),
  'thread/queue/changed': fc.record({ threadId, queue: fc.array(queued, { maxLength: 2 }) }),
  'thread/snapshot': fc.record({
    threadId,
    snapshot: text.map((preview) => emptySnapshot({ thread: { ...thread, preview } })),
  }),
  'presence/changed': fc.record({
    threadId,
    presence: fc.array(
      client.map((tag) => presenceOf(tag)),
      { maxLength: 2 },
    ),
  }),
  'turn/started': fc.record({ threadId, turn }),
  'turn/completed': fc.record({ threadId, turn }),
  error: fc.record({ ...ofTurn, error: fc.record({ message: text }), willRetry: fc.boolean() }),
  'turn/diff/updated': fc.record({ ...ofTurn, diff: text }),
  'turn/plan/updated': fc.record({ ...ofTurn, explanation: nullable(text), plan: fc.array(step, { maxLength: 2 }) }),
  warning: fc.record({ threadId: nullable(threadId), message: text }),
  'item/started': fc.record({ ...ofTurn, item: threadItem, startedAtMs: nat }),
  'item/completed': fc.record({ ...ofTurn, item: threadItem, completedAtMs: nat }),
  'item/agentMessage/delta': fc.record({ ...ofItem, delta: text }),
  'item/plan/delta': fc.record({ ...ofItem, delta: text }),
  'item/reasoning/summaryPartAdded': fc.record({ ...ofItem, summaryIndex: fc.nat(2) }),
  'item/reasoning/summaryTextDelta': fc.record({ ...ofItem, summaryIndex: fc.nat(2), delta: text }),
  'item/reasoning/textDelta': fc.record({ ...ofItem, contentIndex: fc.nat(2), delta: text }),
  'item/commandExecution/outputDelta': fc.record({ ...ofItem, delta: text }),
  'item/commandExecution/terminalInteraction': fc.record({ ...ofItem, processId: text, stdin: text }),
  'item/mcpToolCall/progress': fc.record({ ...ofItem, message: text }),
  'mcpServer/startupStatus/updated': fc.record({
    threadId,
    name: text,
    status: fc.constantFrom('starting' as const, 'ready' as const, 'failed' as const),
    error: nullable(text),
  }),
  'approval/requested': openApproval,
  'approval/resolved': outcome,
  'serverRequest/resolved': fc.record({ threadId, requestId: fc.oneof(text, nat) }),
};

const one = (method: ThreadNotification['method']) =>
  // The cast: each method comes with its own parameters, which the union cannot say.
  params[method].map((values) => ({ method, params: values }) as ThreadNotification);

/** Any event of a thread. */
export const threadEvent: fc.Arbitrary<ThreadNotification> = fc.oneof(
  ...(Object.keys(params) as ThreadNotification['method'][]).map(one),
  // What fills turns comes more often than the rest.
  { arbitrary: one('turn/started'), weight: 3 },
  { arbitrary: one('item/started'), weight: 6 },
  { arbitrary: one('item/agentMessage/delta'), weight: 3 },
);
