import type { ThreadNotification } from '../../machines/protocol/index.ts';
import type { ThreadItem } from '../../machines/protocol/types/item.ts';
import type { Thread, ThreadSnapshot, Turn } from '../../machines/protocol/types/thread.ts';

export const THREAD_ID = '01a2037f-348c-76d3-aacb-c8c5cb6da7a7';
export const TURN_ID = '01a2037f-348c-76d3-aacb-000000000001';

export function makeThread(changes: Partial<Thread> = {}): Thread {
  return {
    id: THREAD_ID,
    sessionId: changes.id ?? THREAD_ID,
    preview: 'fix the bug',
    name: null,
    createdAt: 1_700_000_000,
    updatedAt: 1_700_000_000,
    status: { type: 'idle' },
    cwd: '/repo',
    cliVersion: '0.1.0',
    source: 'cli',
    modelProvider: 'fake',
    path: null,
    historyMode: 'legacy',
    ephemeral: false,
    projectId: null,
    turns: [],
    ...changes,
  };
}

export function makeSnapshot(changes: Partial<Thread> = {}): ThreadSnapshot {
  return {
    thread: makeThread(changes),
    settings: {
      model: 'gpt-fake',
      modelProvider: 'fake',
      effort: null,
      approvalPolicy: 'never',
      sandboxPolicy: { type: 'readOnly', networkAccess: false },
      cwd: '/repo',
      mode: 'default',
      modeInstructions: null,
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

export function makeTurn(changes: Partial<Turn> = {}): Turn {
  return { id: TURN_ID, items: [], itemsView: 'full', status: 'inProgress', ...changes };
}

const ofTurn = { threadId: THREAD_ID, turnId: TURN_ID };

export const turnStarted = (): ThreadNotification => ({
  method: 'turn/started',
  params: { threadId: THREAD_ID, turn: makeTurn() },
});
export const turnCompleted = (changes: Partial<Turn> = {}): ThreadNotification => ({
  method: 'turn/completed',
  params: { threadId: THREAD_ID, turn: makeTurn({ status: 'completed', ...changes }) },
});
export const itemStarted = (item: ThreadItem): ThreadNotification => ({
  method: 'item/started',
  params: { ...ofTurn, item, startedAtMs: 1 },
});
export const itemCompleted = (item: ThreadItem): ThreadNotification => ({
  method: 'item/completed',
  params: { ...ofTurn, item, completedAtMs: 2 },
});
export const textDelta = (itemId: string, delta: string) => ({
  method: 'item/agentMessage/delta' as const,
  params: { ...ofTurn, itemId, delta },
});

export function commandItem(changes: Partial<Extract<ThreadItem, { type: 'commandExecution' }>> = {}): ThreadItem {
  return {
    type: 'commandExecution',
    id: 'call-1',
    command: "/bin/bash -lc 'echo hi'",
    cwd: '/repo',
    status: 'inProgress',
    commandActions: [],
    source: 'agent',
    ...changes,
  };
}
